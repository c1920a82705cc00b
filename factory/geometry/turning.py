"""Cameras that only turn: the rotation from one picture to another, what it leaves, and the focal length it tells."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

_SAMPLES = 25  # two-point samples a pair; enough for 50 % outliers at 99.9 %
_SCORED = 100  # matches that a sample is judged by; guess
_STEPS = 6  # re-weightings; the fit changes by less than 0.01 px afterwards
_SHARES = (0.4, 0.6, 0.8, 1.05, 1.4, 1.8, 3.0, 6.0)  # focal lengths of the coarse search, of the longer side
_CLIP_PX = 3.0  # a residual counts at most this much in the search for the focal


@dataclass(frozen=True)
class Matches:
    """Positions of n points in two frames, float64 (..., n, 2), pixels from the picture's middle; several pairs of
    frames at once where leading axes say so. present: bool (..., n), False where a pair has fewer; None: all there."""

    xy_i: np.ndarray
    xy_j: np.ndarray
    present: np.ndarray | None = None

    @property
    def share(self) -> np.ndarray:
        """Of each match in its pair, float64 (..., n)."""
        present = np.ones(self.xy_i.shape[:-1]) if self.present is None else self.present
        return np.asarray(present / np.sum(present, axis=-1, keepdims=True))


def together(pairs: Sequence[Matches]) -> Matches:
    """Matches of P single pairs as one, (P, n, 2), n being that of the largest."""
    most = max(len(m.xy_i) for m in pairs)
    xy, present = np.zeros((2, len(pairs), most, 2)), np.zeros((len(pairs), most), bool)
    for p, m in enumerate(pairs):
        xy[0, p, : len(m.xy_i)], xy[1, p, : len(m.xy_i)] = m.xy_i, m.xy_j
        present[p, : len(m.xy_i)] = True
    return Matches(xy[0], xy[1], present)


def fit_rotation(matches: Matches, focal_px: float | np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """R with ray_j ~ R ray_i, float64 (..., 3, 3), robust. focal_px: of both frames; (...,) where pairs differ.

    Two-point samples unless `start` is given, then iteratively re-weighted Kabsch (Acta Cryst. A32, 1976) on unit rays
    with Cauchy weights of scale 1 px.
    """
    unit_i, unit_j, share = _unit(matches.xy_i, focal_px), _unit(matches.xy_j, focal_px), matches.share
    rotation = _sampled_rotation(unit_i, unit_j, share) if start is None else start
    for _ in range(_STEPS):
        square_px = 2.0 * np.square(focal_px)[..., None] * (1.0 - np.sum(unit_j * (rotation @ unit_i), axis=-2))
        weighted = unit_j * (share / (1.0 + square_px))[..., None, :]
        u, _, vt = np.linalg.svd(weighted @ np.swapaxes(unit_i, -1, -2))
        u[..., 2] *= np.linalg.det(u @ vt)[..., None]
        rotation = u @ vt
    return rotation


def rotation_residual(matches: Matches, focal_px: float, rotation: np.ndarray) -> np.ndarray:
    """Distance in frame j, pixels, between each point and where the rotation takes it: float64 (..., n); inf behind."""
    goes, ahead = turned(matches.xy_i, focal_px, rotation)
    return np.where(ahead, np.linalg.norm(goes - matches.xy_j, axis=-1), np.inf)


def turned(xy: np.ndarray, focal_px: float | np.ndarray, rotation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where rotations (..., 3, 3) take points (..., n, 2), and which of them stay in front of the camera, bool."""
    focal = np.asarray(focal_px)[..., None, None]
    rays = np.concatenate([xy / focal, np.ones((*xy.shape[:-1], 1))], axis=-1) @ np.swapaxes(rotation, -1, -2)
    ahead = rays[..., 2] > 1e-6
    return rays[..., :2] / np.where(ahead, rays[..., 2], 1.0)[..., None] * focal, ahead


def turning_focal(pairs: Sequence[Matches], longer_side_px: float) -> tuple[float, np.ndarray]:
    """The one focal, pixels, with which rotations explain P single pairs best, and their rotations, (P, 3, 3).

    Least mean of the residuals clipped at 3 px: a coarse grid, then a bounded search in log focal.
    """
    matches = together(pairs)
    starts, share = fit_rotation(matches, longer_side_px), matches.share

    def cost(log_focal: float) -> float:
        focal_px = float(np.exp(log_focal))
        residual = rotation_residual(matches, focal_px, fit_rotation(matches, focal_px, starts))
        return float(np.mean(np.sum(np.minimum(residual, _CLIP_PX) * share, axis=-1)))

    grid = np.log(np.array(_SHARES) * longer_side_px)
    best = int(np.argmin([cost(g) for g in grid]))
    bounds = (grid[max(0, best - 1)], grid[min(len(grid) - 1, best + 1)])
    found = minimize_scalar(cost, bounds=bounds, method="bounded", options={"xatol": 0.003})
    focal_px = float(np.exp(found.x))
    return focal_px, fit_rotation(matches, focal_px, starts)


def _unit(xy: np.ndarray, focal_px: float | np.ndarray) -> np.ndarray:
    """Rays of length 1, float64 (..., 3, n)."""
    flat = np.swapaxes(xy, -1, -2) / np.asarray(focal_px)[..., None, None]
    rays = np.concatenate([flat, np.ones((*xy.shape[:-2], 1, xy.shape[-2]))], axis=-2)
    return np.asarray(rays / np.sqrt(np.sum(rays**2, axis=-2, keepdims=True)))


def _sampled_rotation(unit_i: np.ndarray, unit_j: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The rotation, of those that two matches each fix, with the least median error."""
    leading, number = share.shape[:-1], np.arange(share[..., 0].size)[:, None]
    count = np.count_nonzero(share, axis=-1).reshape(-1, 1)
    picks = (np.random.default_rng(0).random(2 * _SAMPLES) * count).astype(int)
    judges = (np.linspace(0.0, 1.0, _SCORED, endpoint=False) * count).astype(int)
    rays_i, rays_j = (np.swapaxes(unit, -1, -2).reshape(len(count), -1, 3) for unit in (unit_i, unit_j))
    frames_i, frames_j = (_frames(rays[number, picks].reshape(len(count), -1, 2, 3)) for rays in (rays_i, rays_j))
    rotations = frames_j @ np.swapaxes(frames_i, -1, -2)
    outer = rays_j[number, judges][..., :, None] * rays_i[number, judges][..., None, :]
    cosines = outer.reshape(*outer.shape[:2], 9) @ np.swapaxes(rotations.reshape(len(count), -1, 9), 1, 2)
    best = np.argmax(np.median(cosines, axis=1), axis=1)
    return np.asarray(rotations[number[:, 0], best].reshape(*leading, 3, 3))


def _frames(pairs: np.ndarray) -> np.ndarray:
    """Orthonormal frames of ray pairs (..., 2, 3): columns are their sum, their difference and the normal."""
    middle, apart = pairs[..., 0, :] + pairs[..., 1, :], pairs[..., 0, :] - pairs[..., 1, :]
    columns = np.stack([middle, apart, np.cross(middle, apart)], axis=-1)
    return np.asarray(columns / np.maximum(np.linalg.norm(columns, axis=-2, keepdims=True), 1e-12))
