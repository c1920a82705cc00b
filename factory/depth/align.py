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
    """inverse depth ~ scale * prior + shift: least squares, reweighted by how far each point is off by its own inverse
    depth, tells which points count; scale and shift are then those of the reduced major axis, the ratio of standard
    deviations. What is wrong with the prior shrinks the slope of least squares, and things that stand out of the
    points' range pay for it: 0.79 to 0.58 AbsRel on a rendered walker.
    """

    rounds: Count = 8
    off_share: Positive = 0.1  # Cauchy's scale, of the inverse depth; a guess: the distortion that networks have
    least_points: Count = 12
    least_correlation: Share = 0.3  # a guess; under it the prior says nothing of depth, and is only scaled

    def __call__(self, prior: np.ndarray, inverse: np.ndarray, weight: np.ndarray) -> tuple[float, float] | None:
        """prior, inverse, weight: (N,). None where there are too few points."""
        good = np.isfinite(prior) & np.isfinite(inverse) & (inverse > 0)
        p, q, given = prior[good].astype(float), inverse[good].astype(float), weight[good].astype(float)
        if len(p) < self.least_points:
            return None
        relative = given / q**2
        count = relative
        scale, shift = 0.0, 0.0
        for _ in range(self.rounds):
            mean_p, mean_q, var_p, var_q, both = _moments(p, q, count)
            if var_p <= 1e-12 * max(mean_p**2, 1e-30):
                return 0.0, mean_q
            scale = both / var_p
            shift = mean_q - scale * mean_p
            count = relative / (1.0 + ((scale * p + shift - q) / (self.off_share * q)) ** 2)
        mean_p, mean_q, var_p, var_q, both = _moments(p, q, count)
        if both <= self.least_correlation * np.sqrt(var_p * var_q):
            return (float(np.median(q / p)), 0.0) if np.all(p > 0) else (0.0, mean_q)
        scale = float(np.sqrt(var_q / var_p))
        return scale, mean_q - scale * mean_p


def _moments(p: np.ndarray, q: np.ndarray, weight: np.ndarray) -> tuple[float, float, float, float, float]:
    """Means, variances and covariance."""
    total = weight.sum()
    mean_p, mean_q = float(weight @ p / total), float(weight @ q / total)
    p, q = p - mean_p, q - mean_q
    var_p, var_q, both = (float(weight @ product / total) for product in (p * p, q * q, p * q))
    return mean_p, mean_q, var_p, var_q, both
