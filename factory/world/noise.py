"""How noisy a clip's ranges, rays and speeds are, by what surely stands still in it.

Rendered disparities err from sighting to sighting. Those of real lenses and compressed video are also off by what
changes slowly over the picture, so that a wall creeps along the line of sight as the camera passes. But the rays of
what stands still meet in one point, whatever the disparity says.
"""

from dataclasses import dataclass, replace

import numpy as np

from factory.world.lifted import Lifted, quantile_by_track
from factory.world.still import SHARE, Even, fitted, speeds, still_points

WEAK = 30.0  # times its noise that a range may be off where the rays are asked
MEET_CHI2 = 9.0  # under which rays meet: in two rendered clips 99 in 100 of what does not move, nothing that does
MOST_TRACKS = 4000  # that are asked
LEAST_TRACKS = 50  # fewer tell nothing
# Three in four tracks whose rays meet have less, in two rendered clips: squared distances from one point, and speeds,
# in standard deviations. A real walk 10.8 and 3.9.
USUAL_CHI2 = 1.8
USUAL_SPEED = 1.05


@dataclass(frozen=True)
class ClipNoise:
    """ranges, speeds: by how much their standard deviations are more than told, 1 at least. rays: `ray_chi2` that a
    quarter of all tracks has at the most: half of them may move."""

    ranges: float = 1.0
    speeds: float = 1.0
    rays: float = 0.0


def ray_chi2(seen: Lifted) -> np.ndarray:
    """How far a track's rays pass by the one point that suits them best, where ranges hardly count: float64 (M,), the
    90th percentile of its sightings' squared distances in standard deviations across the ray."""
    weak = replace(seen, sigmas=WEAK * seen.sigmas)
    return quantile_by_track(fitted(weak, Even(weak, moves=False))[1], seen.track, SHARE)


def clip_noise(seen: Lifted) -> ClipNoise:
    """Of some tracks, evenly chosen."""
    if not seen.count:
        return ClipNoise()
    chosen = np.zeros(seen.count, bool)
    chosen[np.linspace(0, seen.count - 1, min(seen.count, MOST_TRACKS)).astype(int)] = True
    some = seen.observations(chosen[seen.track])
    off = ray_chi2(some)
    rays, meet = float(np.quantile(off, 0.25)), off < MEET_CHI2
    if meet.sum() < LEAST_TRACKS:
        return ClipNoise(rays=rays)
    ranges = max(1.0, float(np.sqrt(np.quantile(still_points(some).chi2[meet], 0.75) / USUAL_CHI2)))
    found = speeds(replace(some, sigmas=ranges * some.sigmas))
    told = (found.speed / found.sigma)[meet & np.isfinite(found.sigma)]
    speed = max(1.0, float(np.quantile(told, 0.75)) / USUAL_SPEED) if len(told) else 1.0
    return ClipNoise(ranges, speed, rays)
