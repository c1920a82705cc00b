"""What all networks share: batches by shape, less at once where memory runs out, errors that stay with their call."""

import numpy as np
import pytest

from factory.errors import ConfigError, ModelAnswerError, ModelError, ModelMemoryError
from factory.models.network import Call, Pool, answers, check_packages
from tests.models.fakes import FULL, MISSHAPEN, RAISES, WELL, FakeFlow

PAIRS = np.array([[0, 1], [0, 2], [1, 2], [2, 0]])


def call(wish: int = WELL, side: int = 8) -> Call:
    return Call("pairs", (np.full((3, side, side, 3), wish, np.uint8), PAIRS))


class Counting(FakeFlow):
    def forward(self, units):
        self.batches = [*getattr(self, "batches", []), len(units)]
        return super().forward(units)


def test_questions_of_several_calls_are_asked_together_where_shapes_are_equal():
    network = Counting(pool=Pool(max_batch=6))
    found = answers(network, [call(), call(side=16), call()])
    assert [one.shape for one in found] == [(4, 8, 8, 2), (4, 16, 16, 2), (4, 8, 8, 2)]
    assert all(np.array_equal(one[:, 0, 0, 0], [1, 2, 1, -2]) for one in found)
    assert sorted(network.batches) == [2, 4, 6]


def test_memory_that_runs_out_halves_the_batch():
    network = Counting(at_once=3, pool=Pool(max_batch=16))
    (one, other) = answers(network, [call(), call()])
    assert np.array_equal(one, FakeFlow().pairs(*call().given))
    assert np.array_equal(one, other)
    assert network.batches == [8, 4, 2, 2, 4, 2, 2]


def test_an_error_stays_with_the_call_whose_question_it_is():
    found = answers(
        FakeFlow(), [call(), call(RAISES), call(FULL), call(MISSHAPEN), call(), Call("pairs", (None, PAIRS))]
    )
    assert np.array_equal(found[0], found[4])
    assert [type(one) for one in found[1:4]] == [ModelError, ModelMemoryError, ModelAnswerError]
    assert str(found[1]) == "model FakeFlow raised ValueError: not to my liking"
    assert "FakeFlow runs out of memory on one question (8x8x3" in str(found[2])
    assert str(found[3]) == "model FakeFlow answered flow of shape (4, 8, 8, 3), not (4, 8, 8, 2)."
    assert str(found[5]).startswith("model FakeFlow raised TypeError")


def test_packages_that_are_missing_are_named():
    class Needy(FakeFlow):
        packages = ("numpy", "no_such_package")

    with pytest.raises(ConfigError, match=r"model Needy needs .* \(no_such_package\): install them"):
        check_packages([FakeFlow(), Needy()], pooled=True)
    Needy.__module__ = "factory.models.needy"
    with pytest.raises(ConfigError, match=r"model Needy needs .* \(no_such_package\): pip install .*torchvision"):
        check_packages([FakeFlow(), Needy()], pooled=True)
