"""What networks see in single pictures: the lens, and how much of the picture belongs to things that move (C2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from factory.clip import ClipRecord
from factory.construct import Count
from factory.models.roles import Intrinsics, Segmenter


@dataclass
class SeenFocal:
    """Focal lengths of a clip's stills, each by itself: where nothing moves enough for self-calibration, and where a
    zoom changes them. DynPose-100K has such a specialist; its network is not known.

    Needs: stills. Gives: seen_focal_ratio, over the longer side, the stills' median; seen_focal_spread, half the
    distance of the quartiles of its logarithm. None where the network tells fewer than `least_stills`.
    """

    needs: ClassVar[tuple[str, ...]] = ("stills",)
    gives: ClassVar[tuple[str, ...]] = ("seen_focal_ratio", "seen_focal_spread")

    intrinsics: Intrinsics
    least_stills: Count = 3  # of five; a guess

    def __call__(self, record: ClipRecord) -> ClipRecord:
        stills = np.stack(record["stills"])
        ratios = self.intrinsics.focals(stills).focal_px.astype(float) / max(stills.shape[1:3])
        ratios = ratios[np.isfinite(ratios) & (ratios > 0)]
        if len(ratios) < self.least_stills:
            return record.give(seen_focal_ratio=None, seen_focal_spread=None)
        low, middle, high = np.quantile(np.log(ratios), (0.25, 0.5, 0.75))
        return record.give(seen_focal_ratio=float(np.exp(middle)), seen_focal_spread=float(high - low) / 2)


@dataclass
class MovableShare:
    """How much of the picture things fill that may move, by their class: with little else in it, nothing tells the
    camera's motion from theirs. DynPose-100K measures the area of its masks.

    names: classes, in the segmenter's words. Needs: stills. Gives: movable_share, of pixels, the stills' median.
    """

    needs: ClassVar[tuple[str, ...]] = ("stills",)
    gives: ClassVar[tuple[str, ...]] = ("movable_share",)

    segmenter: Segmenter
    names: Sequence[str]

    def __call__(self, record: ClipRecord) -> ClipRecord:
        found = self.segmenter.classes(np.stack(record["stills"]), self.names) > 0
        return record.give(movable_share=float(np.median(found.mean(axis=(1, 2)))))
