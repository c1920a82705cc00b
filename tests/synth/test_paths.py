"""Camera paths: axes, what stays and what moves, and that a time's pose does not depend on how it is asked for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.geometry.trajectory import rotation_angle_deg
from factory.synth.camera import handheld, look_at, moving, orbit, pan, tripod, watching
from factory.synth.rides import chase, driven, drone
from factory.synth.route import Route, speeds, steady

TIMES_S = np.arange(72) / 24
COORDINATE = st.floats(-5, 5)
BEND = Route([(0, 0), (4, 0), (8, 2), (10, 6), (10, 12)])


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


PATHS = {
    "tripod": lambda: tripod((0, -2, 1.5), (0, 2, 1)),
    "handheld": lambda: handheld(rng(), (0, -2, 1.5), (0.4, 0.0, 0.0), (0, 2, 1), (0.2, 0, 0)),
    "dolly": lambda: watching(rng(), moving((0, -2, 1.5), (0.4, 0, 0)), moving((0, 2, 1)), 0.003, 0.06),
    "orbit": lambda: orbit(rng(), (0, -2, 1.5), (0, 1, 1.0), 20.0),
    "pan": lambda: pan(rng(), (0, -2, 1.5), (0, 2, 1), 8.0),
    "driven": lambda: driven(rng(), BEND, steady(4.0), 1.3, 3.0, lean_deg=3.0),
    "stop and go": lambda: driven(rng(), BEND, speeds((0, 1, 1.5, 3), (4, 0, 0, 4)), 1.3, 3.0, jolt_m=0.0),
    "chase": lambda: chase(rng(), BEND, steady(3.0, 1.0), 0.8, 0.4, 0.3, 0.1),
    "drone": lambda: drone(rng(), moving((0, -6, 3), (0, 3, 1)), moving((0, 9, 0)), 5.0),
}


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


@settings(max_examples=30)
@given(st.sampled_from(list(PATHS)), st.lists(st.floats(-0.1, 3.1), min_size=1, max_size=6))
def test_a_pose_does_not_depend_on_the_other_times_asked_for(name, times_s):
    path = PATHS[name]()
    together = path(np.array(times_s))
    for time_s, pose in zip(times_s, together, strict=True):
        np.testing.assert_allclose(path(np.array([time_s]))[0], pose, atol=1e-12)
    np.testing.assert_array_equal(PATHS[name]()(np.array(times_s)), together)  # the same seed, the same path


@pytest.mark.parametrize("name", PATHS)
def test_a_path_is_rigid_and_smooth(name):
    fine_s = np.arange(-0.1, 3.1, 1 / 480)
    poses = PATHS[name]()(fine_s)
    R = poses[:, :3, :3]
    np.testing.assert_allclose(R @ np.swapaxes(R, 1, 2), np.broadcast_to(np.eye(3), R.shape), atol=1e-9)
    assert np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1).max() < 7 / 480  # nowhere faster than 7 m/s
    acceleration_m_s2 = np.linalg.norm(np.diff(poses[:, :3, 3], n=2, axis=0), axis=1) * 480**2
    assert acceleration_m_s2.max() < 60  # a jump of a millimetre would be 230
    assert rotation_angle_deg(np.swapaxes(R[:-1], 1, 2) @ R[1:]).max() < 0.4


def test_a_hand_walks_smoothly_at_its_speed():
    poses = PATHS["handheld"]()(TIMES_S)
    np.testing.assert_allclose(poses[0], look_at(np.array([0, -2, 1.5]), np.array([0, 2, 1])), atol=1e-12)
    assert np.linalg.norm(poses[-1, :3, 3] - poses[0, :3, 3]) == pytest.approx(0.4 * TIMES_S[-1], rel=0.1)
    steps = rotation_angle_deg(np.swapaxes(poses[:-1, :3, :3], 1, 2) @ poses[1:, :3, :3])
    assert steps.min() > 0
    assert steps.max() < 1.0


def test_a_pan_turns_about_the_optical_centre_to_the_right():
    poses = PATHS["pan"]()(TIMES_S)
    assert np.ptp(poses[:, :3, 3], axis=0).max() == 0
    relative = poses[0, :3, :3].T @ poses[-1, :3, :3]
    assert rotation_angle_deg(relative) == pytest.approx(8.0 * TIMES_S[-1], abs=3)
    assert relative[0, 2] > 0.2  # the later axis points to the right of the first


def test_a_tripod_stands_still():
    assert np.ptp(PATHS["tripod"]()(TIMES_S), axis=0).max() == 0


def test_an_orbit_keeps_its_distance():
    poses = PATHS["orbit"]()(TIMES_S)
    distance = np.linalg.norm(poses[:, :3, 3] - (0, 1, 1.0), axis=1)
    np.testing.assert_allclose(distance, distance[0], rtol=1e-9)
    assert np.linalg.norm(poses[-1, :3, 3] - poses[0, :3, 3]) > 2


def test_a_route_is_measured_in_metres_and_leads_where_it_goes():
    metres = np.linspace(-1, BEND.length_m + 1, 4000)
    points = BEND.position(metres)
    walked = np.linalg.norm(np.diff(points, axis=0), axis=1) / np.diff(metres)
    np.testing.assert_allclose(walked, 1, atol=2e-3)
    ahead = np.diff(points, axis=0)
    heading_deg = np.degrees(np.arctan2(ahead[:, 1], ahead[:, 0]))
    np.testing.assert_allclose(BEND.heading_deg((metres[1:] + metres[:-1]) / 2), heading_deg, atol=0.2)
    assert (BEND.bend_per_m(np.array([6.0])) > 0).all()  # it bends to the left
    aside = BEND.beside(metres, 0.5) - points
    np.testing.assert_allclose(np.linalg.norm(aside, axis=1), 0.5, rtol=1e-9)
    assert aside[0, 1] == pytest.approx(0.5, abs=0.1)  # left of +x is +y


def test_stop_and_go_stands_between_and_speeds_are_kept():
    progress = speeds((0.0, 1.0, 1.5, 3.0), (4.0, 0.0, 0.0, 4.0), 2.0)
    assert progress(np.array([0.0]))[0] == pytest.approx(2.0)
    assert np.ptp(progress(np.linspace(1.0, 1.5, 20))) == pytest.approx(0, abs=1e-9)
    speed_m_s = np.diff(progress(np.array([-0.5, -0.49, 3.5, 3.51])))[[0, 2]] / 0.01
    np.testing.assert_allclose(speed_m_s, 4.0, rtol=1e-6)


def test_a_chase_looks_at_what_it_follows_from_behind():
    poses = chase(rng(), BEND, steady(3.0, 1.0), 0.8, 0.4, 0.0, 0.1, sway_m=0.0, shake_deg=0.0)(TIMES_S)
    followed = BEND.position(1.0 + 3.0 * TIMES_S) + np.array([0, 0, 0.1])
    seen = np.einsum("tji,tj->ti", poses[:, :3, :3], followed - poses[:, :3, 3])
    np.testing.assert_allclose(seen[:, :2], 0, atol=1e-9)
    assert (seen[:, 2] > 0.5).all()
    headings = np.radians(BEND.heading_deg(1.0 + 3.0 * TIMES_S))
    assert (np.cos(headings) * poses[:, 0, 2] + np.sin(headings) * poses[:, 1, 2] > 0.5).all()  # the same way
    assert (seen[:, 2] < 0.9).all()
