"""A network's depth of single pictures, brought to known inverse depths by a scale and a shift a frame."""

from dataclasses import dataclass

import numpy as np

from factory.construct import Count, Positive, Share
from factory.models.roles import DepthMaps


def as_inverse(prior: DepthMaps) -> np.ndarray:
    """float32 (F, H, W), what grows as things come nearer; NaN where the network's answer is no depth."""
    values = np.asarray(prior.values, np.float32)
    if prior.kind == "affine_disparity":
        return np.where(np.isfinite(values), values, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.isfinite(values) & (values > 0), 1.0 / values, np.nan)


@dataclass
class ScaleShift:
    """inverse depth ~ scale * prior + shift, by the line that explains the prior by the points: they are all but exact,
    and what is wrong is wrong with the prior. Each point counts by how far it is off by its own inverse depth.

    The line that explains the points by the prior is flatter by the square of their correlation, the reduced major axis
    by the correlation itself, and things that stand out of the points' range pay for it: AbsRel of what moves on four
    rendered clips 0.45, 0.26, 0.12, 0.11 by the reduced major axis, 0.16, 0.16, 0.12, 0.10 so; at rest it is the same.
    """

    rounds: Count = 8
    off_share: Positive = 0.1  # Cauchy's scale, of the inverse depth; a guess: the distortion that networks have
    least_points: Count = 12
    least_correlation: Share = 0.3  # a guess; under it the prior says nothing of depth, and is only scaled
    # The slope is at most that of the reduced major axis by this: weak correlation may be the points' fault. A guess.
    steep_correlation: Share = 0.5

    def __call__(self, prior: np.ndarray, inverse: np.ndarray, weight: np.ndarray) -> tuple[float, float] | None:
        """prior, inverse, weight: (N,). None where there are too few points."""
        good = np.isfinite(prior) & np.isfinite(inverse) & (inverse > 0)
        p, q, given = prior[good].astype(float), inverse[good].astype(float), weight[good].astype(float)
        if len(p) < self.least_points:
            return None
        count = relative = given / q**2
        # Which points agree with each other the flatter line says, which has no slope where the prior says nothing.
        for turn in range(2 * self.rounds):
            mean_p, mean_q, var_p, var_q, both = _moments(p, q, count)
            if var_p <= 1e-12 * max(mean_p**2, 1e-30):
                return 0.0, mean_q
            scale = both / var_p
            if turn >= self.rounds:
                correlation = both / np.sqrt(max(var_p * var_q, 1e-300))
                if correlation <= self.least_correlation:
                    return (float(np.median(q / p)), 0.0) if np.all(p > 0) else (0.0, mean_q)
                scale = float(np.sqrt(var_q / var_p)) / max(correlation, self.steep_correlation)
            shift = mean_q - scale * mean_p
            count = relative / (1.0 + ((scale * p + shift - q) / (self.off_share * q)) ** 2)
        return float(scale), float(shift)


def _moments(p: np.ndarray, q: np.ndarray, weight: np.ndarray) -> tuple[float, float, float, float, float]:
    """Means, variances and covariance."""
    total = weight.sum()
    mean_p, mean_q = float(weight @ p / total), float(weight @ q / total)
    p, q = p - mean_p, q - mean_q
    var_p, var_q, both = (float(weight @ product / total) for product in (p * p, q * q, p * q))
    return mean_p, mean_q, var_p, var_q, both
