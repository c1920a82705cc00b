"""What the stereo stages pass on: a clip's two pictures, points seen by both eyes, the rig and where it goes."""

from dataclasses import dataclass

import numpy as np

from factory.geometry.lens import Lens
from factory.tracks import Tracks


@dataclass(frozen=True)
class Eyes:
    """The frames of a clip as both eyes see them, at the size points are followed in.

    left, right: uint8 (H, W) grey, one a frame. lens: of both. times_s: float64 (F,) seconds in the source.
    frame_index: int64 (F,) number in the source.
    """

    left: list[np.ndarray]
    right: list[np.ndarray]
    lens: Lens
    times_s: np.ndarray
    frame_index: np.ndarray


@dataclass(frozen=True)
class StereoTracks:
    """tracks: N sightings of M points by the left eye. right_xy: float64 (N, 2) pixels, where the right eye sees the
    same at the same time; NaN where it was not found."""

    tracks: Tracks
    right_xy: np.ndarray

    def select(self, keep: np.ndarray) -> "StereoTracks":
        """Only the tracks where `keep`, bool (M,), is true."""
        return StereoTracks(self.tracks.select(keep), self.right_xy[keep[self.tracks.track]])


@dataclass(frozen=True)
class StereoPath:
    """Where a rig of two eyes goes, in metres. F frames, M tracks.

    world_from_left: float64 (F, 4, 4), the left eye as it is built in; NaN where a frame is not placed.
    left_from_right: float64 (4, 4); its translation is as long as the baseline.
    points: float64 (M, 3) world, NaN where a track is none of the static world. explained: bool (N,), sightings that
    agree with their point in both eyes.
    """

    world_from_left: np.ndarray
    left_from_right: np.ndarray
    points: np.ndarray
    explained: np.ndarray
