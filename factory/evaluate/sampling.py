"""Estimates are sampled: which of the truth's frames they could have had, and which they have."""

from dataclasses import dataclass

import numpy as np

from factory.clip import sampled

# DynPose-100K keeps a video, and ParticleSfM counts a sequence as solved, from this share of its frames on.
LEAST_POSED = 0.8


def median_interval(times: np.ndarray) -> float:
    """Median distance of successive times (or frame numbers); 0 for fewer than two."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.0


def sampling_interval(times: np.ndarray) -> float:
    """Mean distance of successive times (N,) without the gaps: those over one and a half times the median.

    The mean, because 12 of 30 frames a second come 2 and 3 frames apart in turn. What is missing regularly, every
    other frame say, cannot be told from a lower rate: give the rate where it is known. 0 for fewer than two times.
    """
    if len(times) < 2:
        return 0.0
    gaps = np.diff(times)
    return float(gaps[gaps <= 1.5 * np.median(gaps)].mean())


@dataclass(frozen=True)
class _At:
    time_s: float
    index: int


def expected_frames(times: np.ndarray, interval: float) -> np.ndarray:
    """Indices of the truth's times (T,) that a sampling every `interval` would have looked at; all where it is finer
    than the truth's own or 0."""
    own = median_interval(times)
    if interval <= own * 1.01 or own == 0:
        return np.arange(len(times))
    frames = (_At(float(t), i) for i, t in enumerate(times))
    return np.array([frame.index for frame in sampled(frames, 1 / interval, 1 / own)], dtype=int)


def associate(times: np.ndarray, true_times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices into both, in order, of times that belong together: the nearest true time, at most half of the truth's
    median interval away; each at most once."""
    if not len(times) or not len(true_times):
        return np.empty(0, int), np.empty(0, int)
    right = np.clip(np.searchsorted(true_times, times), 1, max(len(true_times) - 1, 1))
    left = right - 1
    right = np.minimum(right, len(true_times) - 1)
    nearest = np.where(np.abs(true_times[left] - times) <= np.abs(true_times[right] - times), left, right)
    distance = np.abs(true_times[nearest] - times)
    close = np.flatnonzero(distance <= median_interval(true_times) / 2 + 1e-6)
    order = close[np.lexsort((distance[close], nearest[close]))]
    _, first = np.unique(nearest[order], return_index=True)
    chosen = order[first]
    return chosen, nearest[chosen]
