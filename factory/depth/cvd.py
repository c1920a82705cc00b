"""Consistent video depth as it is published: gradient descent on a network's depth until frames agree with each other.

MegaSaM (CVPR 2025), with Dynapo's mask (arXiv 2512.05398) in the place of its motion probability; constants are those
of the released code where nothing else is said. Poses stay as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from factory.construct import Count, Positive
from factory.depth import cvd_losses as terms
from factory.depth.cvd_descent import Objective, Weights, descend, imported_torch
from factory.depth.cvd_pairs import Matched, MatchFrames
from factory.depth.maps import NONE, PRIOR, MonoDepth
from factory.depth.network import BringNetwork
from factory.depth.posed import Posed, anchors, rays
from factory.errors import ConfigError
from factory.geometry.camera import Camera, scaled
from factory.models.roles import DepthMaps

if TYPE_CHECKING:
    from torch import Tensor

NEAR_PERCENTILE, NEAR_DISPARITY = 98.0, 2.0  # of the unit that constants below are for; MegaSaM's


@dataclass
class ConsistentDepth:
    """Stands where `ClipDepth` does: `depth=cvd`. A network's depth is brought to the clip's points by a scale and a
    shift a frame; then, by Adam, scales and shifts, and after that each pixel, are moved until frames a few apart show
    the same disparities and the same flow. How far each pixel is believed is learned with it, from the mask.

    All of it has the origin PRIOR: a network's, brought to what was measured. Nothing is sure, and `agreement` is 0:
    frames that were made to agree confirm nothing.

    Where a clip has points, `ClipDepth` with the same network is better and a tenth as dear: docs/benchmarks.md.
    """

    # Of the pictures worked at, at the most. Released: half of 384 x 512 pixels, so 296 x 166 of a wide picture.
    side_px: Count = 296
    scale_steps: Count = 100
    scale_rate: Positive = 1e-2
    depth_steps: Count = 400
    depth_rate: Positive = 5e-3
    scale_weights: Weights = field(default_factory=lambda: Weights(normal=4.0))  # of the first steps
    depth_weights: Weights = field(default_factory=Weights)
    beta: Positive = 0.25  # what little trust costs
    least_trust: Positive = 1e-3  # in what moves, at the start
    most_trust: Positive = 0.5  # in what does not
    pairs_at_once: Count = 16  # changes no answer: 14 MB each at 320x180
    device: str = field(default="cpu", compare=False)  # of the descent, which runs in the worker
    match: MatchFrames = field(default_factory=MatchFrames)
    network: BringNetwork = field(default_factory=BringNetwork)

    def __call__(self, posed: Posed, prior: DepthMaps | None = None, focal_reliable: bool | None = None) -> MonoDepth:
        """prior: a network's depth of all F frames, of their size. Raises ConfigError without one, or without torch,
        ValueError where it is of others."""
        if prior is None:
            raise ConfigError("consistent video depth starts from a network's depth: give it one.")
        wanted = np.flatnonzero(posed.registered).tolist()
        aligned = self.network.aligned(posed, anchors(posed, posed.moving), prior, wanted)
        frames = np.array(sorted(aligned), np.int64)
        start = np.array([aligned[f] for f in frames], np.float32).reshape(-1, *posed.moving.shape[1:])
        found = self._agreeing(posed, frames, start) if len(frames) > 1 else start
        known = np.isfinite(start) & (found > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            depth = np.where(known, 1.0 / found, np.nan).astype(np.float32)
        return MonoDepth(frames, depth, np.where(known, PRIOR, NONE).astype(np.uint8), 0.0, focal_reliable)

    def _agreeing(self, posed: Posed, frames: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Inverse depths in the poses' unit, float32 (E, h, w). start: the same, brought by a scale and a shift."""
        rest = ~posed.moving[frames] & (start > 0)
        unit = float(np.percentile(start[rest] if rest.any() else start, NEAR_PERCENTILE)) / NEAR_DISPARITY
        if not (np.isfinite(unit) and unit > 0):
            return start
        size = self._size(posed.size)
        cameras = [scaled(posed.cameras[f], size[0] / posed.size[0]) for f in frames]
        given = np.stack([cv2.resize(np.nan_to_num(each) / unit, size, interpolation=cv2.INTER_AREA) for each in start])
        masks = posed.moving[frames].astype(np.float32)
        moving = np.stack([cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in masks])
        planes = [float(np.median(each[each > 0])) if np.any(each > 0) else unit for each in start]

        def warp(one: int, other: int) -> np.ndarray:
            return by_plane(posed, int(frames[one]), int(frames[other]), planes[one])

        matched = self.match(posed.frames[frames], size, warp)
        motions = np.array([posed.from_to(frames[i], frames[j]) for i, j in matched.pairs])
        motions[:, :3, 3] *= unit
        ways = np.stack([rays(camera, size) for camera in cameras])
        found = self._descended(given, 1.0 - moving, ways, self._pairs(matched, motions, cameras))
        return np.stack([cv2.resize(each, posed.size, interpolation=cv2.INTER_LINEAR) for each in found]) * unit

    def _size(self, size: tuple[int, int]) -> tuple[int, int]:
        scale = min(1.0, self.side_px / max(size))
        return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)

    def _pairs(self, matched: Matched, motions: np.ndarray, cameras: Sequence[Camera]) -> terms.Pairs:
        torch = imported_torch()
        y, x = np.mgrid[: matched.flow.shape[1], : matched.flow.shape[2]]
        target = matched.flow + np.stack([x, y], axis=-1).astype(np.float32)
        lens = [(c.focal_px, c.cx, c.cy, c.k1, c.k2) for c in (cameras[j] for _, j in matched.pairs)]
        one, other = (torch.as_tensor(each, device=self.device) for each in matched.pairs.T.copy())
        rest = (motions[:, :3, :3], motions[:, :3, 3], target, matched.counted, np.array(lens).reshape(-1, 5))
        return terms.Pairs(one, other, *(self._tensor(each) for each in rest))

    def _descended(self, given: np.ndarray, rest: np.ndarray, ways: np.ndarray, pairs: terms.Pairs) -> np.ndarray:
        """Disparities float32 (E, h, w). given: the network's; rest: how far a pixel is at rest, 0 to 1; ways: its
        ray; all of (E, h, w)."""
        torch = imported_torch()
        prior, ways_of = self._tensor(given).clamp(terms.LEAST, terms.MOST), self._tensor(ways)
        trust = self._tensor(rest).clamp(self.least_trust, self.most_trust).requires_grad_()
        log_scale, shift = (prior.new_zeros(len(prior), 1, 1).requires_grad_() for _ in range(2))

        def brought() -> "Tensor":
            return (prior * log_scale.exp() + shift).clamp(terms.LEAST, terms.MOST)

        objective = Objective(prior, ways_of, pairs, self.beta, self.scale_weights, self.pairs_at_once)
        descend([log_scale, shift], trust, brought, objective, self.scale_steps, self.scale_rate)
        prior = brought().detach()
        pixels = prior.clone().requires_grad_()
        objective = Objective(prior, ways_of, pairs, self.beta, self.depth_weights, self.pairs_at_once)

        def bounded() -> "Tensor":
            return pixels.clamp(terms.LEAST, terms.MOST)

        descend([pixels], trust, bounded, objective, self.depth_steps, self.depth_rate)
        with torch.no_grad():
            return np.asarray(bounded().cpu().numpy())

    def _tensor(self, values: np.ndarray) -> "Tensor":
        return imported_torch().as_tensor(np.ascontiguousarray(values, np.float32), device=self.device)


def by_plane(posed: Posed, one: int, other: int, inverse: float) -> np.ndarray:
    """Where points of one frame are in another, if all of them lie in a plane across the first one's axis at an inverse
    depth: a homography, float64 (3, 3), pixels."""
    motion = posed.from_to(one, other)
    moved = motion[:3, :3] + inverse * np.outer(motion[:3, 3], [0.0, 0.0, 1.0])
    return np.asarray(posed.cameras[other].matrix @ moved @ np.linalg.inv(posed.cameras[one].matrix))
