"""Depth as levels of 16 bits, which PNGs and viewers of depth hold; 0 is what is not known."""

import numpy as np

LEVELS = 65535
# Of the median depth, the farthest that levels reach: what a network sees beyond would cost what is near its steps.
# So a level is at most a thousandth of the median depth, as exact there as the half floats that are kept.
FARTHEST = 65.535


def unit_of(depth: np.ndarray) -> float:
    """What a level is, so that all depths, (...) with NaN where unknown, have one, up to FARTHEST medians; 1 where none
    is known. Rounding is off by half of it: at most 0.05 % at the median, 0.5 % at a tenth of it."""
    known = depth[np.isfinite(depth)]
    if not len(known):
        return 1.0
    return min(float(known.max()), FARTHEST * float(np.median(known))) / LEVELS


def levels_of(depth: np.ndarray, unit: float) -> np.ndarray:
    """uint16, of the shape of depth: the nearest level, at least 1; 0 where it is not known, or beyond the last."""
    with np.errstate(invalid="ignore"):
        level = np.round(depth / unit)
    fits = np.isfinite(level) & (level <= LEVELS)
    return np.where(fits, np.maximum(level, 1), 0).astype(np.uint16)
