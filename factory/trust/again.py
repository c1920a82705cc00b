"""A second try for a solve that is refused: other labels of what is background, which its own failure suggests."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from factory.sfm.model.explained import explained_tracks
from factory.sfm.model.trajectory import Trajectory
from factory.tracks import Tracks
from factory.trust.rival import BorderRival


@dataclass(frozen=True)
class OtherLabels:
    """Which tracks a refused solve should rather have stood on; bounds are guesses, as each answer is judged anew."""

    rival: BorderRival = field(default_factory=BorderRival)
    least_near: float = 0.8  # share of a track's pairs whose own pose explains it, for it to come back
    least_change: float = 0.03  # share of the tracks that change their label, for a try to be worth a solve
    explained_px: float = 2.0

    def __call__(self, trajectory: Trajectory, tracks: Tracks, is_background: np.ndarray) -> Iterator[np.ndarray]:
        """Labels to try in turn, bool (M,) of all `tracks`; is_background: those that were tried."""
        if trajectory.registered.sum() < 3:
            return
        seen = trajectory.ideal(tracks)
        with np.errstate(invalid="ignore"):
            near = self.rival(trajectory, seen).near >= self.least_near
        # Near things beside a far background, whose motion is nearly a rotation, were voted out: one small change of
        # the translation explains both.
        wider = is_background | near
        # What the poses leave unexplained was no part of one rigid world, and pulled at them.
        tighter = is_background & explained_tracks(trajectory, seen, self.explained_px)
        for labels in (wider, tighter):
            if np.mean(labels != is_background) >= self.least_change:
                yield labels
