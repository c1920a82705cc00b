"""Refined relative poses against the truth they were made from."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from factory.geometry.trajectory import rotation_angle_deg
from factory.sfm.pairs.pairwise import PairPoses, packed, refined_poses, refined_zooms


def world(rng, count):
    """Rays in two frames of points at depths of 3 to 10, and the pose between them with a shift of length 1."""
    rotation = Rotation.from_rotvec(rng.normal(0, 0.1, 3)).as_matrix()
    shift = rng.normal(size=3)
    shift /= np.linalg.norm(shift)
    points = np.column_stack([rng.uniform(-1, 1, (count, 2)), np.ones(count)]) * rng.uniform(3, 10, (count, 1))
    moved = points @ rotation.T + shift
    return points / points[:, 2:], moved / moved[:, 2:], rotation, shift


def turned(rotation, rng, degrees):
    axis = rng.normal(size=3)
    return Rotation.from_rotvec(axis / np.linalg.norm(axis) * np.radians(degrees)).as_matrix() @ rotation


def comes_back(seed: int) -> bool:
    """Whether a start half a degree off finds the pose of 200 matches, 40 of them wrong."""
    rng = np.random.default_rng(seed)
    rays_i, rays_j, rotation, shift = world(rng, 200)
    rays_j[:40, :2] += rng.uniform(-0.2, 0.2, (40, 2))
    rays_j[:, :2] += rng.normal(0, 1e-4, (200, 2))
    aside = np.cross(shift, rng.normal(size=3))
    start = shift + 0.02 * aside / np.linalg.norm(aside)
    found, direction, error = refined_poses(
        packed([(rays_i, rays_j)], 200),
        turned(rotation, rng, 0.5)[None],
        (start / np.linalg.norm(start))[None],
        1e-3,
        iterations=15,
    )
    close = rotation_angle_deg(rotation.T @ found[0]) < 0.05 and float(direction[0] @ shift) > np.cos(np.radians(1.0))
    return bool(close and np.median(error[0, 40:]) < 2e-4)


def test_a_start_half_a_degree_off_comes_back_through_outliers():
    # Not always: of 2500 seeds three end in another minimum, where the caller asks RANSAC again.
    assert np.mean([comes_back(seed) for seed in range(60)]) > 0.95


def zoom_seen(log_ratio: float, noise: float, seed: int) -> tuple[float, float]:
    """The log ratio found in 200 matches with a zoom between, from a start without one, and its standard deviation."""
    rng = np.random.default_rng(seed)
    rays_i, rays_j, rotation, shift = world(rng, 200)
    rays_i[:, :2] = rays_i[:, :2] * np.exp(-log_ratio / 2) + rng.normal(0, noise, (200, 2))
    rays_j[:, :2] = rays_j[:, :2] * np.exp(log_ratio / 2) + rng.normal(0, noise, (200, 2))
    start = PairPoses(rotation[None], shift[None], np.zeros(1))
    found, _, sigma = refined_zooms(packed([(rays_i, rays_j)], 200), start, 1e-3, iterations=15)
    return float(found.log_ratio[0]), float(sigma[0])


@settings(deadline=None, max_examples=30)
@given(st.floats(-0.3, 0.3), st.integers(0, 10**6))
def test_the_ratio_of_focal_lengths_is_found(log_ratio: float, seed: int):
    found, sigma = zoom_seen(log_ratio, 0.0, seed)
    assert found == pytest.approx(log_ratio, abs=max(1e-3, 3 * sigma))


def test_a_ratio_is_off_by_what_it_says():
    off = [(found - 0.1) / sigma for found, sigma in (zoom_seen(0.1, 3e-4, seed) for seed in range(60))]
    assert abs(np.median(off)) < 0.4
    assert 0.4 < np.median(np.abs(off)) < 1.2


@pytest.mark.parametrize("seed", range(5))
def test_the_answer_is_where_the_cost_is_least(seed):
    rng = np.random.default_rng(seed)
    rays_i, rays_j, rotation, shift = world(rng, 200)
    rays_j[:, :2] += rng.normal(0, 5e-3, (200, 2))
    pairs, scale = packed([(rays_i, rays_j)], 200), 5e-3
    found, _, _ = refined_zooms(pairs, PairPoses(rotation[None], shift[None], np.zeros(1)), scale, iterations=30)

    def cost(turn: np.ndarray, grow: float) -> float:
        aside = replace(found, rotation=Rotation.from_rotvec(turn).as_matrix() @ found.rotation)
        aside = replace(aside, log_ratio=found.log_ratio + grow)
        return float(np.log1p((refined_zooms(pairs, aside, scale, iterations=0)[1] / scale) ** 2).sum())

    least, steps = cost(np.zeros(3), 0.0), [(axis, 0.0) for axis in np.eye(3)] + [(np.zeros(3), 1.0)]
    for turn, grow in steps:
        behind, ahead = (cost(by * turn, by * grow) - least for by in (-1e-3, 1e-3))
        assert abs(ahead - behind) < 0.05 * (ahead + behind)  # the slope, by the curvature


def test_pairs_do_not_disturb_each_other_and_padding_counts_for_nothing():
    rng = np.random.default_rng(1)
    scenes = [world(rng, count) for count in (60, 200, 90)]
    starts = [turned(rotation, rng, 1.0) for _, _, rotation, _ in scenes]
    shifts = [shift for *_, shift in scenes]
    together = refined_poses(
        packed([scene[:2] for scene in scenes], 120), np.stack(starts), np.stack(shifts), 1e-3, iterations=8
    )
    for k, scene in enumerate(scenes):
        alone = refined_poses(packed([scene[:2]], min(120, len(scene[0]))), starts[k][None], shifts[k][None], 1e-3, 8)
        np.testing.assert_allclose(together[0][k], alone[0][0], atol=1e-9)
        np.testing.assert_allclose(together[1][k], alone[1][0], atol=1e-9)
        assert rotation_angle_deg(scene[2].T @ together[0][k]) < 1e-4
