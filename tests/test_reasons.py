"""Every reason a clip can be lost for has words for people."""

from dataclasses import fields, replace

import pytest
import yaml

from factory import errors
from factory.commands.compose import conf_dir
from factory.reasons import FAILED, REJECTED, failed_because, rejected_because
from factory.sfm.confidence import AcceptRule, Confidence, objections

WIDEST = 62  # beside phase and count, in 80 columns


def worst() -> Confidence:
    """A solve against which everything speaks."""
    numbers = {field.name: 0 for field in fields(Confidence)}
    return Confidence(**{**numbers, "reasons": (), "half_ate_percent": 99.0, "half_rotation_deg": 99.0})


def test_every_rule_and_every_objection_has_words():
    rules = [name for file in (conf_dir() / "filter").glob("*.yaml") for name in yaml.safe_load(file.read_text())]
    against = objections(worst(), AcceptRule()) + objections(replace(worst(), half_rotation_deg=None), AcceptRule())
    names = {*rules, *(sentence.partition(":")[0] for sentence in against)}
    assert len(names) > 30
    assert names <= set(REJECTED)
    assert max(map(len, REJECTED.values())) <= WIDEST
    assert not [words for words in REJECTED.values() if "_" in words]


def test_the_words_of_errors_are_of_errors_there_are():
    assert all(issubclass(getattr(errors, name), errors.FactoryError) for name in FAILED)
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


def test_two_signs_of_one_thing_have_one_name():
    assert rejected_because("half_ate_percent: by 9 %") == rejected_because("half_rotation_deg: by 2 degrees")
