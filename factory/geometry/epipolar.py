"""Two-view geometry: the essential and fundamental matrix of a relative pose, and the distance of a match from it."""

import numpy as np

from factory.geometry.camera import Camera


def cross_matrix(vector: np.ndarray) -> np.ndarray:
    """[v]x, float64 (..., 3, 3), with [v]x w = v x w."""
    x, y, z = np.moveaxis(np.asarray(vector, dtype=float), -1, 0)
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*x.shape, 3, 3)


def essential_matrix(cam2_from_cam1: np.ndarray) -> np.ndarray:
    """E = [t]x R with r2^T E r1 = 0 for rays of one point, from 4x4 (or 3x4) relative poses (..., 4, 4)."""
    return cross_matrix(cam2_from_cam1[..., :3, 3]) @ cam2_from_cam1[..., :3, :3]


def fundamental_matrix(cam2_from_cam1: np.ndarray, camera1: Camera, camera2: Camera) -> np.ndarray:
    """F = K2^-T E K1^-1 with x2^T F x1 = 0 for undistorted pixels of one point. Float64 (..., 3, 3)."""
    inverse1, inverse2 = np.linalg.inv(camera1.matrix), np.linalg.inv(camera2.matrix)
    return inverse2.T @ essential_matrix(cam2_from_cam1) @ inverse1


def sampson_error(matrix: np.ndarray, xy1: np.ndarray, xy2: np.ndarray) -> np.ndarray:
    """First-order distance of matches from their epipolar geometry, float64 (N,), in the unit of xy (pixels for F).

    `matrix` (3, 3), or (N, 3, 3) for one matrix a match, with x2^T M x1 = 0; xy1, xy2 (N, 2). Hartley and Zisserman,
    Multiple View Geometry, 2nd ed., eq. 11.9, as a distance (its square root). A match on both epipoles gives 0.
    """
    return np.abs(signed_sampson_error(matrix, xy1, xy2))


def signed_sampson_error(matrix: np.ndarray, xy1: np.ndarray, xy2: np.ndarray) -> np.ndarray:
    """As `sampson_error`, with the sign of x2^T M x1: smooth where it is 0, as least squares need it."""
    one = np.ones((len(xy1), 1))
    h1, h2 = np.hstack([xy1, one]), np.hstack([xy2, one])
    line2 = np.einsum("...ij,...j->...i", matrix, h1)
    line1 = np.einsum("...ji,...j->...i", matrix, h2)
    residual = np.sum(h2 * line2, axis=-1)
    gradient = np.sqrt(np.sum(line2[..., :2] ** 2, axis=-1) + np.sum(line1[..., :2] ** 2, axis=-1))
    return np.asarray(residual / np.maximum(gradient, 1e-12))
