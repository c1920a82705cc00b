"""Cameras that only turn: the rotation from one picture to another, what it leaves, and the focal length it tells."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

_SAMPLES = 25  # two-point samples a pair; enough for 50 % outliers at 99.9 %
_STEPS = 6  # re-weightings; the fit changes by less than 0.01 px afterwards
_SHARES = (0.4, 0.6, 0.8, 1.05, 1.4, 1.8, 3.0, 6.0)  # focal lengths of the coarse search, of the longer side
_CLIP_PX = 3.0  # a residual counts at most this much in the search for the focal


@dataclass(frozen=True)
class Matches:
    """Positions of n points in two frames, float64 (n, 2), pixels from the picture's middle."""

    xy_i: np.ndarray
    xy_j: np.ndarray


def fit_rotation(matches: Matches, focal_px: float, start: np.ndarray | None = None) -> np.ndarray:
    """R with ray_j ~ R ray_i, float64 (3, 3), robust.

    Two-point samples unless `start` is given, then iteratively re-weighted Kabsch (Acta Cryst. A32, 1976) on unit rays
    with Cauchy weights of scale 1 px.
    """
    unit_i, unit_j = _unit(matches.xy_i, focal_px), _unit(matches.xy_j, focal_px)
    rotation = _sampled_rotation(unit_i, unit_j) if start is None else start
    return _reweighted(unit_i, unit_j, np.ones(len(unit_i)), focal_px, rotation)


def rotation_residual(matches: Matches, focal_px: float, rotation: np.ndarray) -> np.ndarray:
    """Distance in frame j, pixels, between each point and where the rotation takes it: float64 (n,); inf behind."""
    goes, ahead = turned(matches.xy_i, focal_px, rotation)
    return np.where(ahead, np.linalg.norm(goes - matches.xy_j, axis=-1), np.inf)


def turned(xy: np.ndarray, focal_px: float, rotation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where rotations (..., 3, 3) take points (..., n, 2), and which of them stay in front of the camera, bool."""
    rays = np.concatenate([xy / focal_px, np.ones((*xy.shape[:-1], 1))], axis=-1) @ np.swapaxes(rotation, -1, -2)
    ahead = rays[..., 2] > 1e-6
    return rays[..., :2] / np.where(ahead, rays[..., 2], 1.0)[..., None] * focal_px, ahead


def turning_focal(pairs: Sequence[Matches], longer_side_px: float) -> tuple[float, list[np.ndarray]]:
    """The one focal, pixels, with which rotations explain the pairs best, and each pair's rotation.

    Least mean of the residuals clipped at 3 px: a coarse grid, then a bounded search in log focal.
    """
    starts = np.stack([fit_rotation(m, longer_side_px) for m in pairs])
    together, share = _padded(pairs)

    def cost(log_focal: float) -> float:
        return _mean_residual(together, share, float(np.exp(log_focal)), starts)

    grid = np.log(np.array(_SHARES) * longer_side_px)
    best = int(np.argmin([cost(g) for g in grid]))
    bounds = (grid[max(0, best - 1)], grid[min(len(grid) - 1, best + 1)])
    found = minimize_scalar(cost, bounds=bounds, method="bounded", options={"xatol": 0.003})
    focal = float(np.exp(found.x))
    return focal, [fit_rotation(m, focal, r) for m, r in zip(pairs, starts, strict=True)]


def _padded(pairs: Sequence[Matches]) -> tuple[Matches, np.ndarray]:
    """Matches of P pairs side by side, float64 (P, n, 2) each, and their shares of their pair, float64 (P, n)."""
    most = max(len(m.xy_i) for m in pairs)
    xy, share = np.zeros((2, len(pairs), most, 2)), np.zeros((len(pairs), most))
    for p, m in enumerate(pairs):
        xy[0, p, : len(m.xy_i)], xy[1, p, : len(m.xy_i)] = m.xy_i, m.xy_j
        share[p, : len(m.xy_i)] = 1.0 / len(m.xy_i)
    return Matches(xy[0], xy[1]), share


def _mean_residual(pairs: Matches, share: np.ndarray, focal_px: float, rotation: np.ndarray) -> float:
    """Mean over pairs of their mean clipped residuals, each pair's rotation fitted from its start (P, 3, 3)."""
    unit_i, unit_j = _unit(pairs.xy_i, focal_px), _unit(pairs.xy_j, focal_px)
    residual = rotation_residual(pairs, focal_px, _reweighted(unit_i, unit_j, share, focal_px, rotation))
    return float(np.mean(np.sum(np.minimum(residual, _CLIP_PX) * share, axis=1)))


def _unit(xy: np.ndarray, focal_px: float) -> np.ndarray:
    """Rays of length 1, float64 (..., n, 3)."""
    rays = np.concatenate([xy / focal_px, np.ones((*xy.shape[:-1], 1))], axis=-1)
    return np.asarray(rays / np.linalg.norm(rays, axis=-1, keepdims=True))


def _reweighted(
    unit_i: np.ndarray, unit_j: np.ndarray, share: np.ndarray, focal_px: float, rotation: np.ndarray
) -> np.ndarray:
    """Rotations (..., 3, 3) of rays (..., n, 3) that count by `share` (..., n), from starts."""
    for _ in range(_STEPS):
        error_px = np.linalg.norm(unit_j - unit_i @ np.swapaxes(rotation, -1, -2), axis=-1) * focal_px
        weight = share / (1.0 + error_px**2)
        u, _, vt = np.linalg.svd(np.swapaxes(unit_j * weight[..., None], -1, -2) @ unit_i)
        u[..., 2] *= np.linalg.det(u @ vt)[..., None]
        rotation = u @ vt
    return rotation


def _sampled_rotation(unit_i: np.ndarray, unit_j: np.ndarray) -> np.ndarray:
    """The rotation, of those that two matches each fix, with the least median error."""
    rng = np.random.default_rng(0)
    picks = np.stack([rng.choice(len(unit_i), 2, replace=False) for _ in range(_SAMPLES)])
    rotations = _frames(unit_j[picks]) @ np.swapaxes(_frames(unit_i[picks]), 1, 2)
    errors = np.linalg.norm(np.einsum("sab,nb->sna", rotations, unit_i) - unit_j[None], axis=2)
    return np.asarray(rotations[int(np.argmin(np.median(errors, axis=1)))])


def _frames(pairs: np.ndarray) -> np.ndarray:
    """Orthonormal frames of ray pairs (s, 2, 3): columns are their sum, their difference and the normal."""
    middle, apart = pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]
    columns = np.stack([middle, apart, np.cross(middle, apart)], axis=2)
    return np.asarray(columns / np.maximum(np.linalg.norm(columns, axis=1, keepdims=True), 1e-12))
