"""Points from rays: where they meet, by two rays and by many."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from factory.geometry.camera import invert_rigid, transform_points
from factory.geometry.rays import meeting_points, midpoints


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_two_rays_meet_at_the_point_they_come_from(seed):
    rng = np.random.default_rng(seed)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = Rotation.from_rotvec(0.2 * rng.normal(size=3)).as_matrix(), rng.normal(size=3)
    points = rng.normal((0, 0, 6), 1.0, (20, 3))
    found, along, angle = midpoints(unit(points), unit(transform_points(invert_rigid(pose), points)), pose)
    assert np.allclose(found, points, atol=1e-6)
    assert np.allclose(along, np.linalg.norm(points, axis=1), atol=1e-6)
    assert (angle > 0).all()


def test_rays_that_meet_behind_say_so():
    pose = np.eye(4)
    pose[0, 3] = 0.1
    _, along, angle = midpoints(unit(np.array([[-0.1, 0.0, 1.0]])), unit(np.array([[0.1, 0.0, 1.0]])), pose)
    assert along[0] < 0
    assert angle[0] < 0


def test_many_rays_meet_in_spite_of_a_wrong_one_and_two_parallel_ones_nowhere():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(12, 3))
    point = np.array([0.5, -0.3, 5.0])
    rays = unit(point - centres + 1e-4 * rng.normal(size=(12, 3)))
    rays[3] = unit(rays[3] + 0.2)
    track = np.zeros(14, int)
    track[12:] = 2
    centres, rays = np.vstack([centres, [[0, 0, 0], [1, 0, 0]]]), np.vstack([rays, [[0, 0, 1.0], [0, 0, 1.0]]])
    found = meeting_points(centres, rays, track, 3, loss_rad=1e-3)
    assert np.allclose(found[0], point, atol=2e-3)
    assert np.isnan(found[1:]).all()
