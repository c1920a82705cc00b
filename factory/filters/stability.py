"""Point-track specialist: a cut shows as tracks that all end at once, a tripod as a border that stays where it is."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from factory.clip import ClipRecord
from factory.tracks import Tracks


@dataclass
class TrackStability:
    """DynPose-100K's tests on point tracks: sudden loss (C2) and near-constant tracks (C3).

    Whether the camera stands still is read from the frame's left, right and upper border: an object may fill the
    middle, and the lower border is often the object's or the camera's own support. Border points are counted once a
    cell, so that a rich spot does not outvote the rest. No hand holds still to a tenth of a pixel: a picture that rests
    now and then is frozen, stepped animation, or moves by clicks.

    Needs: tracks. Gives: track_loss, float, the largest share of points lost between two frames;
    track_count, float, points a frame; still_share, float, share of border cells that stay within `still_share_px` over
    `interval_s`; camera_speed, float, diagonals per second, the border's median displacement. These two are medians
    over the clip, and None when the border holds too few points. paused_share, float, share of the frames in which the
    median point stays within `paused_diagonals` of where it was in the frame before; None without points.
    """

    needs: ClassVar[tuple[str, ...]] = ("tracks",)
    gives: ClassVar[tuple[str, ...]] = ("track_loss", "track_count", "still_share", "camera_speed", "paused_share")
    version: ClassVar[int] = 3

    interval_s: float = 0.67  # 8 samples at 12 fps
    still_diagonals: float = 0.001  # 0.4 px of a 320 x 180 frame: three times the tracker's noise
    border: float = 0.15
    cells: int = 16  # across the longer side
    least_cells: int = 6
    paused_diagonals: float = (
        0.0001  # 0.04 px of 320 x 180; frozen frames come back within 0.01, hands move 0.06 or more
    )

    def __call__(self, record: ClipRecord) -> ClipRecord:
        tracks: Tracks = record["tracks"]
        steps = [tracks.pair(i, i + 1) for i in range(tracks.frames - 1)]
        lost = [1.0 - len(ids) / len(tracks.at(i)[0]) for i, (ids, _, _) in enumerate(steps) if len(tracks.at(i)[0])]
        moved_px = [np.median(np.linalg.norm(end - start, axis=1)) for ids, start, end in steps if len(ids)]
        paused = np.array(moved_px) < self.paused_diagonals * tracks.diagonal_px
        record = record.give(
            track_loss=max(lost, default=None),
            track_count=len(tracks.track) / max(tracks.frames, 1),
            paused_share=float(paused.mean()) if len(paused) else None,
        )

        times_s = tracks.times_s
        ends = np.searchsorted(times_s, times_s + self.interval_s - 1e-3)
        still, speed = [], []
        for i, j in enumerate(np.minimum(ends, len(times_s) - 1)):
            cells_px = self._border_cells(tracks, i, int(j)) if j > i else np.empty(0)
            if len(cells_px) >= self.least_cells:
                still.append(float((cells_px < self.still_diagonals * tracks.diagonal_px).mean()))
                speed.append(float(np.median(cells_px)) / tracks.diagonal_px / float(times_s[j] - times_s[i]))
        if not still:
            return record.give(still_share=None, camera_speed=None)
        return record.give(still_share=float(np.median(still)), camera_speed=float(np.median(speed)))

    def _border_cells(self, tracks: Tracks, i: int, j: int) -> np.ndarray:
        """Median displacement of each border cell that holds a point, pixels, float (cells,)."""
        _, start, end = tracks.pair(i, j)
        part = start / (tracks.width, tracks.height)
        at_border = (part[:, 0] < self.border) | (part[:, 0] > 1 - self.border) | (part[:, 1] < self.border)
        start, moved_px = start[at_border], np.linalg.norm(end - start, axis=1)[at_border]
        side_px = max(tracks.width, tracks.height) / self.cells
        names = np.floor(start / side_px).astype(int) @ (1, 1000)
        order = np.lexsort((moved_px, names))
        _, first, count = np.unique(names[order], return_index=True, return_counts=True)
        low, high = (moved_px[order[first + middle]] for middle in ((count - 1) // 2, count // 2))
        return (low + high) / 2
