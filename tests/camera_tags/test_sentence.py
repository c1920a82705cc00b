"""Sentences as a person would write them."""

import numpy as np
import pytest

from factory.camera_tags.path import Kind
from factory.camera_tags.sentence import sentence
from factory.camera_tags.tags import Amount, CameraTags


def said(hand_held: bool = False, still: bool = False, **told: float | Amount) -> str:
    each: dict[Kind, Amount] = {
        kind: size if isinstance(size, Amount) else Amount(size, abs(size), abs(size))  # type: ignore[misc]
        for kind, size in told.items()
    }
    return sentence(CameraTags(each, each, None, hand_held, still))


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"pan": 34.2, "dolly": 0.4}, "The camera pans right by 34 degrees while dollying in by 0.4 times the depth."),
        ({"pan": -34.2}, "The camera pans left by 34 degrees."),
        ({"tilt": -20.0, "hand_held": True}, "The hand-held camera tilts down by 20 degrees."),
        ({"zoom": -np.log(1.5)}, "The camera zooms out by a factor of 1.5."),
        ({"pan": Amount(1.0, 61.0, 30.0)}, "The camera pans right and left over 30 degrees."),
        (
            {"orbit": -90.0, "pedestal": 0.35, "zoom": np.log(2)},
            "The camera orbits to the left by 90 degrees while pedestalling up by 0.35 times the depth and zooming in "
            "by a factor of 2.",
        ),
        (
            {"roll": 40.0, "truck": -0.5, "dolly": -0.25, "tilt": 6.0},
            "The camera rolls clockwise by 40 degrees while trucking left by 0.5 times the depth, dollying out by 0.25 "
            "times the depth and tilting up by 6 degrees.",
        ),
        ({"still": True}, "The camera is static."),
        ({"still": True, "hand_held": True}, "The hand-held camera stays where it is."),
        ({}, "The camera moves, but which way is not known."),
    ],
)
def test_a_camera_s_way_is_one_sentence(told: dict, words: str):
    assert said(**told) == words
