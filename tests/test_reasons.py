"""Every reason a clip can be lost for has words for people."""

import pytest
import yaml

from factory import errors
from factory.confdir import conf_dir
from factory.reasons import FAILED, REJECTED, failed_because, rejected_because
from factory.trust.assess import Signals
from factory.trust.halves import Apart
from factory.trust.predicted import Prediction
from factory.trust.rule import AcceptRule

WIDEST = 62  # beside phase and count, in 80 columns


def against() -> tuple[str, ...]:
    """All that can be said against a solve."""
    worst = Signals(9, 0.0, True, border_rival=1.0, lower_rival=1.0, weakest_win=0.0, moving_crop=True)
    poor = Apart(99.0, 9.0, 9.0, 1.0, 9.0, 9.0)
    else_right = Signals(9, 1.0, False, poor, ring_win=1.0, supported=1.0, bridge=99)
    rule = AcceptRule()
    return tuple(reason for s in (worst, else_right) for reason in rule.reasons(s, Prediction()(s)))


def test_every_rule_and_every_objection_has_words():
    presets = [yaml.safe_load(file.read_text()) for file in (conf_dir() / "filter").glob("*.yaml")]
    rules = [name for preset in presets for name in preset["rules"]]
    names = {*rules, *(sentence.partition(":")[0] for sentence in against())}
    assert len(names) > 30
    assert names <= set(REJECTED)
    assert max(map(len, REJECTED.values())) <= WIDEST
    assert not [words for words in REJECTED.values() if "_" in words]


def test_the_words_of_errors_are_of_errors_there_are():
    assert all(issubclass(getattr(errors, name), errors.FactoryError) for name in FAILED)
    assert {name for name in vars(errors) if name.startswith("Model")} <= set(FAILED)
    assert failed_because("VideoError") == "cannot be decoded (VideoError)"
    assert failed_because("ValueError") == "unexpected error (ValueError)"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("still_share (C3): 74% of the border stay: the camera does not move", "the camera does not move"),
        ("too_short: the shot lasts 1.20 s, under 2 s", "the shot is too short"),
        ("my_own_rule (C1): 3 of it", "my own rule"),
    ],
)
def test_words_stand_for_the_sentence(reason, words):
    assert rejected_because(reason) == words
