"""Matches between frames far apart, on pictures whose motion is known."""

import cv2
import numpy as np
import pytest

from factory.evaluate.made_matches import GAPS, made_matches, pairs
from factory.video import Frame
from tests.conftest import picture

FRAMES, STEP = 24, np.array([2.5, -1.0])  # pixels a frame


@pytest.fixture(scope="module")
def film() -> tuple[list[Frame], list[np.ndarray]]:
    """A wall that shifts, and a patch before it that goes its own way; and where the patch is."""
    wall, patch = picture(1, 600, 900), picture(2, 600, 900)
    frames, masks = [], []
    for n in range(FRAMES):
        shifted, other = (
            cv2.warpAffine(image, np.column_stack([np.eye(2), n * step]), (640, 360))
            for image, step in ((wall[:, :, 0], -STEP + [0, 0]), (patch[:, :, 0], np.array([4.0, 3.0])))
        )
        mask = np.zeros((360, 640), bool)
        mask[100 + 3 * n : 220 + 3 * n, 60 + 4 * n : 220 + 4 * n] = True
        frames.append(Frame(n, n / 12, np.where(mask, other, shifted)))
        masks.append(mask)
    return frames, masks


def test_matches_go_where_the_wall_goes(film):
    frames, masks = film
    found = made_matches("wall", frames, masks)
    gap = np.round(12 * (found.times_s[:, 1] - found.times_s[:, 0]))
    assert set(gap) == {g for g in GAPS if g < FRAMES}
    off = np.linalg.norm(found.xy_j - found.xy_i + STEP * gap[:, None], axis=1)
    assert len(off) > 2000
    assert np.median(off) < 0.2
    assert np.mean(off < 1.0) > 0.99


def test_nothing_is_matched_where_something_moves(film):
    frames, masks = film
    found = made_matches("wall", frames, masks)
    for (time_s, _), (x, y) in zip(found.times_s, found.xy_i.round().astype(int), strict=True):
        assert not masks[round(12 * time_s)][y, x]


def test_what_cannot_be_matched_gives_nothing():
    blank = [Frame(n, n / 12, np.full((90, 160), 128, np.uint8)) for n in range(8)]
    assert len(made_matches("blank", blank, [None] * 8).size) == 0
    noise = np.random.default_rng(0)
    unlike = [Frame(n, n / 12, noise.integers(0, 255, (240, 320), np.uint8)) for n in range(8)]
    assert len(made_matches("noise", unlike, [None] * 8).size) == 0
    assert len(made_matches("none", [], []).size) == 0


def test_pairs_lie_inside_the_clip():
    assert list(pairs(3)) == []
    assert all(0 <= i < j < 24 and j - i in GAPS for i, j in pairs(24))
