"""Frame pairs of a camera that turns and zooms: the rotation, and the ratio of the two focal lengths."""

import numpy as np

from factory.geometry.turning import Matches, fit_rotation, turned

_TURNS = 4  # of rotation and ratio; guess


def fit_zoomed_rotation(matches: Matches, focal_px: float) -> tuple[np.ndarray, np.ndarray]:
    """As `fit_rotation` where the lens zooms in between: R, and the focal length in j by that in i, `focal_px`.

    Rotation under a fixed ratio and ratio under a fixed rotation, in turns; they hardly depend on each other.
    """
    ratio, rotation = growth(matches), None
    for _ in range(_TURNS):
        as_before = Matches(matches.xy_i, matches.xy_j / ratio[..., None, None], matches.present)
        rotation = fit_rotation(as_before, focal_px, rotation)
        goes, _ = turned(matches.xy_i, focal_px, rotation)
        off_px = ratio[..., None, None] * goes - matches.xy_j
        weight = matches.share / (1.0 + np.sum(off_px**2, axis=-1))
        across = np.sum(weight * np.sum(goes * matches.xy_j, axis=-1), axis=-1)
        along = np.sum(weight * np.sum(goes**2, axis=-1), axis=-1)
        ratio = np.clip(across / np.maximum(along, 1e-9), 0.1, 10.0)
    assert rotation is not None
    return rotation, ratio


def growth(matches: Matches) -> np.ndarray:
    """By how much the distances between points grow from frame i to frame j: the median over random pairs, (...)."""
    share = matches.share
    count = np.count_nonzero(share, axis=-1)
    other = (np.random.default_rng(0).random(share.shape[-1]) * count[..., None]).astype(int)[..., None]
    before, after = (
        np.linalg.norm(xy - np.take_along_axis(xy, other, axis=-2), axis=-1) for xy in (matches.xy_i, matches.xy_j)
    )
    apart = (before > 20.0) & (share > 0.0)  # nearer ones tell noise
    grown = np.where(apart, after / np.where(apart, before, 1.0), np.nan)
    grown[~apart.any(axis=-1)] = 1.0
    return np.asarray(np.nanmedian(grown, axis=-1))
