"""How fast tracked points move in the picture when it is taken, from where they were just before and just after."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Sighting:
    """The points of one sampled frame. ids: int (n,). xy: float32 (n, 2) pixels. came, went: float (n, 2), px/s from
    the frame before and to the frame after, which need not be sampled; NaN where a point is not known there. came_s,
    went_s: how far these frames lie away."""

    ids: np.ndarray
    xy: np.ndarray
    came: np.ndarray
    came_s: float
    went: np.ndarray
    went_s: float = np.nan

    def velocity_px_s(self) -> np.ndarray:
        """float64 (n, 2); NaN where a point is known in no other frame."""
        return velocity_px_s(self.came, self.came_s, self.went, self.went_s)


def velocity_px_s(came: np.ndarray, came_s: float, went: np.ndarray, went_s: float) -> np.ndarray:
    """The slope at the middle of three places, of a point under constant acceleration: float64 (n, 2), px/s.

    Where only one side is known, as of a point that has just been found, half of the others' change is added to it: a
    hand shakes all points of a picture nearly alike.
    """
    both = (came * went_s + went * came_s) / (came_s + went_s)
    known = np.isfinite(both[:, 0])
    for side in (came, went):
        ahead = np.median((both - side)[known], axis=0) if known.any() else np.zeros(2)
        both = np.where(np.isfinite(both), both, side + ahead)
    return np.asarray(both, np.float64)
