"""Rotations between pictures: the true one is found through outliers, and pairs together give what each gives alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from factory.geometry.turning import Matches, fit_rotation, rotation_residual, together, turning_focal

FOCAL_PX = 500.0


def turned_pair(rng: np.random.Generator, count: int, wrong: int) -> Matches:
    """Matches of a camera that turns by some degrees, the first `wrong` of them astray."""
    rotation = Rotation.from_rotvec(rng.normal(0, 0.05, 3)).as_matrix()
    xy = rng.uniform(-1, 1, (count, 2)) * [300, 170]
    rays = np.column_stack([xy / FOCAL_PX, np.ones(count)]) @ rotation.T
    goes = rays[:, :2] / rays[:, 2:] * FOCAL_PX + rng.normal(0, 0.1, (count, 2))
    goes[:wrong] += rng.uniform(20, 60, (wrong, 2))
    return Matches(xy, goes)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(-15, 15), st.floats(-15, 15), st.floats(-20, 20), st.floats(0, 0.35))
def test_a_rotation_is_found_among_outliers(seed, x_deg, y_deg, z_deg, wrong_share):
    rng = np.random.default_rng(seed)
    true = Rotation.from_euler("xyz", [x_deg, y_deg, z_deg], degrees=True).as_matrix()
    xy = rng.uniform(-300, 300, (150, 2))
    turned = np.column_stack([xy / 500, np.ones(150)]) @ true.T
    moved = turned[:, :2] / turned[:, 2:] * 500
    wrong = rng.random(150) < wrong_share
    moved[wrong] += rng.uniform(20, 80, (int(wrong.sum()), 2))
    found = fit_rotation(Matches(xy, moved), 500.0)
    assert np.median(rotation_residual(Matches(xy, moved), 500.0, found)[~wrong]) < 0.1


@pytest.mark.parametrize("focal_px", [350.0, 700.0, 1800.0])
def test_one_focal_is_found_for_all_rotations(focal_px):
    rng = np.random.default_rng(1)
    pairs = []
    for angle in ([3, 8, 1], [-4, 6, 2], [6, -9, -1]):
        true = Rotation.from_euler("xyz", np.array(angle) * 500 / focal_px, degrees=True).as_matrix()
        xy = rng.uniform(-250, 250, (200, 2))
        turned = np.column_stack([xy / focal_px, np.ones(200)]) @ true.T
        pairs.append(Matches(xy, turned[:, :2] / turned[:, 2:] * focal_px + rng.normal(0, 0.1, (200, 2))))
    found, _ = turning_focal(pairs, 640.0)
    assert found == pytest.approx(focal_px, rel=0.03)


def test_pairs_together_give_what_each_gives_alone():
    rng = np.random.default_rng(0)
    pairs = [turned_pair(rng, count, wrong=count // 5) for count in (40, 90, 25)]
    found = fit_rotation(together(pairs), FOCAL_PX)
    for pair, rotation in zip(pairs, found, strict=True):
        np.testing.assert_allclose(rotation, fit_rotation(pair, FOCAL_PX), atol=1e-9)
    residual = rotation_residual(together(pairs), FOCAL_PX, found)
    np.testing.assert_allclose(residual[1, :90], rotation_residual(pairs[1], FOCAL_PX, found[1]))


def test_what_is_behind_the_camera_is_infinitely_far_off():
    pair = Matches(np.array([[0.0, 0.0]]), np.array([[0.0, 0.0]]))
    assert np.isinf(rotation_residual(pair, FOCAL_PX, np.diag([-1.0, 1.0, -1.0])))
