"""Rolling shutter: rows of a picture are read one after the other, the first at its top.

A picture is said to be of the time when its middle row is read. `readout_s`: from the first row to the last.
"""

import numpy as np


def at_middle_row(xy: np.ndarray, velocity_px_s: np.ndarray, height: int, readout_s: float) -> np.ndarray:
    """Where points seen at pixels (N, 2) are when the middle row is read, (N, 2).

    velocity_px_s: (N, 2), what a point moves from one picture to the next by the time between the pictures.
    """
    late_s = (xy[:, 1:] / (height - 1) - 0.5) * readout_s
    return xy - _speed(velocity_px_s, height, readout_s) * late_s


def as_read(xy: np.ndarray, velocity_px_s: np.ndarray, height: int, readout_s: float) -> np.ndarray:
    """The inverse of `at_middle_row`: where points are seen."""
    speed = _speed(velocity_px_s, height, readout_s)
    row = (xy[:, 1:] - 0.5 * readout_s * speed[:, 1:]) / (1.0 - speed[:, 1:] * readout_s / (height - 1))
    return xy + speed * (row / (height - 1) - 0.5) * readout_s


def _speed(velocity_px_s: np.ndarray, height: int, readout_s: float) -> np.ndarray:
    """What a point moves in a second: one that moves down is read later in each picture, by a little more time than
    lies between the pictures."""
    return velocity_px_s / (1.0 + velocity_px_s[:, 1:] * readout_s / (height - 1))
