"""Masks at another size."""

import cv2
import numpy as np


def resized(masks: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """masks: bool (F, H, W). bool (F, h, w) of the size `shape`, (h, w): true where more than half of a pixel was."""
    if masks.shape[1:] == shape:
        return masks
    size = shape[::-1]
    found = [cv2.resize(m.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5 for m in masks]
    return np.array(found, bool).reshape(-1, *shape)
