"""The terms of the published refinement (Dynapo, arXiv 2512.05398, on AnyCam's bundle adjustment), of torch tensors."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

LEAST_INVERSE, LEAST_DEPTH = 1e-4, 1e-4  # released code
FOCALS = (0.1, 10.0)  # of half the picture's width; released code


@dataclass(frozen=True)
class Samples:
    """N samples of M tracks: track, anchor, frame int (N,), anchor being the frame in which the track begins; seen
    (N, 2) and seed (M, 2) in coordinates that go from -1 to 1 over the picture; weight (N,)."""

    track: "Tensor"
    anchor: "Tensor"
    frame: "Tensor"
    seen: "Tensor"
    seed: "Tensor"
    weight: "Tensor"

    def __getitem__(self, rows: "Tensor") -> "Samples":
        of_samples = (self.track, self.anchor, self.frame, self.seen)
        track, anchor, frame, seen = (each[rows] for each in of_samples)
        return Samples(track, anchor, frame, seen, self.seed, self.weight[rows])


@dataclass(frozen=True)
class State:
    """What is moved: inverse depth of each track where it begins (M,); quaternions, w first, (F, 4), of any length, and
    translations (F, 3) of the cameras in the world; half the logarithm of the focal length by half the width, ()."""

    inverse: "Tensor"
    quaternion: "Tensor"
    translation: "Tensor"
    half_log_focal: "Tensor"

    def all(self) -> "list[Tensor]":
        return [self.inverse, self.quaternion, self.translation, self.half_log_focal]


def rotations(quaternion: "Tensor") -> "Tensor":
    """(F, 3, 3) of quaternions (F, 4), w first."""
    import torch

    w, x, y, z = torch.nn.functional.normalize(quaternion, dim=-1).unbind(-1)
    rows = [
        *(1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        *(2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        *(2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    ]
    return torch.stack(rows, dim=-1).reshape(-1, 3, 3)


def apart(state: State, samples: Samples, aspect: float) -> "tuple[Tensor, Tensor]":
    """How far from where tracks are they would be seen, (N, 2), in coordinates from -1 to 1 over the picture; and
    whether they lie before the camera, (N,). aspect: width by height."""
    import torch

    focal = (2.0 * state.half_log_focal).exp().clamp(*FOCALS)
    focal_xy = torch.stack([focal, focal * aspect])
    turn = rotations(state.quaternion)
    begin = samples.seed / focal_xy
    begin = torch.cat([begin, torch.ones_like(begin[:, :1])], dim=-1) / state.inverse.clamp(min=LEAST_INVERSE)[:, None]
    point, anchor, frame = begin[samples.track], samples.anchor, samples.frame
    world = torch.einsum("nij,nj->ni", turn[anchor], point) + state.translation[anchor]
    there = torch.einsum("nji,nj->ni", turn[frame], world - state.translation[frame])
    ahead = there[:, 2] > LEAST_DEPTH
    return focal_xy * there[:, :2] / there[:, 2:].clamp(min=LEAST_DEPTH) - samples.seen, ahead


def reprojection(state: State, samples: Samples, aspect: float, count: int) -> "Tensor":
    """Weight times half the L1 distance, summed and divided by `count`: of all samples, those without weight too."""
    off, ahead = apart(state, samples, aspect)
    return (samples.weight * ahead * off.abs().sum(-1)).sum() * 0.5 / count


def smoothness(translation: "Tensor") -> "Tensor":
    """Mean |t_{i+1} - 2 t_i + t_{i-1}| over frames and axes, of (F, 3); 0 of fewer than three."""
    if len(translation) < 3:
        return translation.new_zeros(())
    return (translation[2:] - 2 * translation[1:-1] + translation[:-2]).abs().mean()
