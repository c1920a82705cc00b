"""Whether the lower border belongs to another body than the one that was solved.

A box that somebody carries before the camera hides its left, right and upper border, where else the world shows. By the
picture alone it may as well be a room, and what is left at the bottom a thing that moves in it: nobody can tell, and
the answer must not be given. The camera's own vehicle, which many pictures have down there, stands still in them.
"""

from dataclasses import dataclass

import numpy as np

from factory.sfm.model.trajectory import Trajectory
from factory.sfm.pairs.relative import relative_pose
from factory.tracks import Tracks
from factory.trust.rival import off_px, pair_view, spread_pairs
from factory.trust.scale import to_720p

COLUMNS = 8


@dataclass(frozen=True)
class LowerBorder:
    """provenance of the rule's bound on it, see `trust.rule`; of these numbers: guesses, as for `BorderRival`."""

    strides: tuple[int, ...] = (3, 6, 10, 16)
    starts: int = 4  # pairs of each stride
    height_share: float = 0.2  # of the picture
    least_tracks: int = 15  # at the lower border
    least_missed: int = 30
    near_px: float = 1.0  # at 720p, as all others: explained by a motion of its own
    far_px: float = 3.0  # not explained by the trajectory
    still_px: float = 3.0  # up to here a thing goes with the camera
    trials: int = 100

    def __call__(self, trajectory: Trajectory, tracks: Tracks) -> float | None:
        """Share of the lower border, in columns, where most tracks follow one other motion: mean over pairs of frames.
        A column without tracks counts as none of it: what is there may stand. None where no pair has tracks there."""
        pairs = spread_pairs(tracks.frames, self.strides, self.starts)
        shares = [share for i, j in pairs if (share := self._share(trajectory, tracks, i, j)) is not None]
        return float(np.mean(shares)) if shares else None

    def _share(self, trajectory: Trajectory, tracks: Tracks, i: int, j: int) -> float | None:
        view = pair_view(trajectory, tracks, i, j)
        if view is None:
            return None
        xy_i, xy_j, scale = view.xy_i, view.xy_j, to_720p(tracks)
        low = xy_i[:, 1] > (1 - self.height_share) * tracks.height
        if low.sum() < self.least_tracks:
            return None
        missed = view.off_px() > self.far_px
        if missed.sum() < self.least_missed:
            return 0.0
        size = (tracks.width, tracks.height)
        other = relative_pose(xy_i[missed], xy_j[missed], view.camera, size, self.near_px / scale, self.trials)
        if other is None:
            return 0.0
        follows = missed & (off_px(other[0], view.rays, view.focal_px) < self.near_px)
        follows &= scale * np.linalg.norm(xy_j - xy_i, axis=1) > self.still_px
        column = np.clip(xy_i[:, 0] * COLUMNS / tracks.width, 0, COLUMNS - 1).astype(int)
        every, theirs = (np.bincount(column[rows], minlength=COLUMNS) for rows in (low, low & follows))
        return float(np.mean(2 * theirs > every))
