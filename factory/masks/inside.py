"""Which tracks lie in masks."""

import numpy as np

from factory.masks.motion import DynamicMasks
from factory.tracks import Tracks


def inside(tracks: Tracks, masks: DynamicMasks) -> np.ndarray:
    """The share of each track's observations that lie in the masks: float64 (M,). Masks are of the tracks' frames, at
    any size; raises ValueError where there are more or fewer, or they are known to be of others."""
    frames, height, width = masks.masks.shape
    if frames != tracks.frames:
        raise ValueError(f"there are masks of {frames} frames and tracks of {tracks.frames}")
    if masks.frame_index is not None and not np.array_equal(masks.frame_index, tracks.frame_index):
        raise ValueError("masks and tracks are of different frames of the source")
    scale = np.array([width / tracks.width, height / tracks.height])
    at = np.clip(((tracks.xy + 0.5) * scale).astype(int), 0, [width - 1, height - 1])  # centres lie at integers
    hits = masks.masks[tracks.frame, at[:, 1], at[:, 0]]
    return np.bincount(tracks.track, hits, tracks.count) / np.maximum(tracks.lengths(), 1)
