"""Frame pairs of a camera that turns and zooms: the rotation, and the ratio of the two focal lengths."""

import numpy as np

from factory.geometry.turning import Matches, fit_rotation, rotation_residual, turned  # noqa: F401

_TURNS = 4  # of rotation and ratio; guess


def fit_zoomed_rotation(matches: Matches, focal_px: float) -> tuple[np.ndarray, float]:
    """As `fit_rotation` where the lens zooms in between: R, and the focal length in j by that in i, `focal_px`.

    Rotation under a fixed ratio and ratio under a fixed rotation, in turns; they hardly depend on each other.
    """
    ratio, rotation = growth(matches), None
    for _ in range(_TURNS):
        rotation = fit_rotation(Matches(matches.xy_i, matches.xy_j / ratio), focal_px, rotation)
        goes, _ = turned(matches.xy_i, focal_px, rotation)
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
