"""Relative poses of many frame pairs at once, each with the ratio of its two focal lengths free."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from factory.geometry.camera import centred_camera
from factory.geometry.epipolar import cross_matrix
from factory.geometry.turning import Matches
from factory.sfm.relative import LEAST_MATCHES, relative_pose
from factory.sfm.turning import growth
from factory.tracks import Tracks

MOST_MATCHES = 200  # of a pair, as in relative poses
ITERATIONS = 12  # guess
LOSS_PX = 0.5  # Cauchy
STEP = 1e-6  # of the numeric derivatives: of radians and log ratios


@dataclass(frozen=True)
class ZoomPairs:
    """P frame pairs with n matches each, and what is believed of their geometry.

    i, j: int (P,). xy_i, xy_j: float64 (P, n, 2) pixels from the picture's middle. used: bool (P, n), False where a
    pair has fewer matches. rotation: float64 (P, 3, 3); direction: float64 (P, 3) of length 1, of cam_j from cam_i.
    focal_px: float64 (P, 2), in frames i and j. cost: float64 (P,), mean Cauchy loss of the matches. sigma: float64
    (P,), standard deviation of the log ratio of the focal lengths, inf before it was refined.
    """

    i: np.ndarray
    j: np.ndarray
    xy_i: np.ndarray
    xy_j: np.ndarray
    used: np.ndarray
    rotation: np.ndarray
    direction: np.ndarray
    focal_px: np.ndarray
    cost: np.ndarray
    sigma: np.ndarray

    @property
    def log_ratio(self) -> np.ndarray:
        """log(focal in j / focal in i), float64 (P,)."""
        return np.asarray(np.log(self.focal_px[:, 1] / self.focal_px[:, 0]))

    def better(self, other: "ZoomPairs") -> "ZoomPairs":
        """Of two answers for the same pairs, pair by pair, the one of lower cost."""
        wins = other.cost < self.cost

        def pick(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
            return np.where(wins.reshape(-1, *[1] * (mine.ndim - 1)), theirs, mine)

        names = ("rotation", "direction", "focal_px", "cost", "sigma")
        return replace(self, **{name: pick(getattr(self, name), getattr(other, name)) for name in names})


def zoom_pairs(
    tracks: Tracks, pairs: Iterable[tuple[int, int]], focal_px: np.ndarray, trials: int, guess: bool
) -> ZoomPairs | None:
    """Five-point models of pairs under focal lengths float64 (F,), not yet refined; None where no pair has one.

    With `guess` the ratio of a pair's focal lengths is further multiplied by how much the picture grows.
    """
    middle = np.array([tracks.width - 1, tracks.height - 1]) / 2
    size = (tracks.width, tracks.height)
    rows: list[tuple[int, int, np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    for i, j in pairs:
        ids, xy_i, xy_j = tracks.pair(i, j)
        if len(ids) < LEAST_MATCHES:
            continue
        part = np.linspace(0, len(ids) - 1, min(len(ids), MOST_MATCHES)).astype(int)
        a, b = xy_i[part] - middle, xy_j[part] - middle
        focal = np.array([focal_px[i], focal_px[j]])
        if guess:
            ratio = growth(Matches(a, b)) * focal[0] / focal[1]
            focal = focal * np.array([ratio**-0.5, ratio**0.5])
        # Both frames are scaled to one focal length, for which the pose is the same.
        common = float(np.sqrt(focal.prod()))
        camera = centred_camera(common, *size)
        pose = relative_pose(a * common / focal[0] + middle, b * common / focal[1] + middle, camera, size, 1.5, trials)
        if pose is not None:
            rows.append((i, j, a, b, pose[0], focal))
    if not rows:
        return None
    used = np.arange(MOST_MATCHES) < np.array([len(row[2]) for row in rows])[:, None]
    poses = np.stack([row[4] for row in rows])
    return _costed(
        ZoomPairs(
            i=np.array([row[0] for row in rows]),
            j=np.array([row[1] for row in rows]),
            xy_i=_padded([row[2] for row in rows]),
            xy_j=_padded([row[3] for row in rows]),
            used=used,
            rotation=poses[:, :3, :3],
            direction=poses[:, :3, 3],
            focal_px=np.stack([row[5] for row in rows]),
            cost=np.full(len(rows), np.inf),
            sigma=np.full(len(rows), np.inf),
        )
    )


def refined_pairs(pairs: ZoomPairs, zoom: bool) -> ZoomPairs:
    """Poses, and with `zoom` focal ratios, of least robust Sampson error: Levenberg-Marquardt on all pairs at once.

    The product of a pair's focal lengths stays. Cauchy loss of 0.5 px by iterative re-weighting.
    """
    free = 6 if zoom else 5
    damping = np.full(len(pairs.i), 1e-3)
    hessian, weight, residual = np.zeros((len(pairs.i), free, free)), pairs.used * 1.0, _residuals(pairs)
    for _ in range(ITERATIONS):
        residual = _residuals(pairs)
        weight = pairs.used / (1.0 + (residual / LOSS_PX) ** 2)
        jacobian = np.stack(
            [(_residuals(_moved(pairs, STEP * np.eye(6)[k])) - residual) / STEP for k in range(free)], axis=-1
        )
        hessian = np.einsum("pnk,pn,pnl->pkl", jacobian, weight, jacobian)
        gradient = np.einsum("pnk,pn,pn->pk", jacobian, weight, residual)
        diagonal = np.einsum("pkk->pk", hessian)
        damped = hessian + (damping[:, None] * diagonal + 1e-9)[:, :, None] * np.eye(free)
        step = np.zeros((len(pairs.i), 6))
        step[:, :free] = -np.linalg.solve(damped, gradient[..., None])[..., 0]
        tried = _costed(_moved(pairs, np.clip(step, -0.2, 0.2)))
        damping = np.where(tried.cost < pairs.cost, damping / 5.0, damping * 10.0)
        pairs = pairs.better(tried)
    if not zoom:
        return pairs
    scatter = np.linalg.inv(hessian + 1e-9 * np.einsum("pkk->p", hessian)[:, None, None] * np.eye(free))
    noise_px = np.maximum(np.sqrt(np.sum(weight * residual**2, axis=1) / np.maximum(weight.sum(axis=1), 1e-9)), 0.02)
    return replace(pairs, sigma=np.sqrt(np.maximum(scatter[:, 5, 5], 0.0)) * noise_px)


def _moved(pairs: ZoomPairs, step: np.ndarray) -> ZoomPairs:
    """Changed by steps (6,) or (P, 6): rotation vector, two of the direction across itself, log focal ratio."""
    step = np.broadcast_to(step, (len(pairs.i), 6)).copy()  # scipy refuses read-only arrays
    turn = Rotation.from_rotvec(step[:, :3]).as_matrix()
    # Two axes across the direction: from the one of its components that is least.
    least = np.eye(3)[np.abs(pairs.direction).argmin(axis=1)]
    across = np.cross(pairs.direction, least)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    direction = pairs.direction + step[:, 3:4] * across + step[:, 4:5] * np.cross(pairs.direction, across)
    return replace(
        pairs,
        rotation=turn @ pairs.rotation,
        direction=direction / np.linalg.norm(direction, axis=1, keepdims=True),
        focal_px=pairs.focal_px * np.exp(0.5 * step[:, 5:] * np.array([-1.0, 1.0])),
    )


def _residuals(pairs: ZoomPairs) -> np.ndarray:
    """Signed Sampson error, pixels, float64 (P, n)."""
    essential = cross_matrix(pairs.direction) @ pairs.rotation
    scale = np.ones((len(pairs.i), 2, 3))
    scale[:, :, :2] = 1.0 / pairs.focal_px[:, :, None]
    fundamental = scale[:, 1, :, None] * essential * scale[:, 0, None, :]
    line_j = pairs.xy_i @ np.swapaxes(fundamental[:, :, :2], 1, 2) + fundamental[:, None, :, 2]
    line_i = pairs.xy_j @ fundamental[:, :2] + fundamental[:, None, 2]
    value = np.sum(pairs.xy_j * line_j[..., :2], axis=-1) + line_j[..., 2]
    square = np.sum(line_i[..., :2] ** 2, axis=-1) + np.sum(line_j[..., :2] ** 2, axis=-1)
    return np.asarray(value / np.sqrt(np.maximum(square, 1e-24)))


def _costed(pairs: ZoomPairs) -> ZoomPairs:
    loss = np.log1p((_residuals(pairs) / LOSS_PX) ** 2) * pairs.used
    return replace(pairs, cost=loss.sum(axis=1) / pairs.used.sum(axis=1))


def _padded(rows: list[np.ndarray]) -> np.ndarray:
    filled = np.zeros((len(rows), MOST_MATCHES, 2))
    for row, xy in zip(filled, rows, strict=True):
        row[: len(xy)] = xy
    return filled
