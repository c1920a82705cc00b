"""Rectifying rotations: exact by construction, for any rig."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from factory.geometry.lens import Lens
from factory.geometry.rectification import rectified2rig

ANGLES = st.tuples(*[st.floats(-20, 20)] * 3)
POINTS = st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(0.5, 30)), min_size=1, max_size=10)


def rig(turn_deg, baseline=(0.063, 0.0, 0.0)) -> np.ndarray:
    made = np.eye(4)
    made[:3, :3] = Rotation.from_rotvec(turn_deg, degrees=True).as_matrix()
    made[:3, 3] = baseline
    return made


@given(turn_deg=ANGLES, up=st.floats(-0.02, 0.02), forward=st.floats(-0.03, 0.03), points=POINTS)
def test_a_point_is_in_one_row_of_both_eyes(turn_deg, up, forward, points):
    left_from_right = rig(turn_deg, (0.063, up, forward))
    left_turn, right_turn = rectified2rig(left_from_right)
    in_left = np.array(points)
    in_right = (in_left - left_from_right[:3, 3]) @ left_from_right[:3, :3]
    seen = in_left @ left_turn, in_right @ right_turn
    baseline_m = np.linalg.norm(left_from_right[:3, 3])
    np.testing.assert_allclose(seen[0] - seen[1], np.tile([baseline_m, 0, 0], (len(points), 1)), atol=1e-12)
    for lens in (Lens("transverse", 200.0, 0.0, 0.0), Lens("pinhole", 200.0, 0.0, 0.0)):
        (left, ok_left), (right, ok_right) = (lens.project(points) for points in seen)
        both = ok_left & ok_right & (np.abs(left) < 1e4).all(axis=1)
        np.testing.assert_allclose(left[both, 1], right[both, 1], atol=1e-6)
        assert (left[both, 0] > right[both, 0]).all()


@given(turn_deg=ANGLES, up=st.floats(-0.02, 0.02), forward=st.floats(-0.03, 0.03))
def test_they_are_rotations_and_keep_the_left_eye_s_gaze(turn_deg, up, forward):
    turns = rectified2rig(rig(turn_deg, (0.063, up, forward)))
    np.testing.assert_allclose(turns @ np.swapaxes(turns, 1, 2), np.tile(np.eye(3), (2, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turns), 1.0)
    # No other axis square to the baseline is nearer to where the left eye looks.
    assert turns[0][2, 2] == pytest.approx(np.sqrt(1 - turns[0][2, 0] ** 2))


def test_a_pair_that_is_rectified_stays():
    np.testing.assert_array_equal(rectified2rig(rig((0, 0, 0))), np.tile(np.eye(3), (2, 1, 1)))


def test_eyes_that_are_no_pair_are_refused():
    with pytest.raises(ValueError, match="one place"):
        rectified2rig(np.eye(4))
    with pytest.raises(ValueError, match="in front"):
        rectified2rig(rig((0, 0, 0), (0.001, 0.0, 0.06)))
