"""What a picture looks like about points, and how alike two such looks are."""

import cv2
import numpy as np

ROWS = 30_000  # OpenCV's remap takes at most 32,766


def patches(grey: np.ndarray, xy: np.ndarray, side_px: int) -> np.ndarray:
    """float32 (n, side_px^2) grey levels about points xy (n, 2) of a picture uint8 (H, W), between its pixels too; the
    border stands for what lies beyond it."""
    shifts = np.arange(side_px, dtype=np.float32) - np.float32((side_px - 1) / 2)
    found = np.empty((len(xy), side_px**2), np.float32)
    picture = grey.astype(np.float32)
    for first in range(0, len(xy), ROWS):
        part = xy[first : first + ROWS].astype(np.float32)
        x = np.tile(part[:, :1] + shifts, (1, side_px))
        y = np.repeat(part[:, 1:] + shifts, side_px, axis=1)
        found[first : first + ROWS] = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found


def likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Normalised cross-correlation of patches (n, k) each with its own: (n,), at most 1.

    One grey level of contrast is added, so that flat patches are not compared by their noise.
    """
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    product: np.ndarray = (a * b).mean(axis=1) / np.sqrt(((a * a).mean(axis=1) + 1) * ((b * b).mean(axis=1) + 1))
    return product
