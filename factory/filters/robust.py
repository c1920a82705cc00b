"""Robust two-view fits, with the settings that hold for every specialist: MSAC, repeatable, bounded in time."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np


def msac(error_px: float, seed: int = 0) -> Any:
    """OpenCV's USAC with plain MSAC scoring, 300 trials at most and a fixed seed."""
    params = cv2.UsacParams()
    params.maxIterations = 300
    params.confidence = 0.999
    params.threshold = error_px
    params.score = cv2.SCORE_METHOD_MSAC
    params.sampler = cv2.SAMPLING_UNIFORM
    params.loMethod = cv2.LOCAL_OPTIM_INNER_LO
    params.loIterations = 5
    params.loSampleSize = 14
    params.randomGeneratorState = seed
    return params


def fit_essential(
    xy1: np.ndarray, xy2: np.ndarray, matrix: np.ndarray, error_px: float, seed: int = 0
) -> np.ndarray | None:
    """E, float64 (3, 3), of points (n, 2) seen by one camera `matrix`; None when the points allow none."""
    return _fit(cv2.findEssentialMat, xy1, xy2, matrix, matrix, None, None, msac(error_px, seed))


def fit_fundamental(xy1: np.ndarray, xy2: np.ndarray, error_px: float) -> np.ndarray | None:
    """F, float64 (3, 3), of points (n, 2) in pixels; None when the points allow none."""
    return _fit(cv2.findFundamentalMat, xy1, xy2, msac(error_px))


def fit_homography(xy1: np.ndarray, xy2: np.ndarray, error_px: float) -> np.ndarray | None:
    """H, float64 (3, 3), of points (n, 2) in pixels; None when the points allow none."""
    return _fit(cv2.findHomography, xy1, xy2, msac(error_px))


def _fit(solver: Callable[..., Any], *arguments: Any) -> np.ndarray | None:
    try:
        found, _ = solver(*arguments)
    except cv2.error as error:
        # Where no sample gives a model, USAC fails its own assertion instead of saying so.
        if "model.empty()" in str(error):
            return None
        raise
    return found if found is not None and found.shape == (3, 3) and np.isfinite(found).all() else None
