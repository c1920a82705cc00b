"""Masks of single objects through a clip."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from factory.masks.motion import DynamicMasks

By = Literal["language", "clusters"]


@dataclass(frozen=True)
class ObjectMasks:
    """names: of O objects. masks: bool (O, F, h, w). by: who says that they move: a language model, or the clip's own
    motion, whose tracks were clustered. note: why it was not language, where that was wanted, one sentence."""

    names: tuple[str, ...]
    masks: np.ndarray
    by: By
    note: str | None = None

    def union(self, frame_index: np.ndarray) -> DynamicMasks:
        """Of all objects. frame_index: int64 (F,), the frames' numbers in the source."""
        masks = np.asarray(self.masks.any(axis=0))
        return DynamicMasks(masks, masks.mean(axis=(1, 2)), frame_index)
