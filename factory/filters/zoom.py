"""Zoom specialist: the picture grows or shrinks as one flat sheet, without the parallax of a camera that approaches."""

from dataclasses import dataclass
from math import log
from typing import ClassVar

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.filters.two_view import ViewPair


@dataclass
class ZoomRate:
    """Change of scale of the background, where scale, shift and turn in the plane explain all of it.

    A camera that walks forward enlarges near things more than far ones; a zoom, and the slow zoom into a photograph,
    enlarges all alike. A frontal approach to a wall cannot be told from a zoom by anyone, and counts as one.

    Needs: view_pairs. Gives: zoom_rate, float, |d log(scale) / dt| per second, median over the pairs, 0 where the
    picture does not move as a sheet; None without a pair.
    """

    needs: ClassVar[tuple[str, ...]] = ("view_pairs",)
    gives: ClassVar[tuple[str, ...]] = ("zoom_rate",)

    error_px: float = 1.5
    explained: float = 0.9

    def __call__(self, record: ClipRecord) -> ClipRecord:
        rates = [self._rate(pair) for pair in record["view_pairs"]]
        return record.give(zoom_rate=float(np.median(rates)) if rates else None)

    def _rate(self, pair: ViewPair) -> float:
        xy1, xy2 = pair.xy1[pair.rigid], pair.xy2[pair.rigid]
        if len(xy1) < 8:
            return 0.0
        sheet, inliers = cv2.estimateAffinePartial2D(xy1, xy2, ransacReprojThreshold=self.error_px, maxIters=200)
        if sheet is None or inliers.mean() < self.explained:
            return 0.0
        return abs(log(float(np.hypot(sheet[0, 0], sheet[1, 0])))) / pair.seconds
