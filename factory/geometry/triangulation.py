"""Points from rays of known cameras, many tracks at once on flat arrays of observations."""

import numpy as np

from factory.geometry.camera import Camera, project_cam, transform_points, unproject


def triangulate(
    xy: np.ndarray,
    cam_from_world: np.ndarray,
    track: np.ndarray,
    count: int,
    camera: Camera,
    loss_px: float = 1.0,
    iterations: int = 8,
    focal_px: np.ndarray | None = None,
) -> np.ndarray:
    """World points, float64 (count, 3), of tracks; NaN where a track has no two rays that cross.

    xy (N, 2) pixels, cam_from_world (N, 4, 4) one a row, track int (N,) in 0..count-1. focal_px: float64 (N,), one a
    row in place of the camera's. The linear method (Hartley and
    Zisserman, 2nd ed., 12.2) whose equations are weighted by 1 / depth, which makes them pixel errors, and by a Cauchy
    weight of scale `loss_px`: after a few rounds the robust reprojection error is least.
    """
    ray = unproject(xy, camera, focal_px)
    focal = camera.focal_px if focal_px is None else focal_px
    rows = ray[:, :2, None] * cam_from_world[:, None, 2, :] - cam_from_world[:, :2, :]
    weight = np.ones(len(xy))
    points = np.full((count, 3), np.nan)
    for _ in range(iterations):
        points = _solve_linear(rows, weight, track, count)
        in_camera = transform_points(cam_from_world, points[track])
        depth = np.where(in_camera[:, 2] > 1e-9, in_camera[:, 2], np.nan)
        error_px = focal * np.linalg.norm(in_camera[:, :2] / depth[:, None] - ray[:, :2], axis=1)
        weight = 1.0 / (np.nan_to_num(depth, nan=1e9) ** 2 * (1.0 + (np.nan_to_num(error_px, nan=1e9) / loss_px) ** 2))
    return points


def _solve_linear(rows: np.ndarray, weight: np.ndarray, track: np.ndarray, count: int) -> np.ndarray:
    """Least squares of rows (N, 2, 4) [a | b] with a X + b = 0, per track."""
    weighted = rows * weight[:, None, None]
    normal = np.einsum("nki,nkj->nij", weighted[..., :3], rows).reshape(-1, 12)
    sums = np.stack([np.bincount(track, normal[:, k], count) for k in range(12)], axis=1).reshape(count, 3, 4)
    matrix, right = sums[..., :3], -sums[..., 3]
    size = np.trace(matrix, axis1=1, axis2=2) / 3.0
    determinant = np.linalg.det(matrix / np.maximum(size, 1e-300)[:, None, None])
    solvable = (size > 0) & (determinant > 1e-14)
    points = np.full((count, 3), np.nan)
    points[solvable] = np.linalg.solve(matrix[solvable], right[solvable][..., None])[..., 0]
    return points


def reprojection_errors(
    xy: np.ndarray,
    cam_from_world: np.ndarray,
    points: np.ndarray,
    camera: Camera,
    focal_px: np.ndarray | None = None,
) -> np.ndarray:
    """Pixels (N,) between observations and their points (N, 3); inf behind the camera or without a point.

    focal_px: float64 (N,), one a row in place of the camera's.
    """
    in_camera = transform_points(cam_from_world, points)
    ahead = in_camera[:, 2] > 1e-9
    errors = np.full(len(xy), np.inf)
    focal = None if focal_px is None else focal_px[ahead]
    errors[ahead] = np.linalg.norm(project_cam(in_camera[ahead], camera, focal) - xy[ahead], axis=1)
    return errors


def triangulation_angles_deg(
    world_from_cam: np.ndarray, points: np.ndarray, track: np.ndarray, count: int
) -> np.ndarray:
    """The parallax of each track in degrees, float64 (count,): the widest angle at its point between the first ray
    and any other. world_from_cam (N, 4, 4) and track (N,) per observation, track ascending; points (count, 3)."""
    ray = world_from_cam[:, :3, 3] - points[track]
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    first = np.searchsorted(track, np.arange(count))
    reference = ray[np.minimum(first, len(ray) - 1)][track]
    angle = np.degrees(2.0 * np.arcsin(np.clip(np.linalg.norm(ray - reference, axis=1) / 2.0, 0.0, 1.0)))
    widest = np.zeros(count)
    np.maximum.at(widest, track, np.nan_to_num(angle))
    return widest
