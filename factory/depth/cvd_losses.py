"""The terms of consistent video depth (MegaSaM, CVPR 2025, with Dynapo's mask, arXiv 2512.05398), of torch tensors.

E frames of h x w pixels; disparities are inverse depths along the optical axis, float (E, h, w). Formulas and constants
are those of the released code; torch is the caller's to import.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

LEAST, MOST = 1e-3, 1e3  # of disparities, in the unit in which their 98th percentile is 2; released code
LEAST_DEPTH = 0.1  # of a point seen by the other camera, in one by that unit; released code
LEVELS = 4  # of the gradient term, each half as wide as the one before; released code
GRADIENT_SHARPNESS = 5.0  # released code
NEAR = 1.0  # the gradient term is of what has a larger disparity: the nearer things; released code
EDGE_SHARPNESS, EDGE = 10.0, 0.2  # of Sobel's magnitude; flat where exp(-sharpness magnitude) is above; released code
EDGE_WEIGHT = 0.2  # flat pixels count 1 more; released code


@dataclass(frozen=True)
class Pairs:
    """P pairs of frames. one, other: int (P,). rotation (P, 3, 3), translation (P, 3): from one's camera to the
    other's. target (P, h, w, 2): where one's pixels are in the other, pixels. counted (P, h, w): 1 where that can be
    relied on, else 0. lens (P, 5): of the other's camera, focal length, principal point, k1, k2, in pixels."""

    one: "Tensor"
    other: "Tensor"
    rotation: "Tensor"
    translation: "Tensor"
    target: "Tensor"
    counted: "Tensor"
    lens: "Tensor"

    def __getitem__(self, some: slice) -> "Pairs":
        return Pairs(*(getattr(self, name)[some] for name in self.__dataclass_fields__))


def doubted(error: "Tensor", trust: "Tensor", beta: float) -> "Tensor":
    """u e + beta log(1 / u): an error costs less where trust u is low, and low trust costs, too."""
    return trust * error - beta * trust.log()


def pair_terms(
    disparity: "Tensor", trust: "Tensor", rays: "Tensor", pairs: Pairs, beta: float
) -> "tuple[Tensor, Tensor]":
    """Sums over the counted pixels of the ratio term, and of the flow term: half the sum over x and y, pixels.

    rays (E, h, w, 3): of the pixels, z = 1. trust (E, h, w) > 0.
    """
    import torch

    depth = 1.0 / disparity[pairs.one].clamp(LEAST, MOST)
    there = torch.einsum("pij,phwj->phwi", pairs.rotation, rays[pairs.one] * depth[..., None])
    there = there + pairs.translation[:, None, None]
    z = there[..., 2]
    counted = pairs.counted * (z > LEAST_DEPTH)
    u = trust[pairs.one]
    expected = 1.0 / z.clamp(LEAST_DEPTH, MOST)
    seen = sampled(disparity[pairs.other], pairs.target).clamp(LEAST, MOST)
    ratio = torch.maximum(seen / expected, expected / seen) - 1.0
    at = projected(there, pairs.lens)
    off = (at - pairs.target).abs().mean(-1)
    return (doubted(ratio, u, beta) * counted).sum(), (doubted(off, u, beta) * counted).sum()


def projected(points: "Tensor", lens: "Tensor") -> "Tensor":
    """Pixels (P, h, w, 2) of points (P, h, w, 3) in cameras (P, 5), see `Pairs`."""
    xy = points[..., :2] / points[..., 2:].clamp(min=LEAST)
    focal, centre, k1, k2 = lens[:, None, None].split((1, 2, 1, 1), dim=-1)
    square = (xy * xy).sum(-1, keepdim=True)
    return focal * xy * (1.0 + square * (k1 + square * k2)) + centre


def sampled(values: "Tensor", at: "Tensor") -> "Tensor":
    """Values (P, h, w) at pixels (P, h, w, 2), bilinear; 0 beyond the border."""
    from torch.nn.functional import grid_sample

    height, width = values.shape[1:]
    places = 2.0 * at / at.new_tensor([max(width - 1, 1), max(height - 1, 1)]) - 1.0
    return grid_sample(values[:, None], places, mode="bilinear", align_corners=True)[:, 0]


def scale_invariant(prior: "Tensor", disparity: "Tensor") -> "Tensor":
    """Mean over frames of the variance of log(prior / disparity) (Eigen et al., 2014)."""
    apart = prior.clamp(LEAST, MOST).log() - disparity.clamp(LEAST, MOST).log()
    return ((apart**2).mean((-2, -1)) - apart.mean((-2, -1)) ** 2).mean()


def gradient(prior: "Tensor", disparity: "Tensor") -> "Tensor":
    """Differences of log(disparity / prior) over two pixels, on four levels, where the slopes of both differ."""
    total = disparity.new_zeros(())
    prior, disparity = prior.clamp(LEAST, MOST), disparity.clamp(LEAST, MOST)
    for level in range(LEVELS):
        own, given = (values[:, :: 2**level, :: 2**level].log() for values in (disparity, prior))
        if min(own.shape[1:]) < 3:
            break
        apart = own - given
        down, along = _steps(apart)
        slopes = [sum(step.abs() for step in _steps(each)) for each in (own, given)]
        weight = 1.0 - (-GRADIENT_SHARPNESS * (slopes[0] - slopes[1]).abs()).exp()
        weight = (weight * (own[:, 1:-1, 1:-1].exp() > NEAR)).detach()
        total = total + (down.abs() * weight).mean() + (along.abs() * weight).mean()
    return total


def _steps(values: "Tensor") -> "tuple[Tensor, Tensor]":
    """Downwards and to the right, over two pixels, of all but the outer pixels."""
    return values[:, 2:, 1:-1] - values[:, :-2, 1:-1], values[:, 1:-1, 2:] - values[:, 1:-1, :-2]


def normals(disparity: "Tensor", rays: "Tensor") -> "Tensor":
    """Of the surface at all but the outer pixels, of length 1, (E, h - 2, w - 2, 3)."""
    import torch

    points = rays / disparity.clamp(LEAST, MOST)[..., None]
    down, along = points[:, 2:, 1:-1] - points[:, :-2, 1:-1], points[:, 1:-1, 2:] - points[:, 1:-1, :-2]
    return torch.nn.functional.normalize(torch.cross(along, down, dim=-1), dim=-1, eps=1e-9)


def normal(prior: "Tensor", disparity: "Tensor", weight: "Tensor") -> "Tensor":
    """1 - cosine between normals (see `normals`) of both, weighted, (E, h - 2, w - 2)."""
    return (weight * (1.0 - (prior * disparity).sum(-1))).mean()


def flatness(prior: "Tensor") -> "Tensor":
    """Weight of the normal term at all but the outer pixels, (E, h - 2, w - 2): 1.2 on flat ones, 0.2 at edges, by
    Sobel's magnitude, whose kernel is not normalised."""
    p = prior
    x = (p[:, :-2, 2:] - p[:, :-2, :-2]) + 2 * (p[:, 1:-1, 2:] - p[:, 1:-1, :-2]) + (p[:, 2:, 2:] - p[:, 2:, :-2])
    y = (p[:, 2:, :-2] - p[:, :-2, :-2]) + 2 * (p[:, 2:, 1:-1] - p[:, :-2, 1:-1]) + (p[:, 2:, 2:] - p[:, :-2, 2:])
    flat = (-EDGE_SHARPNESS * (x**2 + y**2).sqrt()).exp() > EDGE
    return flat.to(prior.dtype) + EDGE_WEIGHT
