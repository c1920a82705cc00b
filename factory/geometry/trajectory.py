"""Comparing trajectories: the best similarity between two, and the errors that remain (ATE, RPE)."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from factory.geometry.camera import invert_rigid


@dataclass(frozen=True)
class Similarity:
    """x -> scale R x + t. rotation float64 (3, 3), translation (3,)."""

    scale: float
    rotation: np.ndarray
    translation: np.ndarray

    def points(self, points: np.ndarray) -> np.ndarray:
        return self.scale * points @ self.rotation.T + self.translation

    def poses(self, world_from_cam: np.ndarray) -> np.ndarray:
        """Camera-to-world poses (F, 4, 4) carried into the target's world."""
        moved = world_from_cam.copy()
        moved[:, :3, :3] = self.rotation @ world_from_cam[:, :3, :3]
        moved[:, :3, 3] = self.points(world_from_cam[:, :3, 3])
        return moved


def align_similarity(source: np.ndarray, target: np.ndarray) -> Similarity:
    """The similarity that takes points `source` (N, 3) to `target` (N, 3) with least squared error.

    Umeyama, PAMI 1991, eqs. 40-42. Raises ValueError when the source points coincide: their scale is undefined.
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    source_centred, target_centred = source - source_mean, target - target_mean
    variance = np.mean(np.sum(source_centred**2, axis=1))
    if variance <= 1e-24 * max(1.0, float(np.sum(source_mean**2))):
        raise ValueError("the source positions coincide: a similarity is not defined")
    u, singular, vt = np.linalg.svd(target_centred.T @ source_centred / len(source))
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt)) or 1.0])
    rotation = u @ np.diag(sign) @ vt
    scale = float(singular @ sign / variance)
    return Similarity(scale, rotation, target_mean - scale * rotation @ source_mean)


def align_rigid(source: np.ndarray, target: np.ndarray) -> Similarity:
    """The same of scale 1, for positions that are in the target's unit already: the best rotation does not depend on
    the scale. It is defined for positions that coincide, too, as of a camera that stands still."""
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    u, _, vt = np.linalg.svd((target - target_mean).T @ (source - source_mean))
    rotation = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt)) or 1.0]) @ vt
    return Similarity(1.0, rotation, target_mean - rotation @ source_mean)


def rotation_angle_deg(rotation: np.ndarray) -> np.ndarray:
    """Angles of rotations (..., 3, 3) in degrees, accurate also near 0 and 180."""
    skew = np.stack(
        [
            rotation[..., 2, 1] - rotation[..., 1, 2],
            rotation[..., 0, 2] - rotation[..., 2, 0],
            rotation[..., 1, 0] - rotation[..., 0, 1],
        ],
        axis=-1,
    )
    return np.degrees(np.arctan2(np.linalg.norm(skew, axis=-1), np.trace(rotation, axis1=-2, axis2=-1) - 1.0))


def path_length(world_from_cam: np.ndarray) -> float:
    """Sum of the distances between successive camera positions of (F, 4, 4)."""
    return float(np.linalg.norm(np.diff(world_from_cam[:, :3, 3], axis=0), axis=1).sum())


@dataclass(frozen=True)
class PoseErrors:
    """ATE: root mean square position error after Sim(3), in the truth's unit and in % of its path; None without a
    true path. RPE: root mean square of the relative-rotation error between successive poses, degrees."""

    ate: float | None
    ate_percent: float | None
    rpe_rotation_deg: float
    rpe_translation: float | None


def pose_errors(estimate: np.ndarray, truth: np.ndarray) -> PoseErrors:
    """Errors of camera-to-world poses (F, 4, 4) against the truth, frame by frame (Sturm et al., IROS 2012).

    Without true motion there is nothing to measure a position against: those errors are None.
    Raises ValueError on fewer than 3 poses.
    """
    if len(estimate) < 3:
        raise ValueError(f"three poses are needed to align a trajectory, there are {len(estimate)}")
    step_estimate = invert_rigid(estimate[:-1]) @ estimate[1:]
    step_truth = invert_rigid(truth[:-1]) @ truth[1:]
    turn = rotation_angle_deg(np.swapaxes(step_truth[:, :3, :3], 1, 2) @ step_estimate[:, :3, :3])
    rotation_deg = float(np.sqrt(np.mean(turn**2)))
    path = path_length(truth)
    if path <= 0.0 or _extent(estimate) == 0.0:
        return PoseErrors(None, None, rotation_deg, None)
    fit = align_similarity(estimate[:, :3, 3], truth[:, :3, 3])
    ate = _rms(fit.points(estimate[:, :3, 3]) - truth[:, :3, 3])
    translation = _rms(fit.scale * step_estimate[:, :3, 3] - step_truth[:, :3, 3])
    return PoseErrors(ate, 100.0 * ate / path, rotation_deg, translation)


def _extent(poses: np.ndarray) -> float:
    return float(np.linalg.norm(poses[:, :3, 3] - poses[:, :3, 3].mean(axis=0), axis=1).max())


def _rms(vectors: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.sum(vectors**2, axis=-1))))


def turns(world_from_cam: np.ndarray) -> np.ndarray:
    """Rotations between successive poses (F, 4, 4), in the earlier one's frame: float64 (F - 1, 3, 3)."""
    rotation = world_from_cam[:, :3, :3]
    return np.asarray(np.swapaxes(rotation[:-1], 1, 2) @ rotation[1:])


def moved_on(times_s: np.ndarray, world_from_cam: np.ndarray, index: np.ndarray, after_s: np.ndarray) -> np.ndarray:
    """Poses (N, 4, 4) a little after those of number `index`, int (N,), by seconds (N,): at the mean velocity between
    the poses before and after them."""
    before, ahead = np.maximum(index - 1, 0), np.minimum(index + 1, len(times_s) - 1)
    share = (after_s / np.maximum(times_s[ahead] - times_s[before], 1e-9))[:, None]
    rotation, position = world_from_cam[:, :3, :3], world_from_cam[:, :3, 3]
    turn = Rotation.from_matrix(np.swapaxes(rotation[before], 1, 2) @ rotation[ahead]).as_rotvec()
    poses = world_from_cam[index].copy()
    poses[:, :3, :3] = rotation[index] @ Rotation.from_rotvec(share * turn).as_matrix()
    poses[:, :3, 3] += share * (position[ahead] - position[before])
    return poses
