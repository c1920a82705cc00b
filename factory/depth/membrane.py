"""What is known at some pixels spread over all of them, like a skin that tears where colours change."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu

from factory.construct import Count, Positive


@dataclass
class Membrane:
    """Neighbours differ little, weighted by exp(-difference of colour / edge_levels) + floor; what is known holds with
    its own weight. One sparse system, exact."""

    side_px: Count = 160  # of the longer side, at which it is solved
    edge_levels: Positive = 6.0  # mean over the three colours
    floor: Positive = 0.01

    def __call__(self, rgb: np.ndarray, values: np.ndarray, weight: np.ndarray) -> np.ndarray | None:
        """rgb: uint8 (h, w, 3). values, weight: float32 (h, w); weight 0 where nothing is known. Gives float32 (h, w);
        None where nothing is known at all."""
        height, width = values.shape
        scale = min(1.0, self.side_px / max(width, height))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        known, held = _pooled(values, weight, size)
        if not np.any(held > 0):
            return None
        index = np.arange(size[0] * size[1]).reshape(size[::-1])
        one = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()])
        other = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
        flat = small.reshape(-1, 3)
        tie = np.exp(-np.abs(flat[one] - flat[other]).mean(axis=1) / self.edge_levels) + self.floor
        diagonal = np.bincount(one, tie, index.size) + np.bincount(other, tie, index.size) + held.ravel()
        rows = np.concatenate([one, other, index.ravel()])
        columns = np.concatenate([other, one, index.ravel()])
        system = coo_matrix((np.concatenate([-tie, -tie, diagonal]), (rows, columns)), shape=(index.size,) * 2)
        solver = splu(system.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}, diag_pivot_thresh=0.0)
        found = solver.solve((held * known).ravel().astype(float)).reshape(size[::-1]).astype(np.float32)
        return np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR))


def _pooled(values: np.ndarray, weight: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Weighted means and sums of weights of the pixels that fall together, float64 (H, W) each."""
    y, x = np.nonzero(weight > 0)
    height, width = values.shape
    at = (y * size[1] // height) * size[0] + x * size[0] // width
    held = np.bincount(at, weight[y, x], size[0] * size[1])
    total = np.bincount(at, weight[y, x] * values[y, x], size[0] * size[1])
    known = total / np.where(held > 0, held, 1.0)
    return known.reshape(size[::-1]), held.reshape(size[::-1])
