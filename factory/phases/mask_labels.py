"""Background by masks that are known before the solve: what a mask says of a track, no vote says otherwise."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from factory.background.choose import Background, ChooseBackground
from factory.clip import ClipRecord
from factory.construct import Share
from factory.masks.motion import DynamicMasks
from factory.tracks import Tracks


@dataclass
class LabelByMask:
    """Tracks that lie in the masks are dynamic; among the others the vote finds the background.

    The mask takes the vote's place and is not intersected with it: an object that moves as the world seems to is masked
    all the same, and tracks that no mask holds can still be dynamic. Gives: background.
    """

    needs: ClassVar[tuple[str, ...]] = ("tracks", "dynamic_masks")
    gives: ClassVar[tuple[str, ...]] = ("background",)

    choose: ChooseBackground = field(default_factory=ChooseBackground)
    least_inside: Share = 0.5  # of a track's observations; a guess: masks are a few pixels off at their edges

    def __call__(self, record: ClipRecord) -> ClipRecord:
        tracks: Tracks = record["tracks"]
        masked = inside(tracks, record["dynamic_masks"]) >= self.least_inside
        rest = self.choose(tracks.select(~masked))
        value, is_background, is_dynamic = np.zeros(tracks.count), np.zeros(tracks.count, bool), masked.copy()
        value[~masked], is_background[~masked], is_dynamic[~masked] = rest.value, rest.is_background, rest.is_dynamic
        labels = (value, is_background, is_dynamic, rest.hypothesis, rest.scores, rest.reason, masked)
        return record.give(background=Background(*labels))


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
