"""A camera that turns in place: its rotations and focal length come back, and no position is invented."""

import numpy as np
import pytest

from factory.geometry.trajectory import pose_errors
from factory.sfm.zoom.rotation_only import solve_rotation
from tests.sfm.scenes import FOCAL_PX, scene, walk


def test_a_turn_comes_back_without_any_translation():
    truth = walk(16, path=0.0, turn_deg=15.0)
    seen = scene(truth, static=250, moving=40)
    answer = solve_rotation(seen.tracks, ~seen.is_dynamic)
    assert answer.rotation_only
    assert answer.method == "rotation"
    assert answer.registered.all()
    assert np.all(answer.world_from_cam[:, :3, 3] == 0.0)
    assert pose_errors(answer.world_from_cam, truth).rpe_rotation_deg < 0.03
    assert answer.camera.focal_px == pytest.approx(FOCAL_PX, rel=0.03)
    assert answer.focal_reliable


def test_a_camera_that_hardly_turns_does_not_show_its_focal_length():
    seen = scene(walk(16, path=0.0, turn_deg=0.1), static=250)
    assert not solve_rotation(seen.tracks, np.ones(seen.tracks.count, bool)).focal_reliable


def test_no_tracks_give_no_frames():
    seen = scene(walk(16, path=0.0), static=100)
    answer = solve_rotation(seen.tracks, np.zeros(seen.tracks.count, bool))
    assert not answer.registered.any()
