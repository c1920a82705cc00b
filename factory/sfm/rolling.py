"""Rolling shutter: how long the rows of a picture take to be read, and the tracks as if all were read at once.

A camera that shakes or turns while its rows are read bends every picture anew. A global shutter's solution then takes
a wrong focal length, one a frame, distortion or a moving principal point for what rows have done.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from factory.geometry.rolling import at_middle_row
from factory.sfm.adjust import Adjustment, adjust, robust_cost
from factory.sfm.model import Model
from factory.sfm.part import random_part
from factory.sfm.trajectory import Trajectory
from factory.tracks import Tracks

LOSS_PX = 0.5  # Cauchy, as in the last adjustment
NEIGHBOURS = 4  # whose mean velocity stands in for one that is not known


@dataclass(frozen=True)
class ReadoutSearch:
    """When a read-out is believed, and how it is looked for."""

    per_frame: int = 100  # observations of the test
    iterations: int = 8
    first_share: float = 0.4  # of the time between two frames of the source
    step_share: float = 0.2
    gate_gain: float = 1.05
    slowest_s: float = 0.1  # between frames of the source: beyond it they do not tell how fast a point moves; a guess


def source_interval_s(tracks: Tracks) -> float:
    """Seconds between two frames of the source; inf where that cannot be told."""
    if tracks.frames < 2:
        return float("inf")
    return float(np.median(np.diff(tracks.times_s) / np.maximum(np.diff(tracks.frame_index), 1)))


def with_all_velocities(tracks: Tracks) -> Tracks:
    """The tracks with a velocity for every observation: that of its nearest neighbours where its own is not known; 0 in
    a frame that has none."""
    if tracks.velocity_px_s is None:
        return replace(tracks, velocity_px_s=np.zeros_like(tracks.xy))
    velocity = tracks.velocity_px_s.copy()
    unknown = ~np.isfinite(velocity[:, 0])
    for f in np.unique(tracks.frame[unknown]):
        rows = np.flatnonzero(tracks.frame == f)
        lacks, has = rows[unknown[rows]], rows[~unknown[rows]]
        velocity[lacks] = _nearest(tracks.xy[has], velocity[has], tracks.xy[lacks])
    return replace(tracks, velocity_px_s=velocity)


def _nearest(xy: np.ndarray, velocity: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Mean velocity of the nearest of points xy (n, 2) to each of `at` (m, 2); 0 without any."""
    if len(xy) == 0:
        return np.zeros_like(at)
    _, near = cKDTree(xy).query(at, k=min(NEIGHBOURS, len(xy)))
    return np.asarray(velocity[near.reshape(len(at), -1)].mean(axis=1))


def read_at_once(tracks: Tracks, readout_s: float) -> Tracks:
    """The tracks as they are when the middle row of each picture is read."""
    if readout_s == 0.0 or tracks.velocity_px_s is None:
        return tracks
    whole = with_all_velocities(tracks)
    assert whole.velocity_px_s is not None
    return replace(whole, xy=at_middle_row(whole.xy, whole.velocity_px_s, tracks.height, readout_s))
