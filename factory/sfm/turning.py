"""Rotation-only models of frame pairs: how well a camera that only turns explains matches, and with which focal."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

_SAMPLES = 25  # two-point samples a pair; enough for 50 % outliers at 99.9 %
_STEPS = 6  # re-weightings; the fit changes by less than 0.01 px afterwards
FOCAL_SHARES = (0.6, 0.8, 1.05, 1.4, 1.8)  # of the longer side: 80 to 31 degrees; telephoto beyond is searched below
_WIDEST, _NARROWEST = 0.4, 6.0  # bounds of the search, shares of the longer side
CLIP_PX = 3.0  # a residual counts at most this much in the search for the focal


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
    rays_i, rays_j = _rays(matches.xy_i, focal_px), _rays(matches.xy_j, focal_px)
    rotation = _sampled_rotation(rays_i, rays_j) if start is None else start
    for _ in range(_STEPS):
        error_px = np.linalg.norm(rays_j - rays_i @ rotation.T, axis=1) * focal_px
        rotation = _kabsch(rays_i, rays_j, 1.0 / (1.0 + error_px**2))
    return rotation


def rotation_residual(matches: Matches, focal_px: float, rotation: np.ndarray) -> np.ndarray:
    """Distance in frame j, pixels, between each point and where the rotation takes it: float64 (n,); inf behind."""
    turned = np.column_stack([matches.xy_i / focal_px, np.ones(len(matches.xy_i))]) @ rotation.T
    ahead = turned[:, 2] > 1e-6
    z = np.where(ahead, turned[:, 2], 1.0)
    error = np.linalg.norm(turned[:, :2] / z[:, None] * focal_px - matches.xy_j, axis=1)
    return np.where(ahead, error, np.inf)


def turning_focal(pairs: list[Matches], longer_side_px: float) -> tuple[float, list[np.ndarray]]:
    """The one focal, pixels, with which rotations explain the pairs best, and each pair's rotation.

    Least mean of the residuals clipped at 3 px: a coarse grid, then a bounded search in log focal.
    """
    rotations = [fit_rotation(m, longer_side_px) for m in pairs]

    def cost(log_focal: float) -> float:
        focal = float(np.exp(log_focal))
        fits = [(m, fit_rotation(m, focal, r)) for m, r in zip(pairs, rotations, strict=True)]
        return float(np.mean([np.minimum(rotation_residual(m, focal, r), CLIP_PX).mean() for m, r in fits]))

    shares = [_WIDEST, *FOCAL_SHARES, 3.0, _NARROWEST]
    grid = np.log(np.array(shares) * longer_side_px)
    best = int(np.argmin([cost(g) for g in grid]))
    bounds = (grid[max(0, best - 1)], grid[min(len(grid) - 1, best + 1)])
    found = minimize_scalar(cost, bounds=bounds, method="bounded", options={"xatol": 0.003})
    focal = float(np.exp(found.x))
    return focal, [fit_rotation(m, focal, r) for m, r in zip(pairs, rotations, strict=True)]


def _rays(xy: np.ndarray, focal_px: float) -> np.ndarray:
    rays = np.column_stack([xy / focal_px, np.ones(len(xy))])
    return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True))


def _kabsch(rays_i: np.ndarray, rays_j: np.ndarray, weights: np.ndarray) -> np.ndarray:
    u, _, vt = np.linalg.svd((rays_j * weights[:, None]).T @ rays_i)
    return np.asarray(u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt)


def _sampled_rotation(rays_i: np.ndarray, rays_j: np.ndarray) -> np.ndarray:
    """The rotation, of those that two matches each fix, with the least median error."""
    rng = np.random.default_rng(0)
    picks = np.stack([rng.choice(len(rays_i), 2, replace=False) for _ in range(_SAMPLES)])
    rotations = _frames(rays_j[picks]) @ np.swapaxes(_frames(rays_i[picks]), 1, 2)
    errors = np.linalg.norm(np.einsum("sab,nb->sna", rotations, rays_i) - rays_j[None], axis=2)
    return np.asarray(rotations[int(np.argmin(np.median(errors, axis=1)))])


def _frames(pairs: np.ndarray) -> np.ndarray:
    """Orthonormal frames of ray pairs (s, 2, 3): columns are their sum, their difference and the normal."""
    middle, apart = pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]
    columns = np.stack([middle, apart, np.cross(middle, apart)], axis=2)
    return np.asarray(columns / np.maximum(np.linalg.norm(columns, axis=1, keepdims=True), 1e-12))
