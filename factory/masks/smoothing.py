"""Evidence of single regions spread over a clip's regions: along alike colours in space, along flow in time."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_matrix, diags
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator, cg

from factory.masks.regions import Links, Regions

LAB_BIN = np.array([16.0, 8.0, 8.0])  # of the colour histograms: light varies more over an object than hue
LAB_BINS = (16, 32, 32)


@dataclass
class Spread:
    """Which regions move, from what speaks for and against it in each: a random walker (Grady, PAMI 2006) with priors.

    Minimises for (1 - x)^2 + against x^2 over regions plus weight (x_i - x_j)^2 over links. Then colours are learned
    from the outcome, for all of the clip at once, and it is done again with what they say. Numbers were chosen on ten
    real and rendered clips with true masks; half or twice of each changed the mean J by 0.03 at most.
    """

    prior: float = 0.4  # against, of every region: plain ones say nothing, and movement would leak along them
    base: float = 0.02  # of a link across an edge, 1 being within one colour
    contrast: float = 3.0  # how sharply links fall off with the difference of colours
    in_time: float = 8.0  # weight of links along flow
    colour: float = 2.0  # weight of learned colours; walkers in plaid lose 0.1 without
    near: float = 0.15  # colours speak for regions that are this likely without them
    moving: float = 0.4

    def __call__(
        self, regions: Regions, touch: Links, follow: Links, for_: np.ndarray, against: np.ndarray
    ) -> np.ndarray:
        """How likely each region moves: float64 (N,) in [0, 1]. for_, against: float64 (N,), not negative."""
        if not for_.any():
            return np.zeros(regions.count)
        apart = self._apart(regions, touch)
        typical = max(float(apart.mean()), 1e-6) if len(apart) else 1.0
        space = touch.weight * (self.base + np.exp(-self.contrast * apart / typical))
        time = self.in_time * follow.weight * np.exp(-self.contrast * self._apart(regions, follow) / typical)
        at = np.concatenate([touch.i, follow.i]), np.concatenate([touch.j, follow.j])
        half = csr_matrix((np.concatenate([space, time]), at), shape=(regions.count, regions.count))
        against = against + self.prior
        likely = _solved(half, for_, against, np.zeros(regions.count))
        learned = _colours(regions, likely)
        if learned is None:
            return likely
        for_ = for_ + self.colour * np.clip(learned, 0.0, 1.0) * (likely > self.near)
        return _solved(half, for_, against + self.colour * np.clip(-learned, 0.0, 1.0), likely)

    def _apart(self, regions: Regions, links: Links) -> np.ndarray:
        apart = np.zeros(len(links.i))
        for channel in regions.lab.T:  # one by one: three at once take 0.2 GB for 20 s
            apart += (channel[links.i] - channel[links.j]) ** 2
        return apart


def lasting(
    regions: Regions, links: Links, moving: np.ndarray, sure: np.ndarray, frames: int, enough: float
) -> np.ndarray:
    """Of the regions `moving`, bool (N,), those in a connected body that is seen in as many frames as `frames`, or in
    which `sure`, float64 (N,), adds up to `enough`: bool (N,)."""
    both = moving[links.i] & moving[links.j]
    at = (links.i[both], links.j[both])
    count, body = connected_components(csr_matrix((np.ones(both.sum()), at), shape=(len(moving),) * 2), directed=False)
    frame = regions.frames()
    begin, end = np.full(count, len(regions.at)), np.full(count, -1)
    np.minimum.at(begin, body, frame)
    np.maximum.at(end, body, frame)
    stays = end - begin + 1 >= min(frames, len(regions.at))
    return np.asarray(moving & (stays | (np.bincount(body, sure, count) >= enough))[body])


def _solved(half: csr_matrix, for_: np.ndarray, against: np.ndarray, start: np.ndarray) -> np.ndarray:
    """half: weights of the links, each once. The system's matrix is never made: of 20 s it has 9 million entries."""
    other_half = half.T
    diagonal = np.asarray(half.sum(axis=1)).ravel() + np.asarray(half.sum(axis=0)).ravel() + for_ + against
    system = LinearOperator(half.shape, lambda x: diagonal * x - half @ x - other_half @ x, dtype=float)
    # A thousandth is finer than any bound on the answer asks; 20 to 60 rounds reach it.
    found, _ = cg(system, for_, x0=start, rtol=1e-3, maxiter=200, M=diags(1.0 / diagonal))
    return np.asarray(found)


def _colours(regions: Regions, likely: np.ndarray) -> np.ndarray | None:
    """What each region's colour says, float64 (N,): 1 seen only where it moves, -1 only where not; or None."""
    return told_by_colour(regions, np.clip(2.0 * likely - 0.6, 0.0, 1.0), np.clip(1.0 - 1.5 * likely, 0.0, 1.0))


def told_by_colour(regions: Regions, inside: np.ndarray, outside: np.ndarray) -> np.ndarray | None:
    """What each region's colour says, float64 (N,): 1 seen only in regions that weigh as `inside`, -1 only in those
    that weigh as `outside`, float64 (N,) each; None where either is nothing."""
    index = np.ravel_multi_index(
        tuple(np.clip(regions.lab // LAB_BIN, 0, np.array(LAB_BINS) - 1).astype(int).T), LAB_BINS
    )
    shares = []
    for weight in (inside, outside):
        counted = np.bincount(index, regions.size * weight, int(np.prod(LAB_BINS)))
        if counted.sum() == 0:
            return None
        smooth = gaussian_filter((counted / counted.sum()).reshape(LAB_BINS), 1.0, mode="nearest", truncate=2.5)
        shares.append(smooth.ravel()[index])
    here, there = shares
    return np.asarray((here - there) / np.maximum(here + there, 1e-12))
