"""What matches allow: poses refined on them, the best rotation, and whether they hold the translation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from factory.evaluate.refit import refit
from factory.geometry.camera import transform_points

FOCAL_PX, NOISE_PX = 600.0, 0.3


def seen(pose: np.ndarray, seed: int = 0, count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Points 3 to 9 away in both cameras, pixels from the middle, with noise."""
    rng = np.random.default_rng(seed)
    depth = rng.uniform(3, 9, count)
    points = np.column_stack([rng.uniform(-0.45, 0.45, (count, 2)) * depth[:, None], depth])
    both = [FOCAL_PX * p[:, :2] / p[:, 2:] for p in (points, transform_points(pose, points))]
    first, second = (xy + rng.normal(0, NOISE_PX, xy.shape) for xy in both)
    return first, second


def moved(turn: np.ndarray, shift: np.ndarray) -> np.ndarray:
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = Rotation.from_rotvec(turn).as_matrix(), shift
    return pose


@settings(max_examples=15, deadline=None)
@given(st.tuples(*[st.floats(-0.1, 0.1)] * 3), st.tuples(*[st.floats(-1, 1)] * 3), st.floats(5, 40), st.integers(0, 99))
def test_a_wrong_translation_is_told_by_its_angle(turn, way, wrong_deg, seed):
    shift = 0.8 * np.array(way) / max(np.linalg.norm(way), 1e-3)
    if np.linalg.norm(shift) < 0.5:
        shift = np.array([0.8, 0.0, 0.0])
    pose = moved(np.array(turn), shift)
    xy_i, xy_j = seen(pose, seed)
    right = refit(xy_i, xy_j, FOCAL_PX, pose)
    assert right.floor_px < NOISE_PX
    assert right.translation_deg is not None
    assert right.translation_deg < 2.0
    axis = np.cross(shift, np.eye(3)[np.argmin(np.abs(shift))])
    wrong = pose.copy()
    wrong[:3, 3] = Rotation.from_rotvec(np.radians(wrong_deg) * axis / np.linalg.norm(axis)).as_matrix() @ shift
    told = refit(xy_i, xy_j, FOCAL_PX, wrong)
    assert told.floor_px == pytest.approx(right.floor_px, abs=0.05)
    assert told.translation_deg == pytest.approx(wrong_deg, abs=2.5)


def test_a_turn_pins_no_translation():
    pose = moved(np.array([0.02, 0.1, 0.0]), np.array([1e-6, 0.0, 0.0]))
    found = refit(*seen(pose), FOCAL_PX, pose)
    assert found.translation_deg is None
    assert found.turn_px < 2 * NOISE_PX


def test_poses_without_a_way_are_measured_by_their_floor():
    pose = moved(np.array([0.0, 0.1, 0.0]), np.array([0.8, 0.0, 0.0]))
    still = np.eye(4)
    found = refit(*seen(pose), FOCAL_PX, still)
    assert found.floor_px < NOISE_PX
    assert found.turn_px > 5.0
    assert found.translation_deg is None
