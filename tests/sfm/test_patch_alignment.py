"""Drift of a tracked picture whose true motion is known: refinement takes it away."""

import cv2
import numpy as np
import pytest

from factory.sfm.points.patch_alignment import PatchRefinement, refined
from factory.tracks import Tracks, tracks_from

FRAMES = 8


def warp(step: int) -> np.ndarray:
    """Picture 0 to picture `step`: turning, growing and shifting."""
    turn = cv2.getRotationMatrix2D((160, 120), 1.5 * step, 1.0 + 0.02 * step)
    turn[:, 2] += [1.3 * step, -0.7 * step]
    return np.vstack([turn, [0, 0, 1]])


def pictures(noise: float = 2.0, brighten: float = 0.03) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    base = cv2.GaussianBlur(rng.uniform(0, 255, (240, 320)).astype(np.float32), (0, 0), 2.0)
    base = (base - base.min()) / (base.max() - base.min()) * 200 + 20
    made = []
    for step in range(FRAMES):
        moved = cv2.warpAffine(base, warp(step)[:2], (320, 240), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        moved = moved * (1 + brighten * step) + rng.normal(0, noise, moved.shape)
        made.append(np.clip(moved, 0, 255).astype(np.uint8))
    return made


def drifting() -> tuple[Tracks, np.ndarray]:
    """Tracks that drift by a tenth of a pixel a frame, and where they should be."""
    x, y = np.meshgrid(np.arange(60, 260, 20.0), np.arange(60, 180, 20.0))
    start = np.column_stack([x.ravel(), y.ravel(), np.ones(x.size)])
    truth = np.stack([(start @ warp(step).T)[:, :2] for step in range(FRAMES)], axis=1)
    drift = 0.1 * np.arange(FRAMES)[None, :, None] * np.array([1.0, -1.0])
    count = len(start)
    track, frame = np.repeat(np.arange(count), FRAMES), np.tile(np.arange(FRAMES), count)
    xy = (truth + drift).reshape(-1, 2)
    return tracks_from(track, frame, xy, np.arange(FRAMES) / 12, np.arange(FRAMES), (320, 240)), truth.reshape(-1, 2)


def test_drift_goes_although_the_picture_turns_and_brightens():
    tracks, truth = drifting()
    before = np.linalg.norm(tracks.xy - truth, axis=1)
    after = np.linalg.norm(refined(tracks, pictures(), PatchRefinement()).xy - truth, axis=1)
    assert np.median(before) > 0.4
    assert np.median(after) < 0.06
    assert np.mean(after < 0.2) > 0.9


def test_a_sighting_that_looks_different_keeps_its_place():
    tracks, _ = drifting()
    images = pictures()
    images[4] = np.random.default_rng(1).integers(0, 255, images[4].shape).astype(np.uint8)
    after = refined(tracks, images, PatchRefinement())
    other = tracks.frame == 4
    assert np.mean(np.all(after.xy[other] == tracks.xy[other], axis=1)) > 0.95


@pytest.mark.parametrize("frames", [0, 1])
def test_nothing_to_align_changes_nothing(frames: int):
    tracks, _ = drifting()
    few = tracks.observations(tracks.frame < frames)
    assert np.array_equal(refined(few, pictures(), PatchRefinement()).xy, few.xy)
