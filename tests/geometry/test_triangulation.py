"""Points come back from their projections, also past outliers; parallax has known values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.geometry.camera import Camera, invert_rigid, project_cam, transform_points
from factory.geometry.triangulation import reprojection_errors, triangulate, triangulation_angles_deg

CAMERA = Camera(500.0, 319.5, 179.5, k1=-0.05)


def views(points: np.ndarray, frames: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """xy (N, 2), cam_from_world (N, 4, 4) and track (N,) of points seen by cameras on a line 2 long."""
    world_from_cam = np.tile(np.eye(4), (frames, 1, 1))
    world_from_cam[:, 0, 3] = np.linspace(-1, 1, frames)
    cam_from_world = np.tile(invert_rigid(world_from_cam), (len(points), 1, 1))
    track = np.repeat(np.arange(len(points)), frames)
    return project_cam(transform_points(cam_from_world, points[track]), CAMERA), cam_from_world, track


@given(st.integers(0, 10_000))
def test_exact_projections_give_the_points_back(seed: int):
    points = np.random.default_rng(seed).uniform([-2, -1, 3], [2, 1, 20], (30, 3))
    xy, cam_from_world, track = views(points)
    found = triangulate(xy, cam_from_world, track, len(points), CAMERA)
    assert np.allclose(found, points, rtol=1e-5)
    assert reprojection_errors(xy, cam_from_world, found[track], CAMERA).max() < 1e-3


def test_one_wild_observation_does_not_move_the_point():
    points = np.array([[0.3, -0.2, 6.0]])
    xy, cam_from_world, track = views(points)
    xy[3] += [40.0, -25.0]
    found = triangulate(xy, cam_from_world, track, 1, CAMERA, iterations=20)
    assert np.allclose(found, points, atol=0.02)


def test_parallel_rays_have_no_point():
    cam_from_world = np.tile(np.eye(4), (3, 1, 1))
    xy = np.tile([100.0, 80.0], (3, 1))
    assert np.isnan(triangulate(xy, cam_from_world, np.zeros(3, int), 1, CAMERA)).all()


def test_a_point_behind_the_camera_is_infinitely_wrong():
    behind = np.array([[0.0, 0.0, -5.0]])
    assert np.isinf(reprojection_errors(np.array([[319.5, 179.5]]), np.eye(4)[None], behind, CAMERA)).all()


def test_the_angle_is_the_widest_between_rays():
    points = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 1e6]])
    _, cam_from_world, track = views(points)
    angles = triangulation_angles_deg(invert_rigid(cam_from_world), points, track, 2)
    assert angles == pytest.approx([90.0, 0.0], abs=1e-3)
