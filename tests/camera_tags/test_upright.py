"""Heading, elevation and roll: their signs, and what a world's own axes have to do with them: nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from factory.camera_tags.path import camera_path
from factory.camera_tags.upright import angles, vertical
from tests.camera_tags.paths import PLANS, known_path


def turning(axes: str, start: list[float], end: list[float], frames: int = 30) -> np.ndarray:
    """Rotations (F, 3, 3) by Euler angles that go steadily from `start` to `end`, degrees."""
    share = np.linspace(0, 1, frames)[:, None]
    return Rotation.from_euler(axes, start + share * (np.array(end) - start), degrees=True).as_matrix()


@pytest.mark.parametrize(
    ("axis", "column", "shows"),
    [("y", 0, "what was right of the axis comes to it"), ("x", 1, "what was above"), ("z", 2, "the right side sinks")],
)
def test_right_up_and_clockwise_are_positive(axis: str, column: int, shows: str):
    rotation = turning(axis, [0.0], [20.0])
    told = angles(rotation, vertical(rotation))
    assert np.ptp(told, axis=0) == pytest.approx(np.eye(3)[column] * 20, abs=1e-6)
    assert told[-1, column] > told[0, column]
    seen = {
        "y": [np.sin(np.radians(20)), 0, np.cos(np.radians(20))],
        "x": [0, -np.sin(np.radians(20)), np.cos(np.radians(20))],
    }
    if axis in seen:
        assert rotation[-1][:, 2] == pytest.approx(seen[axis]), shows
    else:
        assert rotation[-1][1, 0] > 0, shows  # the camera's right points down in the world


@given(
    seed=st.integers(0, 10_000),
    name=st.sampled_from(sorted(PLANS)),
    scale=st.floats(0.01, 100),
)
@settings(max_examples=40, deadline=None)
def test_the_world_s_axes_and_unit_change_nothing(seed: int, name: str, scale: float):
    known = known_path(name, 0)
    moved = known.world_from_cam.copy()
    turn = Rotation.random(random_state=seed).as_matrix()
    moved[:, :3, :3] = turn @ moved[:, :3, :3]
    moved[:, :3, 3] = scale * moved[:, :3, 3] @ turn.T + 3.0
    here = camera_path(known.times_s, known.world_from_cam, known.median_depth, None)
    there = camera_path(known.times_s, moved, scale * known.median_depth, None)
    for kind, amount in here.amounts.items():
        assert there.amounts[kind] == pytest.approx(amount, abs=1e-5), kind
    assert there.shake_deg == pytest.approx(here.shake_deg, abs=1e-6)


@pytest.mark.parametrize("pitch_deg", [-40.0, -20.0, 0.0, 30.0])
def test_a_pan_is_one_however_far_the_camera_looks_up_or_down(pitch_deg: float):
    rotation = turning("YX", [0.0, pitch_deg], [90.0, pitch_deg])
    told = angles(rotation, vertical(rotation))
    assert np.ptp(told, axis=0) == pytest.approx([90, 0, 0], abs=1.5)
    assert told[0, 1] == pytest.approx(pitch_deg, abs=1.5)


def test_a_whole_turn_and_more_is_counted():
    rotation = turning("y", [0.0], [500.0], 100)
    assert angles(rotation, vertical(rotation))[-1, 0] == pytest.approx(500)


def test_a_straight_look_ahead_takes_the_mean_camera_for_upright():
    still = np.tile(Rotation.from_euler("zx", [30, 10], degrees=True).as_matrix(), (5, 1, 1))
    assert vertical(still) == pytest.approx(-still[0][:, 1])
