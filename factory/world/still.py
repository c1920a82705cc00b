"""One point that stands still, and one that moves evenly, fitted to each track under the noise of its sightings."""

from dataclasses import dataclass, replace

import numpy as np

from factory.world.lifted import Lifted, begins, quantile_by_track, sums

ROUNDS = 5  # of re-weighting; points move by less than a tenth of their noise afterwards
FAINT = 1e-9  # of the information on a point is added on everything: a track seen once has no velocity
LOSS = 3.0  # standard deviations at which a sighting counts half: Cauchy's weight
SHARE = 0.9  # chi2 of a track is this quantile of its sightings'


@dataclass(frozen=True)
class Still:
    """points: float64 (M, 3), world; where a track would stand. chi2: float64 (M,), the 90th percentile of the squared
    distances of its sightings from there, in standard deviations; 3 degrees of freedom."""

    points: np.ndarray
    chi2: np.ndarray


@dataclass(frozen=True)
class Speed:
    """How fast a track moves if it does so evenly, (M,) each: units of length a second, with one standard deviation;
    inf where a track has no two times."""

    speed: np.ndarray
    sigma: np.ndarray


def still_points(seen: Lifted) -> Still:
    """Weighted least squares: the noise is that along the ray and across it, what is far off counts less."""
    points, squares = fitted(seen, Even(seen, moves=False))
    return Still(points[:, :3], quantile_by_track(squares, seen.track, SHARE))


def point_sigmas(seen: Lifted) -> np.ndarray:
    """One standard deviation, float64 (M,), of where a track would stand, in the direction that is known least. What is
    wrong with the ranges of one track is taken for the same in all its sightings: together they tell as much as one."""
    counts = np.diff(begins(seen.track), append=len(seen.track))
    once = replace(seen, sigmas=seen.sigmas * np.sqrt(counts)[seen.track])
    covariance = np.linalg.inv(Even(once, moves=False).normal(np.ones(len(seen.track)))[0])
    return np.asarray(np.sqrt(np.linalg.eigvalsh(covariance)[:, -1]))


def speeds(seen: Lifted) -> Speed:
    """The same with a velocity. The noise of the speed is scaled up where sightings scatter more than theirs says."""
    even = Even(seen, moves=True)
    found, squares = fitted(seen, even)
    begin = begins(seen.track)
    counts = np.diff(begin, append=len(seen.track))
    weights = _robust(squares)
    scatter = sums(weights * squares, begin) / np.maximum(3 * counts - 6, 1)
    velocity = found[:, 3:]
    speed = np.linalg.norm(velocity, axis=1)
    covariance = np.linalg.inv(even.normal(weights)[0])[:, 3:, 3:]
    way = velocity / np.maximum(speed, 1e-12)[:, None]
    variance = np.einsum("mi,mij,mj->m", way, covariance, way) * np.maximum(scatter, 1)
    timed = sums(even.since_s**2, begin) > 0
    return Speed(np.where(timed, speed, np.inf), np.where(timed, np.sqrt(np.maximum(variance, 0)), np.inf))


class Even:
    """Normal equations of a point (M, 3), or a point and its velocity (M, 6), for each track."""

    def __init__(self, seen: Lifted, moves: bool) -> None:
        self.begin = begins(seen.track)
        self.counts = np.diff(self.begin, append=len(seen.track))
        time_s = seen.times_s[seen.frame]
        self.middle_s = sums(time_s, self.begin) / self.counts
        self.since_s = time_s - self.middle_s[seen.track]
        self.powers = [np.ones(len(time_s)), self.since_s][: 1 + moves]
        along, across = seen.sigmas**-2.0, seen.acrosses**-2.0
        self.rays = rays = np.ascontiguousarray(seen.rays.T)  # by axis: half the time of rows of three
        self.information = {
            (i, j): (along - across) * rays[i] * rays[j] + (across if i == j else 0.0)
            for i in range(3)
            for j in range(i, 3)
        }
        self.points = points = np.ascontiguousarray(seen.points.T)
        self.told = [sum(self.information[min(i, j), max(i, j)] * points[j] for j in range(3)) for i in range(3)]

    def normal(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Matrices (M, 3 or 6 twice) and right sides (M, 3 or 6) under weights (N,)."""
        size = 3 * len(self.powers)
        matrix, right = np.empty((len(self.begin), size, size)), np.empty((len(self.begin), size))
        for a, first in enumerate(self.powers):
            weighted = weights * first
            for i in range(3):
                right[:, 3 * a + i] = sums(weighted * self.told[i], self.begin)
            for b, second in enumerate(self.powers[: a + 1]):
                both = weighted * second
                for (i, j), value in self.information.items():
                    total = sums(both * value, self.begin)
                    for row, column in ((i, j), (j, i)):
                        matrix[:, 3 * a + row, 3 * b + column] = total
                        matrix[:, 3 * b + column, 3 * a + row] = total
        diagonal = np.einsum("mii->mi", matrix)  # a view
        diagonal += FAINT * diagonal[:, :3].mean(axis=1, keepdims=True)
        return matrix, right


def fitted(seen: Lifted, even: Even) -> tuple[np.ndarray, np.ndarray]:
    """Points, with velocities, (M, 3 or 6), and each sighting's squared distance from there (N,)."""
    weights = np.ones(len(seen.track))
    for _ in range(ROUNDS):
        matrix, right = even.normal(weights)
        found = np.linalg.solve(matrix, right[..., None])[..., 0]
        squares = squared_distances(seen, found, even)
        weights = _robust(squares)
    return found, squares


def squared_distances(seen: Lifted, found: np.ndarray, even: Even) -> np.ndarray:
    along, square = np.zeros((2, len(seen.track)))
    for i in range(3):
        apart = even.points[i] - np.repeat(found[:, i], even.counts)
        if len(even.powers) > 1:
            apart -= even.since_s * np.repeat(found[:, 3 + i], even.counts)
        along += apart * even.rays[i]
        square += apart * apart
    across = np.maximum(square - along**2, 0)
    return np.asarray((along / seen.sigmas) ** 2 + across / seen.acrosses**2)


def _robust(squares: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + squares / LOSS**2))
