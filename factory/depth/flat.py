"""Pictures without their lens's distortion, as homographies want them, and maps brought back to the frames' pixels."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from factory.depth.posed import rays
from factory.geometry.camera import Camera, project_cam

MOST_GROWTH = 1.4  # of a side: a barrel's corners pull the canvas far out; what lies beyond is not estimated. A guess


@dataclass(frozen=True)
class Flat:
    """A canvas of a pinhole camera that shows all of a frame. matrix: K, float64 (3, 3). size: width and height.
    there: float32 (H, W, 2), where in the frame each pixel of the canvas lies; back: float32 (h, w, 2), the reverse.
    Both are None where the lens bends nothing and the canvas is the frame."""

    matrix: np.ndarray
    size: tuple[int, int]
    there: np.ndarray | None
    back: np.ndarray | None

    def flat(self, picture: np.ndarray, outside: float = 0.0) -> np.ndarray:
        """A picture of the frame on the canvas."""
        return picture if self.there is None else _remapped(picture, self.there, outside)

    def bent(self, values: np.ndarray, outside: float) -> np.ndarray:
        """Values of the canvas, float32 (H, W), in the frame's pixels."""
        return values if self.back is None else _remapped(values, self.back, outside)


def _remapped(picture: np.ndarray, table: np.ndarray, outside: float) -> np.ndarray:
    x, y = table[..., 0], table[..., 1]
    found = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=outside)
    return np.asarray(found)


@lru_cache(maxsize=8)  # a clip of one lens needs one
def flat_camera(camera: Camera, size: tuple[int, int]) -> Flat:
    """The canvas of a camera's pictures of `size` (width, height)."""
    if not camera.radial_terms:
        return Flat(camera.matrix, size, None, None)
    flat = rays(camera, size)[..., :2] * camera.focal_px
    border = np.concatenate([flat[0], flat[-1], flat[:, 0], flat[:, -1]])
    half = np.array(size) * MOST_GROWTH / 2
    low, high = np.maximum(np.floor(border.min(axis=0)), -half), np.minimum(np.ceil(border.max(axis=0)), half)
    wide, tall = (high - low).astype(int) + 1
    canvas = Camera(camera.focal_px, float(-low[0]), float(-low[1]))
    there = project_cam(rays(canvas, (int(wide), int(tall))).astype(float), camera)
    return Flat(canvas.matrix, (int(wide), int(tall)), there.astype(np.float32), flat - low.astype(np.float32))
