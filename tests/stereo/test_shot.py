"""The part of a clip that can be followed: cuts and dissolves end it, motion does not."""

import cv2
import numpy as np
import pytest

from factory.frames import Frames, Passing
from factory.models.lk import LucasKanade
from factory.stereo.shot import TrackableShot

RATE = 30


def moving(seed, count=60):
    """A texture of all scales that moves sideways: uint8 (H, W) each."""
    rng = np.random.default_rng(seed)
    texture = sum(cv2.GaussianBlur(rng.normal(0, 1, (360, 800)), None, s) * s for s in (2, 6, 20))
    texture = cv2.normalize(texture, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    return [texture[:, 3 * t : 3 * t + 480] for t in range(count)]


def stretch(grey):
    tracks = LucasKanade().track(Frames([Passing(i, i / RATE, picture) for i, picture in enumerate(grey)]))
    return TrackableShot()(tracks, grey)


@pytest.fixture(scope="module")
def shots():
    return moving(3), moving(4)


def dissolved(first, second, length, before=40):
    """`before` frames of the first, then `length` in between, then 25 of the second."""
    shares = (np.arange(length) + 1) / (length + 1)
    mixed = [
        cv2.addWeighted(a, 1 - share, b, share, 0)
        for a, b, share in zip(first[before:], second, shares.tolist(), strict=False)
    ]
    return [*first[:before], *mixed, *second[length : length + 25]]


def test_what_moves_evenly_is_one_shot(shots):
    assert stretch(shots[0]) == (0, 60)


@pytest.mark.parametrize("length", [0, 1, 4, 12, 20])
def test_a_cut_and_a_dissolve_end_it(shots, length):
    first, end = stretch(dissolved(*shots, length))
    assert first == 0
    assert 28 <= end <= 40 + length  # what looks over it from either side is left out, too


def test_the_longer_side_of_a_dissolve_is_taken(shots):
    first, end = stretch(dissolved(*shots, 4, before=15))
    assert 15 <= first <= 30
    assert end == 44


def test_without_points_there_is_hardly_a_shot():
    first, end = stretch([np.full((120, 160), 90, np.uint8)] * 20)
    assert end - first == 1
