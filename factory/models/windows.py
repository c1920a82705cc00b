"""A tracker that asks a learned follower window by window, and joins what it answers."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge

from factory.construct import Count, Positive
from factory.frames import Frames
from factory.models.roles import Followed
from factory.tracks import Tracks, tracks_from

Window = Annotated[int, Ge(2)]


@dataclass
class WindowTracker:
    """Tracks of a grid of points in a sliding window (DynPose-100K, section 1.4.2 of its public notes; what length,
    stride and grid it has is not known); the role `Tracker`.

    Windows share a frame, in which the points that are seen go on as queries of the next one: a track is one track over
    any number of windows. In the first frame of each and in its middle the grid is laid anew; of what it starts there,
    points that lie within half of its spacing of an older track are left out. follower: see `roles.Follower`; it sees
    the frames in colour, where they are decoded with it, and its points are given in pixels of the grey ones.
    """

    follower: Any
    window: Window = 48  # frames; a guess: 4 s at 12 a second
    points: Count = 1024  # of the grid, a guess: DynPose-100K's pairs come of some hundred
    least_frames: Count = 3  # of a track, as in ParticleSfM

    def track(self, frames: Frames) -> Tracks:
        """See `Tracker`. Raises ModelError."""
        colour, grey = frames.rgb, frames.grey
        size = np.array(grey[0].shape[::-1], float)
        found = _Joined(len(colour), _spacing(colour.shape, self.points))
        step = self.window - 1
        for begin in range(0, max(len(colour) - 1, 1), step):
            part = colour[begin : begin + self.window]
            queries, ids = found.queries(begin, len(part), colour.shape)
            found.take(begin, ids, queries, self.follower.follow(part, queries))
        track, frame, xy = found.observations(colour.shape)
        scale = size / np.array(colour.shape[2:0:-1], float)
        shape = (int(size[0]), int(size[1]))
        where = (frames.times_s, frames.frame_index, shape, self.least_frames)
        return tracks_from(track, frame, (xy + 0.5) * scale - 0.5, *where)


class _Joined:
    """Tracks so far. spacing_px: of the grid, in the pictures that the follower sees."""

    def __init__(self, frames: int, spacing_px: Positive) -> None:
        self._spacing_px = spacing_px
        self._seen: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in range(frames)]  # ids and places, by frame
        self._born = 0

    def queries(self, begin: int, count: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Of the window: float32 (N, 3), frame in it, x, y, and the tracks they belong to. What goes on comes first,
        then the grid of the first frame, then that of the middle."""
        ids, xy = self._at(begin)
        grid = _grid(shape, self._spacing_px)
        first = grid[_apart(grid, xy, self._spacing_px / 2)]
        middle = grid if count > 2 else grid[:0]
        places = np.concatenate([xy, first, middle])
        frame = np.repeat([0, count // 2], [len(xy) + len(first), len(middle)])
        fresh = self._born + np.arange(len(first) + len(middle))
        self._born += len(fresh)
        return np.c_[frame, places].astype(np.float32), np.concatenate([ids, fresh])

    def take(self, begin: int, ids: np.ndarray, queries: np.ndarray, answer: Followed) -> None:
        """What the follower says of a window. Where tracks meet in the frame where the grid was laid anew, the older
        one stays."""
        middle = int(queries[-1, 0]) if len(queries) else 0
        late = queries[:, 0] == middle if middle else np.zeros(len(queries), bool)
        older = ~late & answer.visible[:, middle]
        kept = ~late
        kept[late] = _apart(queries[late, 1:], answer.xy[older, middle], self._spacing_px / 2)
        for number in range(answer.xy.shape[1]):
            seen = kept & answer.visible[:, number]
            if begin and number == 0:  # the window before has told already where they are
                seen &= ~np.isin(ids, self._at(begin)[0])
            self._seen[begin + number].append((ids[seen], answer.xy[seen, number]))

    def observations(self, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Tracks, frames, and places inside the picture."""
        parts = [(ids, np.full(len(ids), f), xy) for f, seen in enumerate(self._seen) for ids, xy in seen]
        track, frame, xy = (np.concatenate(each) for each in zip(*parts, strict=True))
        inside = np.all((xy >= -0.5) & (xy <= np.array(shape[2:0:-1]) - 0.5), axis=1)
        return track[inside], frame[inside], xy[inside]

    def _at(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        parts = self._seen[frame] or [(np.zeros(0, np.int64), np.zeros((0, 2), np.float32))]
        return np.concatenate([ids for ids, _ in parts]), np.concatenate([xy for _, xy in parts])


def _spacing(shape: tuple[int, ...], points: int) -> float:
    return float(np.sqrt(shape[1] * shape[2] / points))


def _grid(shape: tuple[int, ...], spacing_px: float) -> np.ndarray:
    """Float32 (N, 2), x and y of a regular grid, half a spacing away from the border."""
    height, width = shape[1:3]
    y, x = (np.arange(spacing_px / 2 - 0.5, side - 0.5, spacing_px) for side in (height, width))
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)


def _apart(points: np.ndarray, others: np.ndarray, least_px: float) -> np.ndarray:
    """Of the points those that are nowhere near any of the others: bool (n,)."""
    from scipy.spatial import cKDTree

    if not len(others) or not len(points):
        return np.ones(len(points), bool)
    return np.asarray(cKDTree(others).query(points)[0] >= least_px)
