"""SIFT tracks of a picture that moves far between frames: they are where the motion puts them."""

import cv2
import numpy as np

from factory.sfm.points.sift import SiftTracks, sift_tracks, together
from factory.tracks import Tracks, tracks_from

FRAMES, STEP_PX = 6, 37


def pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    layers = [rng.uniform(0, 255, (240 // size, 640 // size)).astype(np.float32) for size in (6, 12, 24)]
    wide = np.mean([cv2.resize(layer, (640, 240)) for layer in layers], axis=0).astype(np.uint8)
    return [np.ascontiguousarray(wide[:, STEP_PX * f : STEP_PX * f + 320]) for f in range(FRAMES)]


def labels() -> Tracks:
    """Two short tracks: number 0 at the left edge, number 1 at the right."""
    track, frame = np.repeat([0, 1], FRAMES), np.tile(np.arange(FRAMES), 2)
    xy = np.column_stack([np.repeat([40.0, 280.0], FRAMES), np.full(2 * FRAMES, 120.0)])
    return tracks_from(track, frame, xy, np.arange(FRAMES), np.arange(FRAMES), (320, 240))


def test_far_moves_are_followed():
    found, static = sift_tracks(labels(), np.ones(2, bool), pictures(), True, SiftTracks())
    assert found.count > 30
    assert static.all()
    assert found.lengths().min() >= 3
    steps = np.diff(found.xy, axis=0)[np.diff(found.track) == 0]
    gaps = np.diff(found.frame)[np.diff(found.track) == 0]
    wanted = np.column_stack([-STEP_PX * gaps, 0 * gaps])
    assert np.mean(np.linalg.norm(steps - wanted, axis=1) < 0.5) > 0.97


def test_every_second_frame_is_enough_where_frames_are_close():
    found, _ = sift_tracks(labels(), np.ones(2, bool), pictures(), False, SiftTracks(strides=(1, 2)))
    assert set(np.unique(found.frame)) == {0, 2, 4}


def test_features_beside_what_moves_are_not_background():
    found, static = sift_tracks(labels(), np.array([False, True]), pictures(), True, SiftTracks())
    near = np.abs(found.xy - [40.0, 120.0]).max(axis=1) < 20
    # Every feature moves past the labelled place: only tracks mostly seen there are affected.
    mostly = np.bincount(found.track, near, found.count) > 0.5 * found.lengths()
    assert not static[mostly].any()
    assert static[~mostly].mean() > 0.9


def test_plain_pictures_have_no_tracks():
    grey = [np.full((240, 320), 90, np.uint8)] * FRAMES
    found, _ = sift_tracks(labels(), np.ones(2, bool), grey, True, SiftTracks())
    assert found.count == 0
    assert together(labels(), found).count == 2
