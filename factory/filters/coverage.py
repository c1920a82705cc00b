"""Background specialist: how much of the picture is a static scene that geometry can hold on to."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.filters.field import FieldPair


@dataclass
class Coverage:
    """Cells of the picture that are covered: enough textured points in them move as one rigid scene does, tightly.
    Water, leaves, close-ups and what is out of focus leave cells empty, wherever they lie.

    Needs: field_pairs. Gives: cover_share, float, share of the cells that are covered, quantile 0.2 of the pairs;
    border_cover_share, float, of the cells at the left, right and upper border, median; chaos_share, float, share of
    the picture whose flow is off the homography of the rest, quantile 0.8; noise_px, float, distance of textured points
    from the epipolar geometry, median of each pair, quantile 0.8. None without a pair.
    """

    needs: ClassVar[tuple[str, ...]] = ("field_pairs",)
    gives: ClassVar[tuple[str, ...]] = ("cover_share", "border_cover_share", "chaos_share", "noise_px")

    # All set by looking at real clips, and never varied.
    cells: tuple[int, int] = (8, 6)
    least_points: float = 0.12  # of a cell's points
    tight_px: float = 0.25
    tight_share: float = 0.01  # of the motion
    off_px: float = 1.5
    off_share: float = 0.1

    def __call__(self, record: ClipRecord) -> ClipRecord:
        pairs: list[FieldPair] = record["field_pairs"]
        if not pairs:
            return record.give(**dict.fromkeys(self.gives))
        covered = np.stack([self._covered(pair) for pair in pairs])
        border = np.zeros(covered.shape[1:], bool)
        border[:, 0] = border[:, -1] = border[0] = True
        off = [
            (pair.valid & (pair.off_px > np.maximum(self.off_px, self.off_share * pair.length_px))).mean()
            for pair in pairs
        ]
        noise_px = [np.median(pair.sampson_px[pair.used]) for pair in pairs]
        return record.give(
            cover_share=float(np.quantile(covered.mean(axis=(1, 2)), 0.2)),
            border_cover_share=float(np.median(covered[:, border].mean(axis=1))),
            chaos_share=float(np.quantile(off, 0.8)),
            noise_px=float(np.quantile(noise_px, 0.8)),
        )

    def _covered(self, pair: FieldPair) -> np.ndarray:
        """bool (rows, columns)."""
        tight = pair.used & (pair.sampson_px < self.tight_px + self.tight_share * pair.length_px)
        # Area interpolation is the exact mean over a cell, also where cells do not hold whole points.
        part: np.ndarray = cv2.resize(tight.astype(np.float32), self.cells, interpolation=cv2.INTER_AREA)
        return part > self.least_points
