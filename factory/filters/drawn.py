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
    how many of 4096 colours (4 bits a channel) make up 90 % of the picture. Both are medians
    over the stills, shrunk to `side_px`.
    """

    needs: ClassVar[tuple[str, ...]] = ("stills",)
    gives: ClassVar[tuple[str, ...]] = ("flat_share", "palette_size")

    side_px: int = 320
    flat_grey: float = 0.5  # grey levels a pixel
    covered: float = 0.9

    def __call__(self, record: ClipRecord) -> ClipRecord:
        small = [shrink(still, self.side_px) for still in record["stills"]]
        return record.give(
            flat_share=float(np.median([self._flat(picture) for picture in small])),
            palette_size=float(np.median([self._palette(picture) for picture in small])),
        )

    def _flat(self, picture: np.ndarray) -> float:
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        x, y = (cv2.Sobel(grey, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1)))
        return float((cv2.magnitude(x, y) < self.flat_grey).mean())

    def _palette(self, picture: np.ndarray) -> int:
        levels = (picture >> 4).astype(np.int32)
        count = np.bincount((levels @ np.array([256, 16, 1])).ravel(), minlength=4096)
        return int(np.searchsorted(np.cumsum(np.sort(count)[::-1]), self.covered * count.sum())) + 1
