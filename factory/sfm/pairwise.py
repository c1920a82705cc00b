"""Relative poses of many frame pairs at once, refined from a start: what RANSAC would find again, at a tenth of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from factory.geometry.epipolar import cross_matrix


@dataclass(frozen=True)
class PairRays:
    """Matches of P pairs, each thinned or padded to n. rays_i, rays_j: float64 (P, n, 3) with z = 1. weight: float64
    (P, n), 0 for padding."""

    rays_i: np.ndarray
    rays_j: np.ndarray
    weight: np.ndarray


def packed(matches: Sequence[tuple[np.ndarray, np.ndarray]], most: int) -> PairRays:
    """Matches of rays with z = 1, (n_p, 3) each in two frames, evenly thinned to `most` a pair."""
    rays = np.zeros((2, len(matches), most, 3))
    weight = np.zeros((len(matches), most))
    for p, (rays_i, rays_j) in enumerate(matches):
        part = np.linspace(0, len(rays_i) - 1, min(len(rays_i), most)).astype(int)
        rays[0, p, : len(part)], rays[1, p, : len(part)] = rays_i[part], rays_j[part]
        weight[p, : len(part)] = 1.0
    return PairRays(rays[0], rays[1], weight)


def refined_poses(
    pairs: PairRays, rotation: np.ndarray, shift: np.ndarray, scale: float, iterations: int = 5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """cam_j from cam_i, refined: rotations (P, 3, 3), unit shifts (P, 3), and Sampson errors (P, n) in the plane z = 1.

    Gauss-Newton on the five parameters of the essential matrix, Cauchy weights of `scale` in the plane z = 1. The
    residual is Sampson's (Hartley and Zisserman, 2nd ed., eq. 11.9), its denominator held fixed in each step.
    rotation, shift: the starts.
    """
    outer = (pairs.rays_j[..., :, None] * pairs.rays_i[..., None, :]).reshape(*pairs.weight.shape, 9)
    for _ in range(iterations):
        error, gradient = _sampson(pairs, rotation, shift, outer)
        weight = pairs.weight / (1.0 + (error / scale) ** 2)
        columns, basis = _derivatives(rotation, shift)
        jacobian = (outer @ columns) / gradient[..., None]
        weighted = jacobian * weight[..., None]
        normal = np.swapaxes(weighted, 1, 2) @ jacobian
        normal[:, range(5), range(5)] += 1e-12 + 1e-4 * normal[:, range(5), range(5)]
        step = -np.linalg.solve(normal, np.einsum("pnk,pn->pk", weighted, error)[..., None])[..., 0]
        step[:, :3] *= np.minimum(1.0, 0.2 / np.maximum(np.linalg.norm(step[:, :3], axis=1), 1e-12))[:, None]
        step[:, 3:] *= np.minimum(1.0, 0.5 / np.maximum(np.linalg.norm(step[:, 3:], axis=1), 1e-12))[:, None]
        rotation = Rotation.from_rotvec(step[:, :3]).as_matrix() @ rotation
        shift = shift + np.einsum("pkd,pd->pk", basis, step[:, 3:])
        shift = shift / np.linalg.norm(shift, axis=1, keepdims=True)
    return rotation, shift, np.abs(_sampson(pairs, rotation, shift, outer)[0])


def _sampson(
    pairs: PairRays, rotation: np.ndarray, shift: np.ndarray, outer: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Signed errors (P, n) and their denominators (P, n)."""
    essential = cross_matrix(shift) @ rotation
    value = (outer @ essential.reshape(-1, 9, 1))[..., 0]
    line_j = pairs.rays_i @ np.swapaxes(essential, 1, 2)[..., :2]
    line_i = pairs.rays_j @ essential[..., :2]
    gradient = np.sqrt(np.maximum(np.sum(line_i**2, axis=-1) + np.sum(line_j**2, axis=-1), 1e-18))
    return value / gradient, gradient


def _derivatives(rotation: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the essential matrix by three turns and two shifts, (P, 9, 5); and the two directions of shift, (P, 3, 2)."""
    axes = cross_matrix(np.eye(3))
    turning = cross_matrix(shift)[:, None] @ axes[None] @ rotation[:, None]
    # The least of the shift's components gives the axis that is surest not to lie along it.
    least = np.eye(3)[np.argmin(np.abs(shift), axis=1)]
    first = np.cross(shift, least)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    basis = np.stack([first, np.cross(shift, first)], axis=2)
    shifting = cross_matrix(np.swapaxes(basis, 1, 2)) @ rotation[:, None]
    both = np.concatenate([turning, shifting], axis=1)
    return np.swapaxes(both.reshape(len(rotation), 5, 9), 1, 2), basis
