"""What a picture looks like about points, and how alike two such looks are."""

import cv2
import numpy as np


def patches(grey: np.ndarray, xy: np.ndarray, half_px: int) -> np.ndarray:
    """float32 (n, (2 half_px + 1)^2) grey levels about points xy (n, 2) of a picture uint8 (H, W), between its pixels
    too; the border stands for what lies beyond it."""
    reach = np.arange(-half_px, half_px + 1, dtype=np.float32)
    offsets = np.stack(np.meshgrid(reach, reach), -1).reshape(-1, 2)
    x, y = np.moveaxis(xy[:, None] + offsets, -1, 0).astype(np.float32)
    return np.asarray(cv2.remap(grey.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Normalised cross-correlation of patches (n, k) each with its own: (n,), at most 1.

    One grey level of contrast is added, so that flat patches are not compared by their noise.
    """
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    product: np.ndarray = (a * b).mean(axis=1) / np.sqrt(((a * a).mean(axis=1) + 1) * ((b * b).mean(axis=1) + 1))
    return product
