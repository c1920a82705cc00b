"""Which pixels of a clip's frames are which of others', by dense flow that says the same both ways."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from factory.construct import Count, Positive
from factory.models.dis import DisFlow
from factory.models.roles import Flow


@dataclass
class Matched:
    """P pairs of frames int (P, 2); flow float32 (P, h, w, 2) pixels, (x, y), from the first to the second; counted
    bool (P, h, w): the flow back says the same, and the pixel is in the second picture."""

    pairs: np.ndarray
    flow: np.ndarray
    counted: np.ndarray


@dataclass
class MatchFrames:
    """Flow between frames that are a few apart, and back. Numbers: MegaSaM's released code."""

    steps: tuple[int, ...] = (1, 2, 4, 8, 15)  # frames apart
    most_apart_px: Positive = 1.0  # to and fro, of the working size
    at_once: Count = 16  # pairs in one call, 30 MB at 320x180
    flow: Flow = field(default_factory=lambda: DisFlow("medium"))

    def __call__(self, frames: np.ndarray, size: tuple[int, int]) -> Matched:
        """frames: uint8 (E, H, W, 3) RGB, E > 1, whose flow is shrunk to pictures of `size` (width, height)."""
        pairs = np.array([(i, i + s) for s in self.steps for i in range(len(frames) - s)], int).reshape(-1, 2)
        told = [self._some(frames, pairs[at : at + self.at_once], size) for at in range(0, len(pairs), self.at_once)]
        flow, counted = (np.concatenate(each) for each in zip(*told, strict=True))
        return Matched(pairs, flow, counted)

    def _some(self, frames: np.ndarray, pairs: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        both = self.flow.pairs(frames, np.concatenate([pairs, pairs[:, ::-1]])).astype(np.float32)
        there, back = _shrunk(both[: len(pairs)], size), _shrunk(both[len(pairs) :], size)
        return there, np.stack([agrees(*each, self.most_apart_px) for each in zip(there, back, strict=True)])


def agrees(there: np.ndarray, back: np.ndarray, most_apart_px: float) -> np.ndarray:
    """Where flow float32 (h, w, 2) and the flow back lead to where they began, and the way stays in the picture: bool
    (h, w)."""
    height, width = there.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    at = there + np.stack([x, y], axis=-1)
    returned = cv2.remap(back, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = np.all((at >= 0) & (at <= [width - 1, height - 1]), axis=-1)
    return np.asarray(inside & (np.linalg.norm(there + returned, axis=-1) < most_apart_px))


def _shrunk(flows: Sequence[np.ndarray] | np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Flow float32 (P, H, W, 2) of smaller pictures."""
    width, height = size
    if flows[0].shape[:2] == (height, width):
        return np.asarray(flows)
    scale = np.array([width / flows[0].shape[1], height / flows[0].shape[0]], np.float32)
    return np.stack([cv2.resize(flow, size, interpolation=cv2.INTER_AREA) * scale for flow in flows])
