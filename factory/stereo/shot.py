"""Which part of a clip points can be followed through: elsewhere one picture turns into another."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from factory.construct import Count, Positive, Share
from factory.patches import likeness, patches
from factory.tracks import Tracks


@dataclass
class TrackableShot:
    """The longest stretch of frames between breaks.

    A break lies where few points live on from one frame to the next: a cut that nothing has noticed. And where, at one
    of several time scales, those that live on do not look as before, by the correlation of what lies about them: in a
    dissolve points are handed over from what fades out to what fades in. Fast motion lowers that throughout, a dissolve
    once, so it is told as a share of the clip's usual.
    """

    least_alive: Share = 0.3  # VR180 and stereo clips keep 0.58 (a scooter, blurred) and 0.96 and more (14 clips)
    # Of the same clips the worst moment has 0.93 and more of the usual likeness; of 16 dissolves of 4 to 24 frames
    # between them at most 0.27 at one of the two intervals.
    intervals_s: tuple[Positive, ...] = (0.25, 0.75)
    least_likeness: Share = 0.55
    half_px: Count = 5
    least_points: Count = 20  # fewer tell nothing of how alike they are, and carry no rig. A guess

    def __call__(self, tracks: Tracks, frames: Sequence[np.ndarray]) -> tuple[int, int]:
        """First frame and the one behind the last: 0 <= first < end <= F. frames: uint8 (H, W) grey, F of them."""
        broken = np.zeros(tracks.frames + 1, bool)
        broken[[0, -1]] = True
        for border in range(1, tracks.frames):
            before, behind = (tracks.at(frame)[0] for frame in (border - 1, border))
            both = len(np.intersect1d(before, behind, assume_unique=True))
            broken[border] |= both < max(self.least_points, self.least_alive * min(len(before), len(behind)))
        for interval_s in self.intervals_s:
            alike, middle = self.looks(tracks, frames, interval_s)
            if interval_s == min(self.intervals_s):  # that few points live longer may be fast motion
                broken[middle[np.isnan(alike)]] = True
            if (known := alike[np.isfinite(alike)]).size:
                broken[middle[alike < self.least_likeness * np.median(known)]] = True
        edges = np.flatnonzero(broken).tolist()
        return max(pairwise(edges), key=lambda stretch: stretch[1] - stretch[0])

    def looks(self, tracks: Tracks, frames: Sequence[np.ndarray], interval_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Of each frame that has another `interval_s` later, how alike the median point looks then, float64 (n,), NaN
        of too few points; and the frame in the middle between them, int (n,)."""
        later = np.searchsorted(tracks.times_s, tracks.times_s + interval_s - 1e-3)
        first = np.flatnonzero(later < tracks.frames)
        alike = np.full(len(first), np.nan)
        for place, (i, j) in enumerate(zip(first.tolist(), later[first].tolist(), strict=True)):
            _, xy_i, xy_j = tracks.pair(i, j)
            if len(xy_i) >= self.least_points:
                found = (patches(frames[k], xy, 2 * self.half_px + 1) for k, xy in ((i, xy_i), (j, xy_j)))
                alike[place] = np.median(likeness(*found))
        return alike, (first + later[first] + 1) // 2
