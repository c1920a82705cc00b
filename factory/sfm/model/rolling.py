"""Tracks as if all rows of a picture had been read at once, and back."""

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from factory.geometry.rolling import as_read, at_middle_row
from factory.tracks import Tracks

NEIGHBOURS = 4  # whose mean velocity stands in for one that is not known


def source_interval_s(tracks: Tracks) -> float:
    """Seconds between two frames of the source; inf where that cannot be told."""
    if tracks.frames < 2:
        return float("inf")
    return float(np.median(np.diff(tracks.times_s) / np.maximum(np.diff(tracks.frame_index), 1)))


def read_at_once(tracks: Tracks, readout_s: float | None) -> Tracks:
    """Tracks as seen, moved to where they are when the middle row of their picture is read. They then have velocities
    all. As they are where there is no read-out or velocities are not known."""
    if not readout_s or tracks.velocity_px_s is None:
        return tracks
    velocity = filled(tracks, tracks.velocity_px_s)
    return replace(tracks, xy=at_middle_row(tracks.xy, velocity, tracks.height, readout_s), velocity_px_s=velocity)


def read_by_rows(tracks: Tracks, readout_s: float | None) -> Tracks:
    """The inverse of `read_at_once`, for tracks that come from it: as seen."""
    if not readout_s or tracks.velocity_px_s is None:
        return tracks
    return replace(tracks, xy=as_read(tracks.xy, tracks.velocity_px_s, tracks.height, readout_s))


def filled(tracks: Tracks, velocity_px_s: np.ndarray) -> np.ndarray:
    """Velocities (N, 2) with those of neighbours where one is NaN; 0 in a frame that has none."""
    velocity, unknown = velocity_px_s.copy(), ~np.isfinite(velocity_px_s[:, 0])
    for f in np.unique(tracks.frame[unknown]):
        rows = np.flatnonzero(tracks.frame == f)
        lacks, has = rows[unknown[rows]], rows[~unknown[rows]]
        velocity[lacks] = nearest_velocity(tracks.xy[has], velocity[has], tracks.xy[lacks])
    return velocity


def nearest_velocity(xy: np.ndarray, velocity_px_s: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Mean velocity of the points xy (n, 2) nearest to each of `at` (m, 2); 0 without any."""
    if len(xy) == 0 or len(at) == 0:
        return np.zeros((len(at), 2))
    _, near = cKDTree(xy).query(at, k=min(NEIGHBOURS, len(xy)))
    return np.asarray(velocity_px_s[near.reshape(len(at), -1)].mean(axis=1))
