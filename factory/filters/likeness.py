"""Dissolve specialist: tracks that slide from one picture onto another keep their way and lose their looks."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from factory.clip import ClipRecord
from factory.patches import likeness, patches
from factory.tracks import Tracks


@dataclass
class TrackLikeness:
    """Whether tracked points still look as they did `interval_s` before.

    In a dissolve nothing jumps: flow stays small, and tracks are handed over from what fades out to what fades in. But
    a while later the patch about a point is another one. Its likeness is the normalised cross-correlation of the two
    patches, of which the median point's counts. Fast motion and turning lower it throughout, a dissolve once, so it is
    told as a share of the clip's usual.

    Needs: frames, tracks. Gives: track_likeness, float, the worst moment's over the median moment's;
    None where no moment has enough points.
    """

    needs: ClassVar[tuple[str, ...]] = ("frames", "tracks")
    gives: ClassVar[tuple[str, ...]] = ("track_likeness",)

    interval_s: float = 0.75  # most dissolves last 0.5 to 1 s; of 0.5 and 0.75 the second tells them better
    every: int = 2  # frames between two moments
    half_px: int = 5
    most_points: int = 60
    least_points: int = 20

    def __call__(self, record: ClipRecord) -> ClipRecord:
        tracks: Tracks = record["tracks"]
        frames, times_s = record["frames"].grey, tracks.times_s
        later = np.searchsorted(times_s, times_s + self.interval_s - 1e-3)
        moments = [(i, int(j)) for i, j in enumerate(later) if i % self.every == 0 and j < len(times_s)]
        found = [self._likeness(frames[i], frames[j], tracks, i, j) for i, j in moments]
        known = [value for value in found if value is not None]
        if not known or np.median(known) <= 0:
            return record.give(track_likeness=None)
        return record.give(track_likeness=float(max(min(known), 0.0) / np.median(known)))

    def _likeness(self, grey1: np.ndarray, grey2: np.ndarray, tracks: Tracks, i: int, j: int) -> float | None:
        _, xy1, xy2 = tracks.pair(i, j)
        if len(xy1) < self.least_points:
            return None
        step = -(-len(xy1) // self.most_points)
        found = (patches(grey, xy[::step], 2 * self.half_px + 1) for grey, xy in ((grey1, xy1), (grey2, xy2)))
        return float(np.median(likeness(*found)))
