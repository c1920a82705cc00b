"""Sightings of two eyes as rays: what every step of the solver starts from."""

from dataclasses import dataclass

import numpy as np

from factory.geometry.lens import Lens
from factory.stereo.pair import StereoTracks
from factory.tracks import Tracks


@dataclass(frozen=True)
class Sighted:
    """N sightings of M tracks. left_rays, right_rays: unit rays, float64 (N, 3), each in its eye's frame; NaN where the
    right eye did not find the point. lens: of both eyes."""

    stereo: StereoTracks
    lens: Lens
    left_rays: np.ndarray
    right_rays: np.ndarray

    @property
    def tracks(self) -> Tracks:
        """By the left eye."""
        return self.stereo.tracks

    @property
    def paired(self) -> np.ndarray:
        """bool (N,): the right eye saw it, too."""
        return np.isfinite(self.right_rays[:, 0])

    def select(self, keep: np.ndarray) -> "Sighted":
        """Only the tracks where `keep`, bool (M,), is true."""
        rows = keep[self.tracks.track]
        return Sighted(self.stereo.select(keep), self.lens, self.left_rays[rows], self.right_rays[rows])


def sighted(stereo: StereoTracks, lens: Lens) -> Sighted:
    """The rays of tracks in pictures of `lens`."""
    right_rays = np.full((len(stereo.right_xy), 3), np.nan)
    found = np.isfinite(stereo.right_xy[:, 0])
    right_rays[found] = lens.rays(stereo.right_xy[found])
    return Sighted(stereo, lens, lens.rays(stereo.tracks.xy), right_rays)
