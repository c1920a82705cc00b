"""Known answers: steady motion, a dissolve, a cut into noise."""

import numpy as np
from filter_scenes import moved, record, shifted, texture

from factory.filters.likeness import TrackLikeness
from factory.filters.tracks import PointTracks

FRAMES = 36


def likeness(frames):
    stamped = record(frames=np.asarray(frames))
    return TrackLikeness()(PointTracks()(stamped))["track_likeness"]


def dissolve(start, length):
    """From one moving picture to another, over `length` frames from `start`."""
    share = np.clip((np.arange(FRAMES) - start) / length, 0, 1)[:, None, None, None]
    return np.round((1 - share) * shifted(FRAMES, 1.0) + share * shifted(FRAMES, 1.0, seed=3)).astype(np.uint8)


def test_what_moves_steadily_keeps_its_looks():
    assert likeness(shifted(FRAMES, 2.0)) > 0.9
    assert likeness([moved(texture(1), 0.0, 1 + 0.01 * t) for t in range(FRAMES)]) > 0.7


def test_a_dissolve_changes_it():
    assert likeness(dissolve(14, 6)) < 0.4


def test_brightness_does_not():
    dimmed = [(frame * (0.4 + 0.6 * t / FRAMES)).astype(np.uint8) for t, frame in enumerate(shifted(FRAMES, 1.0))]
    assert likeness(dimmed) > 0.85


def test_a_clip_shorter_than_the_interval_abstains():
    assert likeness(shifted(5, 1.0)) is None
