"""Focal-length specialist: what lens the motion of the picture betrays, and whether it stays the same."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from factory.clip import ClipRecord
from factory.filters.parallax import homography_share
from factory.filters.robust import fit_fundamental
from factory.filters.two_view import ViewPair
from factory.geometry.camera import centred_camera


@dataclass
class FocalLength:
    """Self-calibration from fundamental matrices: with the right focal length K^T F K has two equal singular values
    (Mendonca and Cipolla, CVPR 1999). Turning on the spot and driving straight ahead do not show the focal length:
    there the pairs disagree or run into the ends of the search, and the specialist abstains.

    Measured against three calibrated hand-held clips: 0.72, 0.82 and 0.84 come out as 0.74, 0.99 and 0.86.

    Needs: view_pairs, tracks. Gives: focal_ratio, float, over the longer side, median over the pairs, None when
    focal_spread is above `most_spread`; focal_spread, float, half the distance of the quartiles of its logarithm, None
    with fewer than `least_pairs` answers or when most pairs have none.
    """

    needs: ClassVar[tuple[str, ...]] = ("view_pairs", "tracks")
    gives: ClassVar[tuple[str, ...]] = ("focal_ratio", "focal_spread")

    shortest: float = 0.3
    longest: float = 6.0
    steps: int = 41
    error_px: float = 0.7
    most_flat: float = 0.9  # share of points within 1.4 px of one homography: above, F is not defined
    least_pairs: int = 5
    least_answers: float = 0.7  # of the pairs tried
    most_spread: float = 0.3

    def __call__(self, record: ClipRecord) -> ClipRecord:
        tracks = record["tracks"]
        answers = (self._log_ratio(pair, tracks.width, tracks.height) for pair in record["view_pairs"])
        tried = [value for value in answers if value is not None]
        logs = np.array([value for value in tried if np.isfinite(value)])
        if len(logs) < self.least_pairs or len(logs) < self.least_answers * len(tried):
            return record.give(focal_ratio=None, focal_spread=None)
        low, middle, high = np.quantile(logs, (0.25, 0.5, 0.75))
        spread = float(high - low) / 2
        return record.give(
            focal_ratio=float(np.exp(middle)) if spread <= self.most_spread else None, focal_spread=spread
        )

    def _log_ratio(self, pair: ViewPair, width: int, height: int) -> float | None:
        """None where F is not defined, infinite where the best focal length lies at an end of the search."""
        xy1, xy2 = pair.xy1[pair.rigid], pair.xy2[pair.rigid]
        if len(xy1) < 30 or homography_share(pair, 2 * self.error_px) > self.most_flat:
            return None
        fundamental = fit_fundamental(xy1, xy2, self.error_px)
        if fundamental is None:
            return None
        ratios = np.geomspace(self.shortest, self.longest, self.steps)
        matrices = np.stack([centred_camera(r * max(width, height), width, height).matrix for r in ratios])
        singular = np.linalg.svd(matrices.transpose(0, 2, 1) @ fundamental @ matrices, compute_uv=False)
        best = int(np.argmax(singular[:, 1] / singular[:, 0]))
        return float(np.log(ratios[best])) if 0 < best < self.steps - 1 else float("inf")
