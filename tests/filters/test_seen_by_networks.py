"""What networks see in stills: lens and moving kinds, from answers that are known."""

import math

import numpy as np
import pytest

from factory.filters.seen import MovableShare, SeenFocal
from factory.models.roles import Focals
from tests.filters.test_vlm import record
from tests.videos import write

NAN = math.nan


class Lens:
    def __init__(self, *focal_px: float) -> None:
        self.focal_px = focal_px

    def focals(self, frames):
        assert frames.shape == (5, 36, 64, 3)
        return Focals(np.array(self.focal_px, np.float32), np.full(5, NAN, np.float32))


class Kinds:
    """Each still shows more of the second of two kinds; None of the first."""

    def classes(self, frames, names):
        assert names == ["person", "dog"]
        found = np.zeros(frames.shape[:3], np.uint8)
        for n, picture in enumerate(found):
            picture[:, : 16 * n] = 2
        return found


@pytest.fixture
def stills(tmp_path):
    from tests.conftest import shifted

    return record(write(tmp_path / "a.mp4", shifted(0, 24)))


@pytest.mark.parametrize(
    ("told", "ratio", "spread"),
    [
        ((64, 64, 64, 64, 64), 1.0, 0.0),
        ((32, 45.25, 64, 90.51, 128), 1.0, math.log(2) / 2),  # a zoom by a factor of 4
        ((64, NAN, 64, 0, 128), 1.0, math.log(2) / 4),
    ],
)
def test_the_lens_is_that_of_the_stills(stills, told, ratio, spread):
    found = SeenFocal(Lens(*told))(stills)
    assert found["seen_focal_ratio"] == pytest.approx(ratio, rel=1e-3)
    assert found["seen_focal_spread"] == pytest.approx(spread, abs=1e-3)


def test_too_few_answers_are_none(stills):
    found = SeenFocal(Lens(64, NAN, 64, NAN, NAN))(stills)
    assert (found["seen_focal_ratio"], found["seen_focal_spread"]) == (None, None)


def test_moving_kinds_fill_a_share(stills):
    assert MovableShare(Kinds(), ["person", "dog"])(stills)["movable_share"] == pytest.approx(0.5)
