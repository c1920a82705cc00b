"""Points from rays of known cameras, many tracks at once on flat arrays of observations."""

import numpy as np
from scipy.sparse import csr_matrix

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

    xy (N, 2) pixels, cam_from_world (N, 4, 4) one a row, track int (N,) in 0..count-1, ascending. focal_px: float64
    (N,), one a row in place of the camera's. The linear method (Hartley and Zisserman, 2nd ed., 12.2) whose equations
    are weighted by 1 / depth, which makes them pixel errors, and by a Cauchy weight of scale `loss_px`: after a few
    rounds the robust reprojection error is least.
    """
    points = np.full((count, 3), np.nan)
    if len(xy) == 0:
        return points
    ray = unproject(xy, camera, focal_px)
    focal = camera.focal_px if focal_px is None else focal_px
    # One row a matrix entry: long rows are what numpy is fast at.
    pose = np.ascontiguousarray(cam_from_world.reshape(-1, 16).T[:12]).reshape(3, 4, -1)
    equations = ray.T[:2, None] * pose[2] - pose[:2]
    products = np.stack([np.sum(equations[:, i] * equations[:, j], axis=0) for i, j in ENTRIES], axis=1)
    begin = np.flatnonzero(np.diff(track, prepend=-1))
    ends = np.append(begin, len(track))
    weight = np.ones(len(xy))
    for _ in range(iterations):
        sums = csr_matrix((weight, np.arange(len(xy)), ends), shape=(len(begin), len(xy))) @ products
        found = _solved(sums.T)
        x, y, z = np.repeat(found, np.diff(ends), axis=1)
        depth = pose[2, 0] * x + pose[2, 1] * y + pose[2, 2] * z + pose[2, 3]
        miss = equations[:, 0] * x + equations[:, 1] * y + equations[:, 2] * z + equations[:, 3]
        # NaN, of a track without a point, is not ahead either.
        ahead = depth > 1e-9
        depth = np.where(ahead, depth, 1e9)
        error_px = np.where(ahead, focal * np.sqrt(miss[0] ** 2 + miss[1] ** 2) / depth, 1e9)
        weight = 1.0 / (depth**2 * (1.0 + (error_px / loss_px) ** 2))
    points[track[begin]] = found.T
    return points


# Of the normal equations of a point: the matrix's upper triangle, then the right side.
ENTRIES = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2), (0, 3), (1, 3), (2, 3))


def _solved(sums: np.ndarray) -> np.ndarray:
    """Points (3, m) of normal equations (9, m) in the order of `ENTRIES`, by L D L^T; NaN where they are singular."""
    xx, xy, xz, yy, yz, zz, *right = sums
    size = (xx + yy + zz) / 3.0
    with np.errstate(divide="ignore", invalid="ignore"):
        yx, zx = xy / xx, xz / xx
        second = yy - yx * xy
        zy = (yz - zx * xy) / second
        third = zz - zx * xz - zy * zy * second
        u, v = -right[0], -right[1] + yx * right[0]
        w = -right[2] - zx * u - zy * v
        z = w / third
        y = v / second - zy * z
        x = u / xx - yx * y - zx * z
        solvable = (size > 0) & (xx * second * third > 1e-14 * size**3)
    return np.where(solvable, np.stack([x, y, z]), np.nan)


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
