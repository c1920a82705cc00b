"""Range offsets as Stereo4D solves them (Jin et al., CVPR 2025), for comparison; `weighted` is more accurate.

Along each ray an offset is sought, so that a track that stands still is one point, one that moves has little
acceleration along the rays, and neither leaves what was measured. Adam takes a hundred steps: the minimum itself is
worse than the start, for the static term rewards points that go far away.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from factory.construct import Count, NotNegative, Positive
from factory.world.lifted import Lifted, begins, blocks, quantile_by_track, row_of, sums
from factory.world.motion import SHARE
from factory.world.still import Still

Term = tuple[np.ndarray, np.ndarray]  # value of each track (M,), and its gradient by each range (N,)
BETAS, EPSILON = (0.9, 0.999), 1e-8  # Adam's usual ones (Kingma and Ba, ICLR 2015)
SHRINK_FRAMES = 2  # to each side: what the released code cuts from runs of sightings; the clip's own ends stay


@dataclass(frozen=True)
class PaperOffsets:
    """Adam on sigma(m) static + (1 - sigma(m)) dynamic + regulariser, with the constants of the released code.

    Paper and code differ in the regulariser's weight, 1e-4 and 0.1, in whose units lengths are metres.
    """

    learning_rate: Positive = 0.05  # paper and code, in metres
    steps: Count = 100  # the same
    static: NotNegative = 100.0  # weights, code
    dynamic: NotNegative = 100.0
    regulariser: NotNegative = 0.1  # code; the paper has 1e-4
    static_px: Positive = 20.0  # m0, paper: at this motion a track counts as half static
    batch: Count = (
        40_000  # sightings at a time: arrays that fit into a core's cache. The released code has 10,000 tracks
    )

    def __call__(self, seen: Lifted, motion_px: np.ndarray, still: Still | None = None) -> np.ndarray:
        """World points, float64 (N, 3), on their rays; NaN within two frames of a gap in their track, where the method
        gives none. motion_px: (N,) of `scene_motion`. still is not looked at."""
        del still
        kept = whole(seen)
        points = np.full((len(seen.track), 3), np.nan)
        inner = seen.observations(kept)
        if not inner.count:
            return points
        motion = quantile_by_track(motion_px[kept], inner.track, SHARE)
        is_static = 1 / (1 + np.exp(np.clip(motion - self.static_px, -50, 50)))
        of_sightings = is_static[inner.track]
        ranges = np.concatenate(
            [self._solved(inner.observations(rows), of_sightings[rows]) for rows in blocks(inner.track, self.batch)]
        )
        points[kept] = inner.centres + ranges[:, None] * inner.rays
        return points

    def _solved(self, seen: Lifted, is_static: np.ndarray) -> np.ndarray:
        """Ranges (N,) of a block. is_static: (N,), of each sighting's track."""
        objective = Objective.of(seen, is_static[begins(seen.track)], self, np.float32)
        start = seen.ranges.astype(np.float32)
        offset, mean, square = np.zeros((3, len(start)), np.float32)
        for step in range(1, self.steps + 1):
            gradient = objective(start + offset)[1]
            mean += (1 - BETAS[0]) * (gradient - mean)
            square += (1 - BETAS[1]) * (gradient * gradient - square)
            rate = np.float32(self.learning_rate / (1 - BETAS[0] ** step))
            offset -= rate * mean / (np.sqrt(square / np.float32(1 - BETAS[1] ** step)) + np.float32(EPSILON))
        return seen.ranges + offset


def whole(seen: Lifted) -> np.ndarray:
    """Sightings whose track is seen in the two frames before and after them, too: bool (N,)."""
    steps = [step for step in range(-SHRINK_FRAMES, SHRINK_FRAMES + 1) if step]
    return np.all([row_of(seen.track, seen.frame, step, len(seen.times_s)) >= 0 for step in steps], axis=0)


@dataclass(frozen=True)
class Objective:
    """What a block of tracks is to minimise, as a function of the ranges (N,). rays, centres: (3, N)."""

    rays: np.ndarray
    centres: np.ndarray
    ranges: np.ndarray
    track: np.ndarray
    begin: np.ndarray
    accelerations: tuple[csr_matrix, np.ndarray]  # A, k: those along the rays are A s + k
    weights: tuple[np.ndarray, np.ndarray, float]  # static and dynamic (M,), regulariser

    @classmethod
    def of(cls, seen: Lifted, is_static: np.ndarray, options: PaperOffsets, kind: type) -> "Objective":
        """is_static: (M,), 0 to 1. kind: numpy's type of all numbers."""
        matrix, constant = accelerations(seen)
        still, moving = options.static * is_static, options.dynamic * (1 - is_static)
        return cls(
            np.ascontiguousarray(seen.rays.T, kind),
            np.ascontiguousarray(seen.centres.T, kind),
            seen.ranges.astype(kind),
            seen.track,
            begins(seen.track),
            (matrix.astype(kind), constant.astype(kind)),
            (still.astype(kind), moving.astype(kind), kind(options.regulariser)),
        )

    def __call__(self, ranges: np.ndarray) -> Term:
        still, moving, regulariser = self.weights
        terms = ((still, self.static_term), (moving, self.dynamic_term), (None, self.regularising_term))
        value, gradient = np.zeros_like(still), np.zeros_like(ranges)
        for weight, term in terms:
            values, slopes = term(ranges)
            value += values * (regulariser if weight is None else weight)
            gradient += slopes * (regulariser if weight is None else weight[self.track])
        return value, gradient

    def static_term(self, ranges: np.ndarray) -> Term:
        """1/(2 N^2) sum_ij |(p_i - p_j) / n|^2, with n the mean of |p_i|: N of all p_i in the world's frame. The sum
        over pairs is 2 N times that over distances from the mean."""
        points = self.centres + ranges * self.rays
        counts = np.diff(self.begin, append=len(self.track)).astype(ranges.dtype)
        apart = points - (sums(points, self.begin) / counts)[:, self.track]
        lengths = np.sqrt(np.einsum("kn,kn->n", points, points)) + np.finfo(ranges.dtype).tiny
        norm = sums(lengths, self.begin) / counts
        value = sums(np.einsum("kn,kn->n", apart, apart), self.begin) / (counts * norm**2)
        by_apart, by_norm = (2 / (counts * norm**2))[self.track], (2 * value / (norm * counts))[self.track]
        along = np.einsum("kn,kn->n", points, self.rays) / lengths
        return value, by_apart * np.einsum("kn,kn->n", apart, self.rays) - by_norm * along

    def dynamic_term(self, ranges: np.ndarray) -> Term:
        """sum ((p_{i+d} - 2 p_i + p_{i-d}) . r_i)^2 over sightings and steps d."""
        matrix, constant = self.accelerations
        found = matrix @ ranges + constant
        square = (found * found).reshape(len(WINDOWS), -1).sum(axis=0)
        return sums(square, self.begin), 2 * (matrix.T @ found)

    def regularising_term(self, ranges: np.ndarray) -> Term:
        """sum (1/s_i - 1/range_i)^2."""
        inverse = 1 / ranges
        apart = inverse - 1 / self.ranges
        return sums(apart * apart, self.begin), -2 * apart * inverse * inverse


WINDOWS = (1, 3, 5)  # frames, paper


def accelerations(seen: Lifted) -> tuple[csr_matrix, np.ndarray]:
    """A (3 N, N) and k (3 N,): the second differences of the points along the middle one's ray, over each of the three
    steps, are A s + k for ranges s. Rows are 0 where one of the three sightings is missing; before the clip's first
    frame and after its last one these stand in."""
    count, here = len(seen.track), np.arange(len(seen.track))
    rows, columns, values, constants = [], [], [], []
    for number, step in enumerate(WINDOWS):
        others = [row_of(seen.track, seen.frame, way, len(seen.times_s)) for way in (-step, step)]
        there = (others[0] >= 0) & (others[1] >= 0)
        at = here[there]
        constant = np.zeros(count)
        for other, factor in ((others[0][there], 1.0), (at, -2.0), (others[1][there], 1.0)):
            rows.append(at + number * count)
            columns.append(other)
            values.append(factor * np.einsum("ni,ni->n", seen.rays[other], seen.rays[at]))
            constant[at] += factor * np.einsum("ni,ni->n", seen.centres[other], seen.rays[at])
        constants.append(constant)
    places = (np.concatenate(rows), np.concatenate(columns))
    matrix = csr_matrix((np.concatenate(values), places), shape=(len(WINDOWS) * count, count))
    return matrix, np.concatenate(constants)
