"""Point tracks of one clip: flat arrays that the whole pose phase shares."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Tracks:
    """Point tracks as flat observations, sorted by (track, frame); F frames, N observations, M tracks.

    track: int32 (N,), 0..M-1 contiguous. frame: int32 (N,), 0..F-1 indices of sampled frames.
    xy: float64 (N, 2) pixels of the working frame, pixel centres at integers.
    times_s: float64 (F,) seconds in the source. frame_index: int64 (F,) number of the frame in the source.
    width, height: pixels of the working frame.
    velocity_px_s: float64 (N, 2), how fast each observation moves in the picture, by the frames next to its own in the
    source; NaN where that is not known, None where none is.
    """

    track: np.ndarray
    frame: np.ndarray
    xy: np.ndarray
    times_s: np.ndarray
    frame_index: np.ndarray
    width: int
    height: int
    velocity_px_s: np.ndarray | None = None

    @property
    def count(self) -> int:
        """M, the number of tracks."""
        return int(self.track[-1]) + 1 if len(self.track) else 0

    @property
    def frames(self) -> int:
        """F, the number of sampled frames, with or without an observation."""
        return len(self.times_s)

    @property
    def diagonal_px(self) -> float:
        """Of the working frame."""
        return float(np.hypot(self.width, self.height))

    def lengths(self) -> np.ndarray:
        """Observations of each track: int64 (M,)."""
        return np.bincount(self.track, minlength=self.count)

    def select(self, keep: np.ndarray) -> "Tracks":
        """Only the tracks where `keep`, bool (M,), is true, renumbered in order. Frames all stay."""
        wanted = keep[self.track]
        number = np.cumsum(keep, dtype=np.int32) - 1
        return self._with(number[self.track[wanted]], wanted)

    def observations(self, keep: np.ndarray | slice) -> "Tracks":
        """The observations `keep`, bool (N,), ascending rows or a slice; tracks left without any vanish, the rest
        renumber."""
        kept = self.track[keep]
        number = np.cumsum(np.bincount(kept, minlength=self.count) > 0, dtype=np.int32) - 1
        return self._with(number[kept], keep)

    def at(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """Tracks seen in a frame: ids int32 (n,) ascending, and positions float64 (n, 2)."""
        rows = self._order[self._begin[frame] : self._begin[frame + 1]]
        return self.track[rows], self.xy[rows]

    def pair(self, i: int, j: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Tracks seen in both frames: ids int32 (n,) ascending, positions in frame i and in frame j, float64 (n, 2)."""
        (ids_i, xy_i), (ids_j, xy_j) = self.at(i), self.at(j)
        common, in_i, in_j = np.intersect1d(ids_i, ids_j, assume_unique=True, return_indices=True)
        return common, xy_i[in_i], xy_j[in_j]

    @cached_property
    def _order(self) -> np.ndarray:
        return np.argsort(self.frame, kind="stable")

    @cached_property
    def _begin(self) -> np.ndarray:
        return np.searchsorted(self.frame[self._order], np.arange(self.frames + 1))

    def _with(self, track: np.ndarray, rows: np.ndarray | slice) -> "Tracks":
        """The observations `rows`, under other track numbers."""
        velocity = None if self.velocity_px_s is None else self.velocity_px_s[rows]
        return replace(self, track=track, frame=self.frame[rows], xy=self.xy[rows], velocity_px_s=velocity)


def tracks_from(
    track: np.ndarray,
    frame: np.ndarray,
    xy: np.ndarray,
    times_s: np.ndarray,
    frame_index: np.ndarray,
    size_px: tuple[int, int],
    least_frames: int = 2,
    velocity_px_s: np.ndarray | None = None,
) -> Tracks:
    """Tracks of observations in any order and with any track numbers, sorted and renumbered.

    track: int (N,). frame: int (N,). xy: (N, 2) pixels. size_px: (width, height). velocity_px_s: (N, 2), see `Tracks`.
    Tracks with fewer than `least_frames` observations are left out. Raises ValueError when a track is seen twice in one
    frame.
    """
    _, dense, seen = np.unique(track, return_inverse=True, return_counts=True)
    dense, frame = dense.reshape(-1).astype(np.int32), np.asarray(frame, np.int32)
    order = np.lexsort((frame, dense))
    dense, frame = dense[order], frame[order]
    if len(dense) > 1 and np.any((np.diff(dense) == 0) & (np.diff(frame) == 0)):
        raise ValueError("a track has two observations in one frame")
    kept = (seen >= least_frames)[dense]
    number, order = np.cumsum(seen >= least_frames, dtype=np.int32) - 1, order[kept]
    return Tracks(
        number[dense[kept]].astype(np.int32),
        frame[kept],
        np.asarray(xy).reshape(-1, 2)[order].astype(np.float64),
        np.asarray(times_s, np.float64),
        np.asarray(frame_index, np.int64),
        int(size_px[0]),
        int(size_px[1]),
        None if velocity_px_s is None else np.asarray(velocity_px_s, np.float64)[order],
    )
