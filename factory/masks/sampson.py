"""Which pixels break the epipolar geometry of the picture, from dense flow alone, before anything is solved."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from factory.construct import Count, Share
from factory.geometry.epipolar import sampson_error
from factory.models.roles import Flow

# The published threshold, H W / 8100, is of squared errors where pixels are counted twice (a grid from -1 to 1 that is
# scaled by (H + W) / 2): in pixels its root is sqrt(H W / 8100) / 2, 5.3 at 720p.
PUBLISHED_AREA, PUBLISHED_SCALE = 8100.0, 2.0


@dataclass
class SampsonMask:
    """RoDynRF's motion mask (Liu et al., CVPR 2023, as released), on any flow.

    Flow to the frame before and the frame after; a fundamental matrix each by least median of squares; the larger of
    the two Sampson errors; of the largest fifth those beyond a bound that grows with the picture; opened and dilated.
    It cannot see what moves along the camera's own way, nor, before a wall or where the camera turns, what a matrix
    that is not pinned down explains as well: it is one voice of several.
    """

    highest: Share = 0.2  # of the pixels, at the most
    points: Count = 4000  # that the matrix is estimated from: all of them cost seconds and change nothing
    open_px: Count = 1
    dilate_px: Count = 2
    frames_at_once: Count = field(default=16, compare=False)

    def __call__(self, flow: Flow, frames: np.ndarray) -> np.ndarray:
        """bool (F, H, W). frames: uint8 (F, H, W, 3) RGB. Raises ModelError."""
        count, height, width = frames.shape[:3]
        errors = np.zeros((count, height, width), np.float32)
        pairs = np.array([(f, g) for f in range(count) for g in (f - 1, f + 1) if 0 <= g < count]).reshape(-1, 2)
        for begin in range(0, len(pairs), 2 * self.frames_at_once):
            some = pairs[begin : begin + 2 * self.frames_at_once]
            for (f, _), moved in zip(some, flow.pairs(frames, some), strict=True):
                errors[f] = np.maximum(errors[f], self._error(moved.astype(np.float32)))
        least = np.sqrt(height * width / PUBLISHED_AREA) / PUBLISHED_SCALE
        return np.stack([self._shaped(error, least) for error in errors]) if count else errors.astype(bool)

    def _error(self, field: np.ndarray) -> np.ndarray:
        """Float32 (H, W), px; 0 where no matrix is found."""
        height, width = field.shape[:2]
        here = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).reshape(-1, 2).astype(np.float32)
        there = here + field.reshape(-1, 2)
        some = np.random.default_rng(0).choice(len(here), min(self.points, len(here)), replace=False)
        cv2.setRNGSeed(0)  # the estimate draws samples, too
        matrix, _ = cv2.findFundamentalMat(here[some], there[some], cv2.FM_LMEDS)
        if matrix is None or matrix.shape != (3, 3):
            return np.zeros((height, width), np.float32)
        return sampson_error(matrix, here, there).reshape(height, width).astype(np.float32)

    def _shaped(self, error: np.ndarray, least: float) -> np.ndarray:
        mask = (error > least) & (error >= np.quantile(error, 1 - self.highest))
        mask = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, _disk(self.open_px))
        return np.asarray(cv2.dilate(mask, _disk(self.dilate_px)) > 0)


def _disk(radius_px: int) -> np.ndarray:
    y, x = np.mgrid[-radius_px : radius_px + 1, -radius_px : radius_px + 1]
    return (x * x + y * y <= radius_px * radius_px).astype(np.uint8)
