"""Turning specialist: does one rotation about a fixed centre explain what the camera sees move."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from factory.clip import ClipRecord
from factory.filters.tracks import Tracks

# Two views: positions relative to the picture's middle, float64 (n, 2) each, and the median point's motion, pixels.
Views = tuple[np.ndarray, np.ndarray, float]


@dataclass
class TurnError:
    """What remains of the points' motion when the best pure rotation is taken away: a camera that only turns has a pose
    without a place, and shows no depth (C2).

    The pairs reach as far as the tracks do, up to `longest_s`, because parallax grows and the tracker's noise does not.
    Rotations are fitted to rays by Kabsch's method, reweighted towards least absolute errors so that what moves on its
    own does not count; one focal length serves all pairs, searched coarsely, then twice finer. A plane seen by a camera
    that moves is one homography, as a turn is, but no rotation.

    Needs: point_tracks, times_s. Gives: turn_error, float, the median residual over the median motion, median of the
    pairs; None with fewer than two pairs in which the median point moves `least` diagonals.
    """

    needs: ClassVar[tuple[str, ...]] = ("point_tracks", "times_s")
    gives: ClassVar[tuple[str, ...]] = ("turn_error",)

    starts: int = 6
    longest_s: float = 1.0
    target: float = 0.10  # diagonals that the median point moves: 37 px of 320 x 180, to which noise is 1 %
    least: float = 0.02  # below it the tracker's noise is more than 2 % of the motion, which hides no small parallax
    least_tracks: int = 40
    most_points: int = 100
    focals: tuple[float, ...] = (0.5, 0.7, 1.0, 1.5, 2.5)  # of the longer side: 90 to 23 degrees across
    rounds: int = 5
    noise_px: float = 0.3  # residuals below it weigh alike

    def __call__(self, record: ClipRecord) -> ClipRecord:
        tracks: Tracks = record["point_tracks"]
        pairs = list(self._pairs(tracks, record["times_s"]))
        if len(pairs) < 2:
            return record.give(turn_error=None)
        side = max(tracks.width, tracks.height)
        focals = np.array(self.focals)
        errors = [self._error(pairs, focal * side) for focal in focals]
        for _ in range(2):
            best = int(np.argmin(errors))
            low, high = focals[max(best - 1, 0)], focals[min(best + 1, len(focals) - 1)]
            between = np.sqrt([low * focals[best], focals[best] * high])
            focals = np.array([low, between[0], focals[best], between[1], high])
            errors = [np.inf, self._error(pairs, between[0] * side), errors[best],
                      self._error(pairs, between[1] * side), np.inf]  # fmt: skip
        return record.give(turn_error=float(min(errors)))

    def _pairs(self, tracks: Tracks, times_s: np.ndarray) -> Iterator[Views]:
        middle = np.array([tracks.width - 1, tracks.height - 1]) / 2
        for i in np.unique(np.linspace(0, max(len(times_s) - 2, 0), self.starts).astype(int)):
            found: Views | None = None
            for j in range(i + 1, len(times_s)):
                first, second, _ = tracks.common(int(i), j)
                if times_s[j] - times_s[i] > self.longest_s + 1e-3 or len(first) < self.least_tracks:
                    break
                moved_px = float(np.median(np.linalg.norm(second - first, axis=1)))
                found = (first - middle, second - middle, moved_px)
                if moved_px > self.target * tracks.diagonal_px:
                    break
            if found is not None and found[2] > self.least * tracks.diagonal_px:
                step = -(-len(found[0]) // self.most_points)
                yield found[0][::step], found[1][::step], found[2]

    def _error(self, pairs: Sequence[Views], focal_px: float) -> float:
        return float(np.median([self._residual_px(a, b, focal_px) / moved_px for a, b, moved_px in pairs]))

    def _residual_px(self, first: np.ndarray, second: np.ndarray, focal_px: float) -> float:
        ahead = np.column_stack([first / focal_px, np.ones(len(first))])
        rays1, rays2 = (rays / np.linalg.norm(rays, axis=1, keepdims=True)
                        for rays in (ahead, np.column_stack([second / focal_px, np.ones(len(second))])))  # fmt: skip
        weight, off_px = np.ones(len(first)), np.zeros(len(first))
        for _ in range(self.rounds):
            u, _, vt = np.linalg.svd((rays2 * weight[:, None]).T @ rays1)
            turned = ahead @ (u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt).T
            off_px = np.linalg.norm(turned[:, :2] / turned[:, 2:] * focal_px - second, axis=1)
            weight = 1 / np.maximum(off_px, self.noise_px)
        return float(np.median(off_px))
