"""Camera paths: axes, what stays and what moves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.geometry.trajectory import rotation_angle_deg
from factory.synth.camera import handheld, look_at, orbit, pan, tripod

TIMES_S = np.arange(72) / 24
COORDINATE = st.floats(-5, 5)


@given(st.tuples(COORDINATE, COORDINATE, COORDINATE), st.floats(-180, 180), st.floats(-60, 60), st.floats(0.5, 9))
def test_look_at_puts_the_target_on_the_axis_and_the_sky_upwards(position, azimuth_deg, elevation_deg, distance):
    a, e = np.radians([azimuth_deg, elevation_deg])
    target = np.array(position) + distance * np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    pose = look_at(np.array(position), target)
    cam = pose[:3, :3].T @ (target - pose[:3, 3])
    np.testing.assert_allclose(cam, (0, 0, distance), atol=1e-9)
    np.testing.assert_allclose(pose[:3, :3].T @ pose[:3, :3], np.eye(3), atol=1e-12)
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)
    assert pose[2, 1] < 0  # y points down
    assert pose[2, 0] == pytest.approx(0, abs=1e-12)  # x is level


def test_a_hand_walks_smoothly_at_its_speed():
    poses = handheld(TIMES_S, np.random.default_rng(1), (0, -2, 1.5), (0.4, 0.0, 0.0), (0, 2, 1), (0.2, 0, 0))
    np.testing.assert_allclose(poses[0], look_at(np.array([0, -2, 1.5]), np.array([0, 2, 1])), atol=1e-12)
    assert np.linalg.norm(poses[-1, :3, 3] - poses[0, :3, 3]) == pytest.approx(0.4 * TIMES_S[-1], rel=0.1)
    steps = rotation_angle_deg(np.swapaxes(poses[:-1, :3, :3], 1, 2) @ poses[1:, :3, :3])
    assert steps.min() > 0
    assert steps.max() < 1.0


def test_a_pan_turns_about_the_optical_centre_to_the_right():
    poses = pan(TIMES_S, np.random.default_rng(1), (0, -2, 1.5), (0, 2, 1), 8.0)
    assert np.ptp(poses[:, :3, 3], axis=0).max() == 0
    relative = poses[0, :3, :3].T @ poses[-1, :3, :3]
    assert rotation_angle_deg(relative) == pytest.approx(8.0 * TIMES_S[-1], abs=3)
    assert relative[0, 2] > 0.2  # the later axis points to the right of the first


def test_a_tripod_stands_still():
    assert np.ptp(tripod(TIMES_S, (0, -2, 1.5), (0, 2, 1)), axis=0).max() == 0


def test_an_orbit_keeps_its_distance():
    poses = orbit(TIMES_S, np.random.default_rng(1), (0, -2, 1.5), (0, 1, 1.0), 20.0)
    distance = np.linalg.norm(poses[:, :3, 3] - (0, 1, 1.0), axis=1)
    np.testing.assert_allclose(distance, distance[0], rtol=1e-9)
    assert np.linalg.norm(poses[-1, :3, 3] - poses[0, :3, 3]) > 2
