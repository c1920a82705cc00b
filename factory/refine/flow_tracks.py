"""Short tracks of dense flow: a grid in every frame, carried from frame to frame."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from factory.construct import Count, Positive
from factory.models.dis import DisFlow
from factory.models.roles import Flow

INSIDE = 0.99  # of the way from the middle of the picture to its border; released code


@dataclass(frozen=True)
class FlowTracks:
    """N tracks of L samples. frame: int (N,), in which each begins; its sample k is of frame + k. xy: float64 (N, L, 2)
    pixels. doubt: float64 (N, L), what masks say of the samples up to there, summed; infinite from where the track is
    lost, hidden, or past the last frame."""

    frame: np.ndarray
    xy: np.ndarray
    doubt: np.ndarray


@dataclass
class FollowFlow:
    """Numbers: Dynapo's released code, and AnyCam's, which it stands on."""

    grid: Count = 16  # seeds across and down, in every frame
    length: Count = 8  # samples of a track
    most_apart_px: Positive = 1.0  # flow to and fro; a guess: the released flow has a test of its own
    flow: Flow = field(default_factory=lambda: DisFlow("medium"))

    def __call__(self, frames: np.ndarray, moving: np.ndarray) -> FlowTracks:
        """frames: uint8 (F, H, W, 3) RGB. moving: bool or float (F, H, W), 1 where something moves on its own."""
        count, height, width = frames.shape[:3]
        next_to = np.stack([np.arange(count - 1), np.arange(1, count)], axis=1)
        there = self.flow.pairs(frames, next_to).astype(np.float32)
        back = self.flow.pairs(frames, next_to[:, ::-1]).astype(np.float32)
        seeds = _seeds(self.grid, width, height)
        shape = (count - 1, len(seeds), self.length)
        xy, doubt = np.zeros((*shape, 2)), np.full(shape, np.inf)
        for begin in range(count - 1):
            at, lost = seeds.copy(), np.zeros(len(seeds), bool)
            total = sampled(moving[begin], at)
            xy[begin], doubt[begin, :, 0] = at[:, None], total
            for k in range(1, min(self.length, count - begin)):
                step = sampled(there[begin + k - 1], at)
                returned = sampled(back[begin + k - 1], at + step)
                lost |= np.linalg.norm(step + returned, axis=1) >= self.most_apart_px
                at = at + step
                middle = np.array([width - 1, height - 1]) / 2
                lost |= np.any(np.abs(at - middle) > INSIDE * np.array([width, height]) / 2, axis=1)
                total = total + sampled(moving[begin + k], at)
                xy[begin, :, k], doubt[begin, :, k] = at, np.where(lost, np.inf, total)
        frame = np.repeat(np.arange(count - 1), len(seeds))
        return FlowTracks(frame, xy.reshape(-1, self.length, 2), doubt.reshape(-1, self.length))


def weights(doubt: np.ndarray, most_doubt: float) -> np.ndarray:
    """max(0, u_max - sum u), of samples, like `doubt`. With u_max under 1 a sample in a mask takes out all after it."""
    return np.maximum(most_doubt - doubt, 0.0)


def sampled(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Values (H, W) or (H, W, C) at pixels (N, 2), bilinear, edges repeated: float64 (N,) or (N, C)."""
    x, y = at.astype(np.float32).T
    found = cv2.remap(
        values.astype(np.float32), x[:, None], y[:, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(found, float).reshape(len(at), *values.shape[2:])


def _seeds(grid: int, width: int, height: int) -> np.ndarray:
    """float64 (grid^2, 2): evenly inside the picture, none on its border."""
    place = np.linspace(-1, 1, grid + 2)[1:-1]
    x, y = np.meshgrid((place + 1) / 2 * width - 0.5, (place + 1) / 2 * height - 0.5)
    return np.stack([x.ravel(), y.ravel()], axis=1)
