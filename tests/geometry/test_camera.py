"""Projection and its inverse, and rigid motions."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from factory.geometry.camera import Camera, centred_camera, invert_rigid, project_cam, transform_points, unproject

finite = st.floats(-1, 1, allow_nan=False)


def rigid(rotation_vector: list[float], translation: list[float]) -> np.ndarray:
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_rotvec(rotation_vector).as_matrix()
    pose[:3, 3] = translation
    return pose


def test_a_known_point_lands_on_a_known_pixel():
    camera = Camera(500.0, 319.5, 239.5, k1=0.1)
    # r^2 = 0.1^2 + 0.2^2 = 0.05: 1 + k1 r^2 = 1.005
    assert np.allclose(project_cam(np.array([0.2, 0.4, 2.0]), camera), [319.5 + 50.25, 239.5 + 100.5])


def test_the_centre_of_a_picture_is_between_its_middle_pixels():
    camera = centred_camera(500.0, 640, 480)
    assert (camera.cx, camera.cy) == (319.5, 239.5)


# Where pixels move outwards with their rays: to r = 0.99 with k1 = -0.3, k2 = 0.08, whose slope there is 0.3.
@given(x=finite, y=finite, depth=st.floats(0.1, 100), k1=st.floats(-0.3, 0.3), k2=st.floats(0.08, 0.2))
def test_unproject_undoes_project(x: float, y: float, depth: float, k1: float, k2: float):
    camera = Camera(600.0, 300.0, 200.0, k1, k2)
    point = np.array([0.7 * x, 0.7 * y, 1.0]) * depth
    assert np.allclose(unproject(project_cam(point, camera), camera) * depth, point, rtol=1e-4, atol=1e-6)


@given(x=finite, y=finite, k1=st.floats(-0.1, 0.2), k2=st.floats(-0.02, 0.1))
def test_a_lens_is_colmap_s_of_as_many_terms(x: float, y: float, k1: float, k2: float):
    import pycolmap

    camera = Camera(600.0, 319.5, 179.5, k1, k2)
    told = [600.0, 320.0, 180.0, k1, k2][: 3 + camera.radial_terms]
    colmap = pycolmap.Camera(model=camera.colmap_model, width=640, height=360, params=told)
    point = np.array([0.7 * x, 0.7 * y, 1.0])
    assert np.allclose(project_cam(point, camera) + 0.5, colmap.img_from_cam(point), atol=1e-9)


@given(st.lists(finite, min_size=3, max_size=3), st.lists(finite, min_size=3, max_size=3))
def test_the_inverse_of_a_motion_takes_points_back(rotation: list[float], translation: list[float]):
    pose, points = rigid(rotation, translation), np.arange(12.0).reshape(4, 3)
    back = transform_points(invert_rigid(pose), transform_points(pose, points))
    assert np.allclose(back, points)
