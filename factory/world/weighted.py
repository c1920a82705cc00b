"""Points of tracks under the noise of their ranges: one point where that explains a track, else a smooth range."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solveh_banded

from factory.construct import Count, Positive
from factory.world.lifted import Lifted, row_of
from factory.world.still import Still, still_points

STEPS = (1, 2, 3)  # frames over which accelerations are taken
LOSS = 3.0  # standard deviations at which a measured range counts half: Cauchy's weight


@dataclass(frozen=True)
class WeightedOffsets:
    """What stands still within its noise becomes one point, fused from all sightings. Of what moves the ranges change
    evenly along their rays: each within its noise, their accelerations within what things have.

    Other than the paper's objective this one is meant to be minimised, and no length of it is in metres but
    `acceleration`. Against the paper on rendered clips: tests/bench/stereo_tracks.py.
    """

    still_chi2: Positive = 4.0  # a track stands still below; rendered clips hardly change up to 9
    # Standard deviation, m/s^2. At 3 what is waved to and fro is flattened (rendered `stereo_towards`: error up by a
    # fifth, at 10 down by a fifth); of the others it takes a hundredth more.
    acceleration: Positive = 10.0
    rounds: Count = 4  # of re-weighting; a closed form each

    def __call__(self, seen: Lifted, motion_px: np.ndarray | None = None, still: Still | None = None) -> np.ndarray:
        """World points, float64 (N, 3): all of one track the same where it stands still, else on their rays.
        motion_px is not looked at: see `PaperOffsets`. still: what `still_points` finds, where that is known."""
        del motion_px
        if not seen.count:
            return seen.points
        still = still_points(seen) if still is None else still
        points = still.points[seen.track]
        if len(moving := np.flatnonzero((still.chi2 >= self.still_chi2)[seen.track])):
            rest = seen.observations((still.chi2 >= self.still_chi2)[seen.track])
            points[moving] = self.along_rays(rest)
        return points

    def along_rays(self, seen: Lifted) -> np.ndarray:
        """The same of tracks that move, all of them, on their rays."""
        return np.asarray(seen.centres + self._smooth(seen)[:, None] * seen.rays)

    def _smooth(self, seen: Lifted) -> np.ndarray:
        """Ranges (N,) that minimise robust ((s - range) / sigma)^2 + (acceleration along the ray / its bound)^2. The
        rows of a track lie together: all tracks are one banded system."""
        bands, right = _acceleration_bands(seen, self.acceleration)
        ranges = seen.ranges
        for _ in range(self.rounds):
            weight = 1 / (1 + ((ranges - seen.ranges) / (LOSS * seen.sigmas)) ** 2) / seen.sigmas**2
            matrix = bands.copy()
            matrix[0] += weight
            ranges = solveh_banded(matrix, right + weight * seen.ranges, lower=True, overwrite_ab=True)
        return np.asarray(ranges)


def _acceleration_bands(seen: Lifted, bound: float) -> tuple[np.ndarray, np.ndarray]:
    """Lower bands (1 + 2 max(STEPS), N) of A^T A and -A^T k, where A s + k are the second differences along the middle
    one's ray, by time squared and the bound, of ranges s."""
    count = len(seen.track)
    bands, right = np.zeros((1 + 2 * max(STEPS), count)), np.zeros(count)
    time_s = seen.times_s[seen.frame]
    for step in STEPS:
        before, after = (row_of(seen.track, seen.frame, way, len(seen.times_s)) for way in (-step, step))
        inner = (seen.frame >= step) & (seen.frame < len(seen.times_s) - step)
        here = np.flatnonzero((before >= 0) & (after >= 0) & inner)
        rows = (before[here], here, after[here])
        since_s, until_s = time_s[rows[1]] - time_s[rows[0]], time_s[rows[2]] - time_s[rows[1]]
        scale = 2 / ((since_s + until_s) * bound)
        factors = (scale / since_s, -scale * (1 / since_s + 1 / until_s), scale / until_s)
        shares = [
            factor * np.einsum("ni,ni->n", seen.rays[row], seen.rays[here])
            for row, factor in zip(rows, factors, strict=True)
        ]
        constant = sum(
            factor * np.einsum("ni,ni->n", seen.centres[row], seen.rays[here])
            for row, factor in zip(rows, factors, strict=True)
        )
        for a, (row, share) in enumerate(zip(rows, shares, strict=True)):
            right -= np.bincount(row, share * constant, count)
            for other, beside in zip(rows[: a + 1], shares[: a + 1], strict=True):
                np.add.at(bands, (row - other, other), share * beside)
    return bands, right
