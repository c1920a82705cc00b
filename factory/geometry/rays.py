"""Points from rays that may look anywhere, many tracks at once on flat arrays of observations."""

import numpy as np


def midpoints(
    first: np.ndarray, second: np.ndarray, first_from_second: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where rays (N, 3) of two cameras come nearest: the points between them, float64 (N, 3) in the first's frame; the
    distance along each ray of the first, (N,), below 0 where the rays meet behind it; and the angle between the rays in
    radians, (N,), positive where they meet ahead.

    first, second: unit rays, each in its camera's frame. first_from_second: float64 (4, 4). Parallel rays give inf or
    NaN. The midpoint method (Hartley and Sturm, 1997).
    """
    turned, shift = second @ first_from_second[:3, :3].T, first_from_second[:3, 3]
    across = np.cross(first, turned)
    square = np.sum(across**2, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        along = np.sum(np.cross(shift, turned) * across, axis=1) / square
        beside = np.sum(np.cross(shift, first) * across, axis=1) / square
        points = 0.5 * (along[:, None] * first + shift + beside[:, None] * turned)
    angle = np.arctan2(np.sqrt(square), np.sum(first * turned, axis=1))
    return points, along, np.where(along < 0, -angle, angle)


def meeting_points(
    centres: np.ndarray,
    rays: np.ndarray,
    track: np.ndarray,
    count: int,
    loss_rad: float,
    iterations: int = 6,
    weight: np.ndarray | None = None,
) -> np.ndarray:
    """World points, float64 (count, 3), of tracks; NaN where a track has no two rays that cross.

    centres, rays: float64 (N, 3) world, rays of length 1. track: int (N,) in 0..count-1, in any order. weight: float64
    (N,). Squared distances to the rays are weighted by 1 / distance^2, which makes them angles, and by a Cauchy weight
    of scale `loss_rad`: after a few rounds the robust angular error is least.
    """
    if len(track) == 0:
        return np.full((count, 3), np.nan)
    given = np.ones(len(track)) if weight is None else weight
    across = np.eye(3) - rays[:, :, None] * rays[:, None, :]
    told = np.einsum("nij,nj->ni", across, centres)
    w = given
    for _ in range(iterations):
        points = _solved(across, told, w, track, count)
        seen = points[track] - centres
        distance = np.linalg.norm(seen, axis=1)
        miss = np.linalg.norm(np.cross(rays, seen), axis=1)
        ahead = np.sum(rays * seen, axis=1) > 1e-9  # NaN, of a track without a point, is not
        angle = np.where(ahead, miss / np.where(ahead, distance, 1.0), 10.0)
        w = given / (np.where(ahead, distance, 1e3) ** 2 * (1.0 + (angle / loss_rad) ** 2))
    return points


def _solved(across: np.ndarray, told: np.ndarray, weight: np.ndarray, track: np.ndarray, count: int) -> np.ndarray:
    matrix, right = np.empty((count, 3, 3)), np.empty((count, 3))
    for i in range(3):
        right[:, i] = np.bincount(track, weight * told[:, i], count)
        for j in range(i, 3):
            matrix[:, i, j] = matrix[:, j, i] = np.bincount(track, weight * across[:, i, j], count)
    size = np.trace(matrix, axis1=1, axis2=2)
    # Two rays leave det / trace^3 of a 32nd of their angle's square: 1e-12 are six microradians.
    solvable = np.linalg.det(matrix) > 1e-12 * np.maximum(size, 1e-300) ** 3
    points = np.full((count, 3), np.nan)
    points[solvable] = np.linalg.solve(matrix[solvable], right[solvable, :, None])[..., 0]
    return points
