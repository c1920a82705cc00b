"""Answers to single questions as the answer to a call, for roles that several networks fill."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from factory.models.roles import DepthMaps, Focals, Followed


def followed(answers: Sequence[np.ndarray], frames: np.ndarray) -> Followed:
    """Of one answer or none, float32 (N, F, 3): x, y, visible."""
    found = answers[0] if answers else np.zeros((0, len(frames), 3), np.float32)
    return Followed(np.ascontiguousarray(found[..., :2]), found[..., 2] > 0.5)


def depth_maps(
    answers: Sequence[np.ndarray], frames: np.ndarray, kind: Literal["metric", "scaled", "affine_disparity"]
) -> DepthMaps:
    """Of a map a frame, float16 (H, W)."""
    return DepthMaps(np.stack(answers) if answers else np.zeros(frames.shape[:3], np.float16), kind)


def focals(answers: Sequence[np.ndarray], frames: np.ndarray) -> Focals:
    """Of a focal length a frame, from a network that tells no doubt."""
    count = len(frames)
    return Focals(np.array(answers, np.float32).reshape(count), np.full(count, np.nan, np.float32))
