"""Camera specialist: does the camera shake as a hand does, or does it glide as a drawn one."""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.tracks import Tracks


@dataclass
class Shake:
    """Films that are drawn, rendered or generated move their camera smoothly; a hand, a vehicle and a drone do not. A
    stabiliser hides it: little shake is a hint, and no proof.

    Needs: tracks. Gives: shake, float, diagonals: how much the motion of the picture's centre over
    `interval_s`, by a similarity through the tracks (RANSAC), differs from that over the interval before, mean; None
    where fewer than two follow each other.
    """

    needs: ClassVar[tuple[str, ...]] = ("tracks",)
    gives: ClassVar[tuple[str, ...]] = ("shake",)

    interval_s: float = 0.25
    error_px: float = 2.0
    least_tracks: int = 20

    def __call__(self, record: ClipRecord) -> ClipRecord:
        tracks: Tracks = record["tracks"]
        times_s = tracks.times_s
        step = max(1, round(self.interval_s / max(float(np.median(np.diff(times_s))), 1e-3)))
        moved = [self._moved(tracks, i, i + step) for i in range(0, len(times_s) - step, step)]
        changes = [np.linalg.norm(b - a) for a, b in pairwise(moved) if a is not None and b is not None]
        return record.give(shake=float(np.mean(changes)) / tracks.diagonal_px if changes else None)

    def _moved(self, tracks: Tracks, i: int, j: int) -> np.ndarray | None:
        _, first, second = tracks.pair(i, j)
        if len(first) < self.least_tracks:
            return None
        similarity, _ = cv2.estimateAffinePartial2D(first, second, ransacReprojThreshold=self.error_px)
        if similarity is None:
            return None
        centre = np.array([tracks.width - 1, tracks.height - 1]) / 2
        moved: np.ndarray = similarity[:, :2] @ centre + similarity[:, 2] - centre
        return moved
