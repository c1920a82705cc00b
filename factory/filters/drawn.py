"""Cartoon and screen specialist: flat areas, few colours, repeated frames (C1)."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.video import shrink


@dataclass
class DrawnLook:
    """What a lens and a sensor do not do: areas without any gradient, and a picture made of a handful of colours.

    Rendered films with texture and light pass: telling them from footage takes a learned model.

    Needs: stills. Gives: flat_share, float, share of pixels whose gradient is under `flat_grey`; palette_size, float,
    how many of 4096 colours (4 bits a channel) make up 90 % of the picture; saturation, float, mean of HSV where it is
    not dark. These are medians over the stills, shrunk to `side_px`. grain, float, grey levels, median of the stills of
    at most `grain_side_px`: how far a pixel lies from the smooth picture where that has no edges; None without such.
    """

    needs: ClassVar[tuple[str, ...]] = ("stills",)
    gives: ClassVar[tuple[str, ...]] = ("flat_share", "palette_size", "saturation", "grain")
    version: ClassVar[int] = 2

    side_px: int = 320
    flat_grey: float = 0.5  # grey levels a pixel
    covered: float = 0.9
    grain_side_px: int = 640
    grain_sigma_px: float = 1.2
    smooth_grey: float = 1.0  # mean gradient over 9 x 9 pixels
    lit_grey: int = 40

    def __call__(self, record: ClipRecord) -> ClipRecord:
        small = [shrink(still, self.side_px) for still in record["stills"]]
        grains = [g for g in map(self._grain, record["stills"]) if g is not None]
        return record.give(
            flat_share=float(np.median([self._flat(picture) for picture in small])),
            palette_size=float(np.median([self._palette(picture) for picture in small])),
            saturation=float(np.median([self._saturation(picture) for picture in small])),
            grain=float(np.median(grains)) if grains else None,
        )

    def _flat(self, picture: np.ndarray) -> float:
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        x, y = (cv2.Sobel(grey, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1)))
        return float((cv2.magnitude(x, y) < self.flat_grey).mean())

    def _palette(self, picture: np.ndarray) -> int:
        levels = (picture >> 4).astype(np.int32)
        count = np.bincount((levels @ np.array([256, 16, 1])).ravel(), minlength=4096)
        return int(np.searchsorted(np.cumsum(np.sort(count)[::-1]), self.covered * count.sum())) + 1

    def _saturation(self, picture: np.ndarray) -> float:
        _, saturation, value = cv2.split(cv2.cvtColor(picture, cv2.COLOR_RGB2HSV))
        lit = value > self.lit_grey
        return float(saturation[lit].mean()) if lit.any() else 0.0

    def _grain(self, still: np.ndarray) -> float | None:
        grey = cv2.cvtColor(shrink(still, self.grain_side_px), cv2.COLOR_RGB2GRAY).astype(np.float32)
        x, y = (cv2.Sobel(grey, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1)))
        plain = cv2.blur(cv2.magnitude(x, y), (9, 9)) < self.smooth_grey
        if not plain.any():
            return None
        return float(np.median(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), self.grain_sigma_px))[plain]))
