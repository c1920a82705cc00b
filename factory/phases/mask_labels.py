"""Background by masks that are known before the solve: what a mask says of a track, no vote says otherwise."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from factory.background.choose import Background, ChooseBackground
from factory.clip import ClipRecord
from factory.construct import Share
from factory.masks.inside import inside
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
