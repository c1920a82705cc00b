"""The rig from all that both eyes see: found again, told from a swapped one, and from one eye shown twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.geometry.trajectory import rotation_angle_deg
from factory.stereo.rig_start import start_rig
from tests.stereo.made_rigs import WIDE, made, rig, walk

ANGLE = st.floats(-3.0, 3.0)


def rays(scene, swapped=False):
    xy = (scene.stereo.right_xy, scene.stereo.tracks.xy) if swapped else (scene.stereo.tracks.xy, scene.stereo.right_xy)
    return [WIDE.rays(part) for part in xy]


@settings(max_examples=8, deadline=None)
@given(pitch=ANGLE, yaw=st.floats(-13.0, 13.0), roll=ANGLE)
def test_a_rig_that_is_turned_is_found_again(pitch, yaw, roll):
    true = rig((pitch, yaw, roll))
    start = start_rig(*rays(made(true, walk(10))), WIDE.focal_px, "refined")
    assert rotation_angle_deg(start.left_from_right[:3, :3].T @ true[:3, :3]) < 0.1
    assert np.degrees(np.arccos(start.left_from_right[0, 3])) < 3.0
    assert start.ahead > 0.97
    assert start.error_px < 0.2


@pytest.mark.parametrize("yaw_deg", [0.0, 12.0])
def test_swapped_eyes_see_everything_behind_them(yaw_deg):
    scene = made(rig((0.5, yaw_deg, -0.5)), walk(10))
    assert start_rig(*rays(scene, swapped=True), WIDE.focal_px, "refined").ahead < 0.05


def test_one_eye_shown_twice_has_no_clear_parallax():
    left, _ = rays(made(rig(), walk(10)))
    for hold in ("refined", "held"):
        assert start_rig(left, left, WIDE.focal_px, hold).clear < 0.02


def test_levelling_finds_pitch_and_roll_and_leaves_yaw():
    true = rig((0.4, 0.0, -0.6))
    start = start_rig(*rays(made(true, walk(10))), WIDE.focal_px, "levelled")
    assert rotation_angle_deg(start.left_from_right[:3, :3].T @ true[:3, :3]) < 0.1


def test_few_pairs_tell_no_rig():
    left, right = rays(made(rig(), walk(10)))
    assert start_rig(left[:20], right[:20], WIDE.focal_px, "refined") is None
