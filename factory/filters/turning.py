"""Turning specialist: does one rotation about a fixed centre explain what the camera sees move."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from factory.clip import ClipRecord
from factory.geometry.turning import Matches, rotation_residual, turning_focal
from factory.tracks import Tracks


@dataclass
class TurnError:
    """What remains of the points' motion when the best pure rotation is taken away: a camera that only turns has a pose
    without a place, and shows no depth (C2).

    The pairs reach as far as the tracks do, up to `longest_s`, because parallax grows and the tracker's noise does not.
    One focal length serves all pairs. A plane seen by a camera that moves is one homography, as a turn is, but no
    rotation.

    Needs: tracks. Gives: turn_error, float, the residual over the median motion, median of the pairs;
    None with fewer than two pairs in which the median point moves `least` diagonals.
    """

    needs: ClassVar[tuple[str, ...]] = ("tracks",)
    gives: ClassVar[tuple[str, ...]] = ("turn_error",)
    version: ClassVar[int] = 2

    starts: int = 6
    longest_s: float = 1.0
    target: float = 0.10  # diagonals that the median point moves: 37 px of 320 x 180, to which noise is 1 %
    least: float = 0.02  # below it the tracker's noise is more than 2 % of the motion, which hides no small parallax
    least_tracks: int = 40
    most_points: int = 100
    # Quantile of a pair's residuals: the median is blind to a near half with depth before a far half without (0.010 of
    # the motion where the camera follows a scooter, against 0.108), 0.7 to what moves on its own.
    share: float = 0.6

    def __call__(self, record: ClipRecord) -> ClipRecord:
        tracks: Tracks = record["tracks"]
        pairs = list(self._pairs(tracks))
        if len(pairs) < 2:
            return record.give(turn_error=None)
        focal_px, rotations = turning_focal(pairs, max(tracks.width, tracks.height))
        left = [
            np.quantile(rotation_residual(pair, focal_px, rotation), self.share) / _moved_px(pair)
            for pair, rotation in zip(pairs, rotations, strict=True)
        ]
        return record.give(turn_error=float(np.median(left)))

    def _pairs(self, tracks: Tracks) -> Iterator[Matches]:
        times_s = tracks.times_s
        middle = np.array([tracks.width - 1, tracks.height - 1]) / 2
        for i in np.unique(np.linspace(0, max(len(times_s) - 2, 0), self.starts).astype(int)):
            found: Matches | None = None
            for j in range(i + 1, len(times_s)):
                _, first, second = tracks.pair(int(i), j)
                if times_s[j] - times_s[i] > self.longest_s + 1e-3 or len(first) < self.least_tracks:
                    break
                found = Matches(first - middle, second - middle)
                if _moved_px(found) > self.target * tracks.diagonal_px:
                    break
            if found is not None and _moved_px(found) > self.least * tracks.diagonal_px:
                step = -(-len(found.xy_i) // self.most_points)
                yield Matches(found.xy_i[::step], found.xy_j[::step])


def _moved_px(pair: Matches) -> float:
    return float(np.median(np.linalg.norm(pair.xy_j - pair.xy_i, axis=1)))
