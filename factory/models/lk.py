"""Sparse point tracks on a CPU: pyramidal Lucas-Kanade over every frame, kept in the sampled ones."""

import math
from dataclasses import dataclass, field
from typing import Annotated, Any

import cv2
import numpy as np
from annotated_types import Ge

from factory.construct import Count, Positive, Share
from factory.frames import Frames, Passing
from factory.models.dis import DisFlow
from factory.models.velocity import Sighting
from factory.tracks import Tracks, tracks_from
from factory.video import shrink

# Sub-pixel stop: the back end works to 0.2 px, so a fiftieth leaves the tracker out of the error budget.
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 15, 0.02)

# How close forward and backward must end where a point is searched a second time: closer than the first time, for one
# that is gone has a second chance to be taken for another. Small pictures: so dissolves are told on web video. Larger
# ones, three clips on the edge: at 0.7 px a real jeep's dissolve spoils its solve, at 0.35 a rendered race seen closely
# is refused and a room behind a balloon 8 % off, at 0.5 the race alone is refused.
AGAIN_PX, SMALL_AGAIN_PX = 0.5, 0.35

Window = Annotated[int, Ge(3)]  # OpenCV's least


@dataclass
class LucasKanade:
    """Corners (Shi and Tomasi, CVPR 1994) followed by pyramidal Lucas-Kanade (Bouguet, 2001) with a return check.

    Points follow every frame that comes by, so that displacements stay small, but are detected and kept in sampled ones
    only. Each search starts where dense flow on a small picture points: without it, tracks die on fast motion and low
    frame rates. Where few corners exist (plain walls, dark scenes) weaker ones are taken and compared over a larger
    window.
    """

    points: Count = 800  # most live tracks; more cost time and gain nothing (measured on rendered orbits: 500-2000)
    area_px: Positive = 144.0  # and one for so many pixels: 400 on 320x180, as many as the filter's rules were set with
    least_room: Share = 0.1  # of the points wanted: where fewer are missing none are looked for; a sixth of the cost
    spacing_px: Positive = 9.0  # smallest distance of a new point from any other (same measurement)
    quality: Share = 0.003  # weakest corner, as a share of the strongest
    window_px: Window = 17
    levels: Count = 4  # of the pyramid, for points that those from the starting flow's picture on do not find
    return_px: Positive = 0.7  # forward and backward must end this close to the start
    few: Share = 0.3125  # of the points wanted, 250 of 800; fewer live ones than this: low texture
    few_quality: Share = 0.0005
    few_window_px: Window = 25
    # On pictures up to this size windows take in less of the scene. OpenCV takes eight pixels of a row at once: 13 cost
    # a tenth more and tell hardly better (average precision on 129 labelled web clips 0.874 in place of 0.869).
    small_side_px: Count = 400
    small_window_px: Window = 16
    # Size of the picture for the starting flow, half the frame's at most; 0: start at rest.
    start_side_px: Annotated[int, Ge(0)] = 320
    flow: DisFlow = field(default_factory=lambda: DisFlow("fast"))

    def track(self, frames: Frames) -> Tracks:
        """See `Tracker`."""
        sightings: list[Sighting] = []
        points, ids, born = np.zeros((0, 2), np.float32), np.zeros(0, np.int64), 0
        came, came_s = np.zeros((0, 2), np.float32), np.nan
        before: Passing | None = None
        for frame in frames.passing():
            if before is not None and len(points):
                there, alive = self.follow(before.grey, frame.grey, points)
                came_s = frame.time_s - before.time_s
                came = np.where(alive[:, None], (there - points) / max(came_s, 1e-9), np.nan)
                if before.sampled:
                    sightings[-1].went, sightings[-1].went_s = came, came_s
                points, ids, came = there[alive], ids[alive], came[alive]
            before = frame
            if not frame.sampled:
                continue
            apart = self._apart(points, frame.grey.shape)
            points, ids, came = points[apart], ids[apart], came[apart]
            fresh = self._detect(frame.grey, points)
            points = np.concatenate([points, fresh])
            ids = np.concatenate([ids, born + np.arange(len(fresh))])
            came = np.concatenate([came, np.full_like(fresh, np.nan)])
            born += len(fresh)
            sightings.append(Sighting(ids, points, came, came_s, np.full_like(points, np.nan)))
        height, width = before.grey.shape if before is not None else (0, 0)
        return tracks_from(
            np.concatenate([s.ids for s in sightings] or [ids]),
            np.repeat(np.arange(len(sightings)), [len(s.ids) for s in sightings]),
            np.concatenate([s.xy for s in sightings] or [points]),
            frames.times_s,
            frames.frame_index,
            (width, height),
            velocity_px_s=np.concatenate([s.velocity_px_s() for s in sightings] or [points]),
        )

    def follow(self, before: np.ndarray, after: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the points went, float32 (n, 2), and which of them came back on the way back, bool (n,)."""
        window = self._window_px(before.shape, few=len(points) < self.few * self._most(before.shape))
        start = points + self._start(before, after, points)
        levels = self._levels(before.shape)
        there, alive = searched(before, after, points, start, window, levels, self.return_px)
        # Where the flow that they start from is far off, as in a fast pan, a higher pyramid still finds some.
        lost = np.flatnonzero(~alive)
        if levels < self.levels and len(lost):
            return_px = min(self.return_px, SMALL_AGAIN_PX if self._small(before.shape) else AGAIN_PX)
            again = searched(before, after, points[lost], start[lost], window, self.levels, return_px)
            there[lost], alive[lost] = again
        return there, alive

    def _most(self, shape: tuple[int, ...]) -> int:
        return int(min(self.points, shape[0] * shape[1] / self.area_px))

    def _small(self, shape: tuple[int, ...]) -> bool:
        return max(shape) <= self.small_side_px

    def _window_px(self, shape: tuple[int, ...], few: bool) -> int:
        if self._small(shape):
            return self.small_window_px
        return self.few_window_px if few else self.window_px

    def _levels(self, shape: tuple[int, ...]) -> int:
        """Enough where the start is off by a pixel or two of the picture it comes from."""
        if self.start_side_px == 0:
            return self.levels
        return min(self.levels, 1 + math.ceil(math.log2(max(shape) / self._start_side_px(shape))))

    def _start_side_px(self, shape: tuple[int, ...]) -> int:
        return min(self.start_side_px, max(shape) // 2)

    def _start(self, before: np.ndarray, after: np.ndarray, points: np.ndarray) -> np.ndarray:
        """First guess of each displacement, float32 (n, 2): dense flow of small pictures, read at the points."""
        if self.start_side_px == 0:
            return np.zeros_like(points)
        side_px = self._start_side_px(before.shape)
        small, next_small = shrink(before, side_px), shrink(after, side_px)
        flow = self.flow.flow(small, next_small)
        scale = before.shape[1] / small.shape[1]
        at = np.clip((points / scale).round().astype(int), 0, np.array(small.shape[::-1]) - 1)
        return (flow[at[:, 1], at[:, 0]] * scale).astype(np.float32)

    def _apart(self, points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Of points that have run together the older one stays: bool (n,)."""
        cell = np.maximum(1.0, self.spacing_px / 3)
        at = (points / cell).astype(np.int64)
        _, first = np.unique(at[:, 1] * (shape[1] + 1) + at[:, 0], return_index=True)
        keep = np.zeros(len(points), bool)
        keep[first] = True
        return keep

    def _detect(self, image: np.ndarray, points: np.ndarray) -> np.ndarray:
        """New corners away from the points: float32 (n, 2)."""
        most = self._most(image.shape)
        room = most - len(points)
        if room < self.least_room * most:
            return np.zeros((0, 2), np.float32)
        free = np.full(image.shape, 255, np.uint8)
        for x, y in points.round().astype(int).tolist():
            cv2.circle(free, (x, y), round(self.spacing_px), 0, -1)
        fresh = self._corners(image, free, room, self.quality)
        if len(points) + len(fresh) < self.few * most:
            fresh = self._corners(image, free, room, self.few_quality)
        return fresh

    def _corners(self, image: np.ndarray, free: np.ndarray, most: int, quality: float) -> np.ndarray:
        if most <= 0:
            return np.zeros((0, 2), np.float32)
        found = cv2.goodFeaturesToTrack(image, most, quality, self.spacing_px, mask=free, blockSize=5)
        return np.zeros((0, 2), np.float32) if found is None else found.reshape(-1, 2)


def searched(
    before: np.ndarray,
    after: np.ndarray,
    points: np.ndarray,
    start: np.ndarray,
    window_px: int,
    levels: int,
    return_px: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Ends, float32 (n, 2), of a search from `start`, and which stay in the picture and lead back, bool (n,)."""
    how: dict[str, Any] = {"winSize": (window_px, window_px), "maxLevel": levels - 1, "criteria": _STOP}
    how["flags"] = cv2.OPTFLOW_USE_INITIAL_FLOW
    there, found, _ = cv2.calcOpticalFlowPyrLK(before, after, points, start.copy(), **how)
    # The way back starts as far off as the way there did: from the true place it would always look consistent.
    back, returned, _ = cv2.calcOpticalFlowPyrLK(after, before, there, points + there - start, **how)
    inside = np.all((there >= 0) & (there <= np.array(after.shape[::-1]) - 1), axis=1)
    close = np.linalg.norm(back - points, axis=1) < return_px
    return there, (found[:, 0] == 1) & (returned[:, 0] == 1) & inside & close
