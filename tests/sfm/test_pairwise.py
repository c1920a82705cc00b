"""Refined relative poses against the truth they were made from."""

import numpy as np
from scipy.spatial.transform import Rotation

from factory.geometry.trajectory import rotation_angle_deg
from factory.sfm.pairwise import packed, refined_poses


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
