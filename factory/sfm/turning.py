"""Rotation-only models of frame pairs: how well a camera that only turns explains matches, and with which focal."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

_SAMPLES = 25  # two-point samples a pair; enough for 50 % outliers at 99.9 %
_TURNS = 4  # of rotation and ratio; guess
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


def fit_zoomed_rotation(matches: Matches, focal_px: float) -> tuple[np.ndarray, float]:
    """As `fit_rotation` where the lens zooms in between: R, and the focal length in j by that in i, `focal_px`.

    Rotation under a fixed ratio and ratio under a fixed rotation, in turns; they hardly depend on each other.
    """
    ratio, rotation = growth(matches), None
    for _ in range(_TURNS):
        rotation = fit_rotation(Matches(matches.xy_i, matches.xy_j / ratio), focal_px, rotation)
        goes, _ = _turned(matches.xy_i, focal_px, rotation)
        weight = 1.0 / (1.0 + np.sum((ratio * goes - matches.xy_j) ** 2, axis=1))
        across = float(np.sum(weight * np.sum(goes * matches.xy_j, axis=1)))
        ratio = float(np.clip(across / max(np.sum(weight * np.sum(goes**2, axis=1)), 1e-9), 0.1, 10.0))
    assert rotation is not None
    return rotation, ratio


def growth(matches: Matches) -> float:
    """By how much the distances between points grow from frame i to frame j: the median over random pairs."""
    order = np.random.default_rng(0).permutation(len(matches.xy_i))
    before, after = (np.linalg.norm(xy - xy[order], axis=1) for xy in (matches.xy_i, matches.xy_j))
    apart = before > 20.0  # nearer ones tell noise
    return float(np.median(after[apart] / before[apart])) if apart.any() else 1.0


def rotation_residual(matches: Matches, focal_px: float, rotation: np.ndarray) -> np.ndarray:
    """Distance in frame j, pixels, between each point and where the rotation takes it: float64 (n,); inf behind."""
    goes, ahead = _turned(matches.xy_i, focal_px, rotation)
    return np.where(ahead, np.linalg.norm(goes - matches.xy_j, axis=1), np.inf)


def turning_focal(pairs: list[Matches], longer_side_px: float) -> tuple[float, list[np.ndarray]]:
    """The one focal, pixels, with which rotations explain the pairs best, and each pair's rotation.

    Least mean of the residuals clipped at 3 px: a coarse grid, then a bounded search in log focal.
    """
    starts = np.stack([fit_rotation(m, longer_side_px) for m in pairs])
    together = _padded(pairs)

    def cost(log_focal: float) -> float:
        return _mean_residual(together, float(np.exp(log_focal)), starts)

    shares = [_WIDEST, *FOCAL_SHARES, 3.0, _NARROWEST]
    grid = np.log(np.array(shares) * longer_side_px)
    best = int(np.argmin([cost(g) for g in grid]))
    bounds = (grid[max(0, best - 1)], grid[min(len(grid) - 1, best + 1)])
    found = minimize_scalar(cost, bounds=bounds, method="bounded", options={"xatol": 0.003})
    focal = float(np.exp(found.x))
    return focal, [fit_rotation(m, focal, r) for m, r in zip(pairs, starts, strict=True)]


def _padded(pairs: list[Matches]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Matches of P pairs side by side: xy_i, xy_j float64 (P, n, 2), and their shares of their pair, (P, n)."""
    most = max(len(m.xy_i) for m in pairs)
    xy, share = np.zeros((2, len(pairs), most, 2)), np.zeros((len(pairs), most))
    for p, m in enumerate(pairs):
        xy[0, p, : len(m.xy_i)], xy[1, p, : len(m.xy_i)] = m.xy_i, m.xy_j
        share[p, : len(m.xy_i)] = 1.0 / len(m.xy_i)
    return xy[0], xy[1], share


def _mean_residual(pairs: tuple[np.ndarray, np.ndarray, np.ndarray], focal_px: float, rotation: np.ndarray) -> float:
    """Mean over pairs of their mean clipped residuals, each pair's rotation fitted from its start (P, 3, 3)."""
    xy_i, xy_j, share = pairs
    rays_i, rays_j = (np.concatenate([xy / focal_px, np.ones((*xy.shape[:2], 1))], axis=2) for xy in (xy_i, xy_j))
    unit_i, unit_j = (rays / np.linalg.norm(rays, axis=2, keepdims=True) for rays in (rays_i, rays_j))
    for _ in range(_STEPS):
        error_px = np.linalg.norm(unit_j - unit_i @ np.swapaxes(rotation, 1, 2), axis=2) * focal_px
        weight = share / (1.0 + error_px**2)
        u, _, vt = np.linalg.svd(np.swapaxes(unit_j * weight[..., None], 1, 2) @ unit_i)
        u[:, :, 2] *= np.linalg.det(u @ vt)[:, None]
        rotation = u @ vt
    goes = rays_i @ np.swapaxes(rotation, 1, 2)
    ahead = goes[..., 2] > 1e-6
    xy = goes[..., :2] / np.where(ahead, goes[..., 2], 1.0)[..., None] * focal_px
    residual = np.where(ahead, np.linalg.norm(xy - xy_j, axis=2), np.inf)
    return float(np.mean(np.sum(np.minimum(residual, CLIP_PX) * share, axis=1)))


def _turned(xy: np.ndarray, focal_px: float, rotation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the rotation takes points (n, 2), and which of them stay in front of the camera, bool (n,)."""
    turned = np.column_stack([xy / focal_px, np.ones(len(xy))]) @ rotation.T
    ahead = turned[:, 2] > 1e-6
    return turned[:, :2] / np.where(ahead, turned[:, 2], 1.0)[:, None] * focal_px, ahead


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
