"""From places in the rectified left picture and their disparities to points in the world, with the noise they have."""

import numpy as np

from factory.geometry.lens import Lens
from factory.geometry.rectification import ranges_of
from factory.tracks import Tracks
from factory.world.lifted import Lifted

# Counts as one standard deviation. Of the disparities that `DenseDisparity` is confident of half are 0.05 px off or
# less, nine in ten 0.15 to 0.17 px, 97 in 100 0.25 to 0.29 px (four rendered clips of 448 px a radian, along tracks).
DISPARITY_PX = 0.15
CHUNK = 50_000  # sightings
ACROSS_PX = 0.5  # drift of followed points: half are 0.14 px off or less, nine in ten 0.7 px (rendered walker)


def lift(
    lens: Lens,
    baseline: float,
    tracks: Tracks,
    disparity_px: np.ndarray,
    world_from_cam: np.ndarray,
    disparity_sigma_px: float = DISPARITY_PX,
) -> tuple[Lifted, Tracks]:
    """The sightings whose range is known, in the world and in the picture: those with a disparity of two of its
    standard deviations at least, in a frame that has a pose.

    lens: of both rectified pictures (pinhole or transverse). baseline: in the scene's unit of length, metres where it
    is known. disparity_px: (N,), of each sighting, NaN where there is none. world_from_cam: float64 (F, 4, 4) of the
    rectified left eye, NaN where a frame has none.
    """
    disparity = np.asarray(disparity_px, np.float64)
    off = disparity_sigma_px * np.array([[0.0], [1.0], [-1.0], [-2.0]])
    ranges, near, far, least = np.concatenate(
        [ranges_of(lens, baseline, tracks.xy[rows], disparity[rows] + off) for rows in _chunks(len(disparity))], axis=1
    )
    return lifted(lens, tracks, np.where(np.isfinite(least), ranges, np.nan), (far - near) / 2, world_from_cam)


def lifted(
    lens: Lens, tracks: Tracks, ranges: np.ndarray, sigmas: np.ndarray, world_from_cam: np.ndarray
) -> tuple[Lifted, Tracks]:
    """The same for ranges (N,) that come from elsewhere, with their standard deviations (N,)."""
    posed = np.isfinite(world_from_cam).all(axis=(1, 2))[tracks.frame]
    keep = np.isfinite(ranges) & np.isfinite(sigmas) & posed
    kept, ranges = tracks.observations(keep), ranges[keep]
    turns, rays = world_from_cam[:, :3, :3], np.empty((len(ranges), 3))
    for rows in _chunks(len(ranges)):
        rays[rows] = np.einsum("nij,nj->ni", turns[kept.frame[rows]], lens.rays(kept.xy[rows]))
    centres, acrosses = world_from_cam[kept.frame, :3, 3], ACROSS_PX * lens.spread(kept.xy) * ranges
    return Lifted(kept.track, kept.frame, centres, rays, ranges, sigmas[keep], acrosses, kept.times_s), kept


def _chunks(count: int) -> list[slice]:
    """What is made of so many at a time stays small."""
    return [slice(first, first + CHUNK) for first in range(0, max(count, 1), CHUNK)]
