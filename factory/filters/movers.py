"""Mover specialist: compact things that move against the background, and last."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.filters.field import GRID_PX, FieldPair


@dataclass(frozen=True)
class Blob:
    """A connected area of a pair that is off the background's motion. area: bool (h, w) on the grid. age: in how many
    pairs, one after the other, it was found. apart: it lies whole in the picture, with background around it."""

    area: np.ndarray
    age: int
    apart: bool

    @property
    def share(self) -> float:
        return float(self.area.mean())


@dataclass
class Movers:
    """DynPose-100K wants something that moves by itself (C3). Reflections, wind, water and noise move, too, but not as
    one area that is found again where its motion led it, with background around it.

    Needs: field_pairs. Gives: mover_share, float, area of the largest blob that lasts `lasting` pairs or more, mean
    over the pairs, as a share of the picture; brief_mover_share, the same for `lasting` - 1 pairs; evident_share,
    float, share of the picture that shows another motion than the static scene's, quantile 0.8 of the pairs. None
    without a pair.
    """

    needs: ClassVar[tuple[str, ...]] = ("field_pairs",)
    gives: ClassVar[tuple[str, ...]] = ("mover_share", "brief_mover_share", "evident_share")

    # All set by looking at real clips, and never varied.
    lasting: int = 3
    off_px: float = 1.5
    off_share: float = 0.1  # of the motion
    least_share: float = 0.001  # of the picture
    most_share: float = 0.3
    overlap: float = 0.4  # of the smaller
    most_growth: float = 4.0
    least_around: float = 0.3  # of the ring around it that moves with the background
    line_px: float = 1.4  # off the epipolar line
    line_share: float = 0.1  # of the motion
    plane_holds: float = 0.85  # share of the points on one homography: then what is off it moves, or is near

    def __call__(self, record: ClipRecord) -> ClipRecord:
        pairs: list[FieldPair] = record["field_pairs"]
        if not pairs:
            return record.give(mover_share=None, brief_mover_share=None, evident_share=None)
        runs = [list(run) for _, run in groupby(pairs, key=lambda pair: pair.run)]
        found = [blobs for run in runs for blobs in self.blobs(run)]
        lasting, brief = (self._largest(found, least) for least in (self.lasting, self.lasting - 1))
        evident = float(np.quantile([self._evident(pair) for pair in pairs], 0.8))
        return record.give(mover_share=lasting, brief_mover_share=brief, evident_share=evident)

    def blobs(self, run: Sequence[FieldPair]) -> Iterator[list[Blob]]:
        """Of each pair of one run."""
        before: list[Blob] = []
        for n, pair in enumerate(run):
            moved = [] if n == 0 else [(_shifted(blob.area, run[n - 1].flow), blob) for blob in before]
            before = [self._blob(pair, area, moved) for area in self._areas(pair)]
            yield before

    def _areas(self, pair: FieldPair) -> Iterator[np.ndarray]:
        off = (pair.off_px > np.maximum(self.off_px, self.off_share * pair.length_px)) & pair.valid & pair.evident
        mask = cv2.morphologyEx(off.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        count, labels, figures, _ = cv2.connectedComponentsWithStats(mask)
        for n in range(1, count):
            if figures[n, cv2.CC_STAT_AREA] >= self.least_share * mask.size:
                yield labels == n

    def _blob(self, pair: FieldPair, area: np.ndarray, before: Sequence[tuple[np.ndarray, Blob]]) -> Blob:
        ages = [
            blob.age
            for moved, blob in before
            if (moved & area).sum() >= self.overlap * min(blob.area.sum(), area.sum())
            and max(blob.area.sum(), area.sum()) < self.most_growth * min(blob.area.sum(), area.sum())
        ]
        edge = area[0].any() or area[-1].any() or area[:, 0].any() or area[:, -1].any()
        one = area.astype(np.uint8)
        ring = (cv2.dilate(one, np.ones((7, 7), np.uint8)) > 0) & (cv2.dilate(one, np.ones((3, 3), np.uint8)) == 0)
        still = pair.valid & (pair.off_px <= np.maximum(self.off_px, self.off_share * pair.length_px))
        around = bool(ring.any() and still[ring].mean() > self.least_around)
        return Blob(area, 1 + max(ages, default=0), around and not edge and area.mean() < self.most_share)

    def _largest(self, found: Sequence[Sequence[Blob]], age: int) -> float:
        kept = [[blob.share for blob in blobs if blob.apart and blob.age >= age] for blobs in found]
        return float(np.mean([max(shares, default=0.0) for shares in kept]))

    def _evident(self, pair: FieldPair) -> float:
        off = pair.sampson_px > np.maximum(self.line_px, self.line_share * pair.length_px)
        if pair.plane_share > self.plane_holds:
            off |= pair.off_px > np.maximum(self.off_px, self.off_share * pair.length_px)
        return float((off & pair.evident & pair.valid).mean())


def _shifted(area: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """bool (h, w): where the area's flow leads it, grown by a point."""
    rows, columns = np.nonzero(area)
    moved = np.rint(flow[rows, columns] / GRID_PX).astype(int)
    x, y = columns + moved[:, 0], rows + moved[:, 1]
    inside = (x >= 0) & (y >= 0) & (x < area.shape[1]) & (y < area.shape[0])
    there = np.zeros(area.shape, np.uint8)
    there[y[inside], x[inside]] = 1
    grown: np.ndarray = cv2.dilate(there, np.ones((3, 3), np.uint8)) > 0
    return grown
