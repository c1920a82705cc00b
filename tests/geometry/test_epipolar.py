"""Matches of one rigid scene satisfy its epipolar geometry; the Sampson error is a distance in pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from factory.geometry.camera import Camera, project_cam, transform_points
from factory.geometry.epipolar import cross_matrix, fundamental_matrix, sampson_error

CAMERA = Camera(500.0, 319.5, 179.5)


def matches(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """cam2_from_cam1 and exact matches in two frames."""
    rng = np.random.default_rng(seed)
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_rotvec(rng.uniform(-0.2, 0.2, 3)).as_matrix()
    pose[:3, 3] = rng.uniform(-1, 1, 3)
    points = rng.uniform([-2, -1, 4], [2, 1, 9], (40, 3))
    return pose, project_cam(points, CAMERA), project_cam(transform_points(pose, points), CAMERA)


@given(st.integers(0, 10_000))
def test_exact_matches_have_no_error(seed: int):
    pose, xy1, xy2 = matches(seed)
    assert sampson_error(fundamental_matrix(pose, CAMERA, CAMERA), xy1, xy2).max() < 1e-6


def test_moving_across_the_line_is_measured_in_pixels_and_along_it_not_at_all():
    pose = np.eye(4)
    pose[0, 3] = 1.0  # sideways: epipolar lines are rows
    fundamental = fundamental_matrix(pose, CAMERA, CAMERA)
    here = np.array([[100.0, 50.0]])
    # The first-order distance shares a row difference of 2 px between both frames: 2 / sqrt(2).
    assert sampson_error(fundamental, here, here + np.array([-30.0, 2.0])) == pytest.approx(2.0 / np.sqrt(2.0))
    assert sampson_error(fundamental, here, here + np.array([-30.0, 0.0])) == pytest.approx(0.0, abs=1e-9)


def test_one_matrix_a_match_gives_the_same_as_one_for_all():
    pose, xy1, xy2 = matches(1)
    fundamental = fundamental_matrix(pose, CAMERA, CAMERA)
    moved = xy2 + np.array([0.3, -0.8])
    repeated = np.repeat(fundamental[None], len(xy1), axis=0)
    assert np.allclose(sampson_error(repeated, xy1, moved), sampson_error(fundamental, xy1, moved))


def test_cross_matrix_is_the_cross_product():
    a, b = np.array([1.0, 2.0, 3.0]), np.array([-2.0, 0.5, 1.0])
    assert np.allclose(cross_matrix(a) @ b, np.cross(a, b))
