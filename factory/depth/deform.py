"""Networks are wrong smoothly: a coarse grid of factors a frame, all frames at once, that brings them to what is known.

Robust sparse least squares in inverse depth, in place of the gradient descent on pairs of pictures of MegaSaM and
Dynapo: known poses make every static correspondence a point of known depth, and points make the problem linear.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, identity
from scipy.sparse.linalg import splu

from factory.construct import Count, NotNegative, Positive


@dataclass(frozen=True)
class Known:
    """Inverse depths: frame int (N,), place in 0..E-1; xy float (N, 2) pixels; prior, inverse float (N,), the aligned
    prior there and the truth; weight float (N,)."""

    frame: np.ndarray
    xy: np.ndarray
    prior: np.ndarray
    inverse: np.ndarray
    weight: np.ndarray


@dataclass
class Deform:
    """inverse depth ~ A(x, y) * prior, A bilinear on a grid. Weights of the ties are by the mean number of points a
    knot: stiff grids (3) gain nothing; without the pull to one a grid runs away where nothing is known, under what
    moves.
    """

    across: Count = 16
    down: Count = 9
    rounds: Count = 8
    off_share: Positive = 0.05  # Cauchy's scale, of the inverse depth; a guess: half of what networks are off
    smooth: NotNegative = 0.01
    in_time: NotNegative = 0.003
    to_one: NotNegative = 0.001

    def __call__(self, known: Known, frames: int, size: tuple[int, int]) -> np.ndarray:
        """Factors, float32 (E, h, w), of `frames` pictures of `size` (width, height)."""
        knots = frames * self.across * self.down
        factors = np.ones(knots)
        if len(known.frame):
            factors = self._solved(known, frames, size)
        grids = factors.reshape(frames, self.down, self.across).astype(np.float32)
        return np.stack([self._spread(grid, size) for grid in grids]) if frames else np.empty((0, *size[::-1]))

    def _solved(self, known: Known, frames: int, size: tuple[int, int]) -> np.ndarray:
        relative = known.prior / known.inverse
        rows = self._rows(known, frames, size).multiply(relative[:, None]).tocsr()
        knots = rows.shape[1]
        ties = self._ties(frames) * (known.weight.sum() / knots)
        pull = self.to_one * known.weight.sum() / knots
        fixed = ties + pull * identity(knots, format="csr")
        factors, weight = np.ones(knots), known.weight
        for _ in range(self.rounds):
            weighted = rows.multiply(weight[:, None]).tocsr()
            system = (rows.T @ weighted + fixed).tocsc()
            solver = splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}, diag_pivot_thresh=0.0)
            factors = solver.solve(np.asarray(weighted.sum(axis=0)).ravel() + pull)
            weight = known.weight / (1.0 + ((rows @ factors - 1.0) / self.off_share) ** 2)
        return factors

    def _rows(self, known: Known, frames: int, size: tuple[int, int]) -> csr_matrix:
        """Bilinear weights of the knots, (N, knots)."""
        at = known.xy / (np.array(size) - 1) * [self.across - 1, self.down - 1]
        cell = np.clip(np.floor(at), 0, [self.across - 2, self.down - 2]).astype(int)
        x, y = np.clip(at - cell, 0.0, 1.0).T
        first = (known.frame * self.down + cell[:, 1]) * self.across + cell[:, 0]
        columns = np.stack([first, first + 1, first + self.across, first + self.across + 1])
        values = np.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y])
        row = np.tile(np.arange(len(known.frame)), 4)
        shape = (len(known.frame), frames * self.down * self.across)
        return coo_matrix((values.ravel(), (row, columns.ravel())), shape=shape).tocsr()

    def _ties(self, frames: int) -> csr_matrix:
        """Squares of the differences between knots next to each other, and of one knot between frames."""
        index = np.arange(frames * self.down * self.across).reshape(frames, self.down, self.across)
        pairs = [
            (index[:, :, :-1], index[:, :, 1:], self.smooth),
            (index[:, :-1], index[:, 1:], self.smooth),
            (index[:-1], index[1:], self.in_time),
        ]
        one = np.concatenate([a.ravel() for a, _, _ in pairs])
        other = np.concatenate([b.ravel() for _, b, _ in pairs])
        tie = np.concatenate([np.full(a.size, weight) for a, _, weight in pairs])
        rows, columns = np.concatenate([one, other, one, other]), np.concatenate([one, other, other, one])
        return coo_matrix((np.concatenate([tie, tie, -tie, -tie]), (rows, columns)), shape=(index.size,) * 2).tocsr()

    def _spread(self, grid: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """A grid (down, across), whose outer knots are the picture's outer pixel centres, at every pixel."""
        x = np.linspace(0, self.across - 1, size[0], dtype=np.float32)
        y = np.linspace(0, self.down - 1, size[1], dtype=np.float32)
        return np.asarray(cv2.remap(grid, *np.meshgrid(x, y), cv2.INTER_LINEAR))
