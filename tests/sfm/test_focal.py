"""The starting focal length of scenes that show it, and the prior where they do not."""

import numpy as np
import pytest

from factory.sfm.pairs.focal import FocalSearch, focal_start, wide_pairs
from tests.sfm.scenes import FOCAL_PX, WIDTH, scene, walk


def test_a_turning_walk_shows_its_focal_length():
    tracks = scene(walk(20, turn_deg=20.0), static=250).tracks
    assert focal_start(tracks, FocalSearch()) == pytest.approx(FOCAL_PX, rel=0.2)


def test_a_camera_at_rest_gives_the_prior():
    still = np.tile(np.eye(4), (10, 1, 1))
    tracks = scene(still, static=200).tracks
    assert list(wide_pairs(tracks, 18)) == []
    assert focal_start(tracks, FocalSearch(prior=0.9)) == pytest.approx(0.9 * WIDTH)
