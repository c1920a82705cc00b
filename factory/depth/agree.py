"""What frames say of each other's depth: which pixels others confirm, and what others know of those that are open."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from factory.construct import Count, NotNegative, Positive, Share
from factory.depth.posed import Posed, carried


@dataclass
class Agreement:
    """A pixel is sure where enough of the nearest estimated frames say the same of the point it shows, and no other
    plane would do nearly as well. Numbers without another word: a study on two rendered clips."""

    frames: Count = 6  # the nearest in time that are estimated
    least: Count = 2
    within: Positive = 0.03  # of the depth
    least_margin: NotNegative = 0.15  # of the cost, which is 0 to 1
    # What agrees by chance, on what moves unnoticed, is scattered: sure pixels have at least this share of sure ones
    # around them, and belong to an island of this share of the picture. On three rendered clips the fill was 3, 5 and
    # 13 times as far off without.
    window_px: Count = 9
    least_support: Share = 0.4
    least_island: Share = 0.005

    def nearest(self, estimated: Sequence[int], frame: int) -> list[int]:
        """The estimated frames that are asked of a frame, the nearest first."""
        others = [other for other in estimated if other != frame]
        return sorted(others, key=lambda other: (abs(other - frame), other))[: self.frames]

    def confirmed(self, posed: Posed, depth: dict[int, np.ndarray], frame: int) -> np.ndarray:
        """How many others agree, uint8 (h, w). depth: of each estimated frame, float32 (h, w), NaN where unknown."""
        count = np.zeros(depth[frame].shape, np.uint8)
        for other in self.nearest(list(depth), frame):
            xy, there = carried(posed, frame, other, depth[frame])
            said = sampled(depth[other], xy)
            with np.errstate(invalid="ignore"):
                count += np.abs(said - there) <= self.within * there
        return count

    def supported(self, sure: np.ndarray) -> np.ndarray:
        """Pixels of a mask bool (h, w) that are not alone, and not of an island."""
        share = cv2.blur(sure.astype(np.float32), (self.window_px, self.window_px))
        dense = sure & np.asarray(share >= self.least_support)
        _, label, stats, _ = cv2.connectedComponentsWithStats(dense.astype(np.uint8), connectivity=8)
        large = stats[:, cv2.CC_STAT_AREA] >= self.least_island * sure.size
        large[0] = False  # what is not sure
        return np.asarray(large[label])

    def fused(self, posed: Posed, depth: dict[int, np.ndarray], sure: dict[int, np.ndarray], frame: int) -> np.ndarray:
        """Depth of a frame as the sure pixels of others have it, the nearest surface, float32 (h, w); NaN where they
        show none."""
        width, height = posed.size
        nearest = np.full(width * height, np.inf, np.float32)
        for other in self.nearest(list(depth), frame):
            xy, z = carried(posed, other, frame, np.where(sure[other], depth[other], np.nan))
            x, y = np.rint(np.nan_to_num(xy, nan=-1.0, posinf=-1.0, neginf=-1.0)).clip(-1, 32767).astype(int).T
            x, y, z = x.T.ravel(), y.T.ravel(), z.ravel()
            good = (x >= 0) & (x < width) & (y >= 0) & (y < height) & (z > 0)
            np.minimum.at(nearest, y[good] * width + x[good], z[good])
        return np.where(np.isfinite(nearest), nearest, np.nan).reshape(height, width)


def sampled(values: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Values float32 (h, w) at the nearest pixels of xy float32 (H, W, 2): float32 (H, W), NaN outside."""
    table = np.nan_to_num(xy, nan=-9.0, posinf=-9.0, neginf=-9.0).clip(-9, 32000).astype(np.float32)
    x, y = table[..., 0], table[..., 1]
    found = cv2.remap(values, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=float("nan"))
    return np.asarray(found)
