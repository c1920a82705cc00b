"""Labels of tracks once the camera is solved: a track at rest is one point, seen where the poses say, all its life."""

from dataclasses import dataclass

import numpy as np

from factory.background.border import border_score
from factory.background.choose import Background, labelled
from factory.sfm.model.explained import resting_errors_px
from factory.sfm.model.trajectory import Trajectory
from factory.tracks import Tracks


@dataclass
class SolvedLabels:
    """Asks every track whether one resting point explains it; poses of single pairs ask less, with a guessed focal.

    Near static things fail that guess: on 21 real and rendered clips the share of the dynamic observations that is
    right rose from 0.58 to 0.68, the share of the true ones that is found stayed at 0.85; in four clips in which
    nothing moves, 11 % of the tracks were taken for dynamic before and 2 % after.
    """

    spread: float = 10.0  # tolerance by the solution's mean error,
    tolerance_px: tuple[float, float] = (1.5, 4.0)  # but within these, of a frame 640 wide
    least_seen: int = 3
    least_value: float = 0.7
    least_ring_win: float = 0.38  # as AcceptRule: a solution that explains less of the border may follow an object

    def __call__(self, tracks: Tracks, background: Background, trajectory: Trajectory) -> Background:
        """The background under the poses; as it was where the camera does not move or the poses cannot be trusted."""
        if trajectory.rotation_only or trajectory.registered.sum() < self.least_seen:
            return background
        errors = resting_errors_px(trajectory, tracks)
        scale = max(tracks.width, tracks.height) / 640
        tolerance = np.clip(self.spread * (trajectory.reprojection_error_px or 0.0) / scale, *self.tolerance_px) * scale
        placed = trajectory.registered[tracks.frame]
        seen = np.bincount(tracks.track, placed, tracks.count)
        fits = np.where(placed, np.clip(2.0 - errors / tolerance, 0.0, 1.0), 0.0)
        value = np.bincount(tracks.track, fits, tracks.count) / np.maximum(seen, 1)
        value = np.where(seen >= self.least_seen, value, background.value)
        found = labelled(value, self.least_value, background.hypothesis, background.scores)
        return found if border_score(tracks, found.is_background, 0.0) >= self.least_ring_win else background
