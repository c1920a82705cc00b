"""Points seen along rays, many tracks at once: what range is measured at each sighting, and how well."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Lifted:
    """N sightings of M tracks, sorted by (track, frame), in the scene's unit of length (metres where a baseline tells
    it).

    track: int32 (N,), 0..M-1, each with a sighting at least. frame: int32 (N,), 0..F-1. centres: float64 (N, 3), where
    the camera was, world. rays: float64 (N, 3), world, of length 1. ranges: float64 (N,), distance along the ray, with
    its noise `sigmas`, and that across the ray, `acrosses`: both float64 (N,), one standard deviation. times_s: float64
    (F,).
    """

    track: np.ndarray
    frame: np.ndarray
    centres: np.ndarray
    rays: np.ndarray
    ranges: np.ndarray
    sigmas: np.ndarray
    acrosses: np.ndarray
    times_s: np.ndarray

    @property
    def count(self) -> int:
        """M, the number of tracks."""
        return int(self.track[-1]) + 1 if len(self.track) else 0

    @property
    def points(self) -> np.ndarray:
        """Where they are measured, float64 (N, 3), world."""
        return self.centres + self.ranges[:, None] * self.rays

    def points_of(self, rows: np.ndarray) -> np.ndarray:
        """Those of some sightings."""
        return self.centres[rows] + self.ranges[rows, None] * self.rays[rows]

    def observations(self, keep: np.ndarray | slice) -> "Lifted":
        """The sightings `keep`, bool (N,) or a slice; tracks left without any vanish, the rest renumber."""
        names = ("frame", "centres", "rays", "ranges", "sigmas", "acrosses")
        parts = {name: getattr(self, name)[keep] for name in names}
        return replace(self, track=renumbered(self.track[keep]), **parts)

    def scaled(self, factor: float) -> "Lifted":
        """The same in a unit of length of which the old one has `factor`."""
        names = ("centres", "ranges", "sigmas", "acrosses")
        return replace(self, **{name: getattr(self, name) * factor for name in names})


def renumbered(track: np.ndarray) -> np.ndarray:
    """Ascending numbers without gaps, int32, from 0."""
    return np.cumsum(np.diff(track, prepend=track[:1]) > 0, dtype=np.int32)


def begins(track: np.ndarray) -> np.ndarray:
    """The first row of each track, int64 (M,); track: int (N,), sorted, 0..M-1 with no gaps."""
    return np.flatnonzero(np.diff(track, prepend=-1))


def blocks(track: np.ndarray, most: int) -> list[slice]:
    """Rows of whole tracks, about `most` of them a block; a block at least."""
    begin = begins(track) if len(track) else np.zeros(1, np.int64)
    ends = begin[np.flatnonzero(np.diff(begin // most, prepend=-1))]
    return [slice(int(a), int(b)) for a, b in zip(ends, [*ends[1:], len(track)], strict=True)]


def sums(values: np.ndarray, begin: np.ndarray) -> np.ndarray:
    """Of each track, over the last axis: (..., N) to (..., M)."""
    return np.add.reduceat(values, begin, axis=-1) if len(begin) else values[..., :0]


def quantile_by_track(values: np.ndarray, track: np.ndarray, share: float) -> np.ndarray:
    """The smallest value that `share` of each track's values, (N,), do not exceed: (M,)."""
    begin = begins(track)
    counts = np.diff(begin, append=len(track))
    found = np.empty(len(begin), values.dtype)
    for count in np.unique(counts).tolist():  # tracks of one length are a table: a fifth of what sorting all takes
        same = np.flatnonzero(counts == count)
        rank = max(int(np.ceil(share * count)) - 1, 0)
        found[same] = np.partition(values[begin[same, None] + np.arange(count)], rank, axis=1)[:, rank]
    return found


def row_of(track: np.ndarray, frame: np.ndarray, step: int, frames: int) -> np.ndarray:
    """The row that sees the same track `step` frames later, int64 (N,); -1 where none does. Beyond the clip's first and
    last frame, 0 and frames - 1, these stand for what is not there."""
    key = track.astype(np.int64) * frames + frame
    wanted = track.astype(np.int64) * frames + np.clip(frame + step, 0, frames - 1)
    row = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
    return np.where(key[row] == wanted, row, -1) if len(key) else row
