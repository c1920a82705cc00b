"""Alignment recovers a known similarity; errors have known values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from factory.geometry.trajectory import (
    Similarity,
    align_similarity,
    moved_on,
    path_length,
    pose_errors,
    rotation_angle_deg,
)


def walk(frames: int = 12, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    poses = np.tile(np.eye(4), (frames, 1, 1))
    poses[:, :3, 3] = np.cumsum(rng.normal(0, 0.2, (frames, 3)), axis=0)
    poses[:, :3, :3] = Rotation.from_rotvec(np.cumsum(rng.normal(0, 0.05, (frames, 3)), axis=0)).as_matrix()
    return poses


@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 100))
def test_a_similarity_is_recovered_and_leaves_no_error(seed: int, scale: float):
    rng = np.random.default_rng(seed)
    truth = walk(seed=seed)
    made = Similarity(scale, Rotation.random(random_state=seed).as_matrix(), rng.uniform(-10, 10, 3))
    moved = made.poses(truth)
    found = align_similarity(truth[:, :3, 3], moved[:, :3, 3])
    assert found.scale == pytest.approx(scale, rel=1e-6)
    assert np.allclose(found.rotation, made.rotation, atol=1e-6)
    errors = pose_errors(truth, moved)
    assert errors.ate_percent == pytest.approx(0.0, abs=1e-6)
    assert errors.rpe_rotation_deg == pytest.approx(0.0, abs=1e-5)


def test_the_error_is_a_share_of_the_true_path():
    truth = np.tile(np.eye(4), (5, 1, 1))
    truth[:, 0, 3] = np.arange(5.0)
    estimate = truth.copy()
    # Displacements that no similarity can take up: they sum to nothing, have no torque and no stretch.
    bend = np.array([1.0, -2.0, 0.0, 2.0, -1.0])
    estimate[:, 1, 3] = 0.1 * (bend - np.polyval(np.polyfit(np.arange(5), bend, 1), np.arange(5)))
    errors = pose_errors(estimate, truth)
    assert path_length(truth) == 4.0
    expected = np.sqrt(np.mean(estimate[:, 1, 3] ** 2))
    # The scale shrinks a little to meet the bent path, an effect of second order.
    assert errors.ate_percent == pytest.approx(100 * expected / 4.0, rel=0.02)


def test_a_constant_extra_turn_is_the_rotation_error():
    truth = walk()
    estimate = truth.copy()
    for f in range(len(truth)):
        estimate[f, :3, :3] = truth[f, :3, :3] @ Rotation.from_euler("z", 2.0 * (f % 2), degrees=True).as_matrix()
    assert pose_errors(estimate, truth).rpe_rotation_deg == pytest.approx(2.0, rel=1e-6)


def test_a_reflection_is_not_taken_for_a_rotation():
    source = np.random.default_rng(0).normal(size=(20, 3))
    assert np.linalg.det(align_similarity(source, source * [1, 1, -1]).rotation) == pytest.approx(1.0)


def test_no_true_motion_leaves_positions_unjudged():
    still = np.tile(np.eye(4), (4, 1, 1))
    errors = pose_errors(walk(4), still)
    assert errors.ate is None
    assert errors.ate_percent is None


def test_two_poses_are_too_few():
    with pytest.raises(ValueError, match="three poses"):
        pose_errors(walk(2), walk(2))


def test_coinciding_positions_have_no_scale():
    with pytest.raises(ValueError, match="coincide"):
        align_similarity(np.ones((4, 3)), np.ones((4, 3)))


@pytest.mark.parametrize("angle_deg", [0.0, 1e-5, 1.0, 90.0, 179.9999, 180.0])
def test_angles_are_exact_at_both_ends(angle_deg: float):
    rotation = Rotation.from_rotvec(np.radians(angle_deg) * np.array([0.6, 0.0, 0.8])).as_matrix()
    assert rotation_angle_deg(rotation) == pytest.approx(angle_deg, abs=1e-9)


def test_an_even_motion_goes_on_between_poses_and_beyond_the_last():
    def at(times_s: np.ndarray) -> np.ndarray:
        poses = np.tile(np.eye(4), (len(times_s), 1, 1))
        poses[:, :3, :3] = Rotation.from_rotvec(np.outer(times_s, [0.1, 0.4, -0.2])).as_matrix()
        poses[:, :3, 3] = np.outer(times_s, [1.0, -2.0, 0.5])
        return poses

    times_s, index, after_s = np.array([0.0, 0.1, 0.25, 0.3]), np.array([0, 1, 3]), np.array([-0.02, 0.01, 0.015])
    np.testing.assert_allclose(moved_on(times_s, at(times_s), index, after_s), at(times_s[index] + after_s), atol=1e-9)
