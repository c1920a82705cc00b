"""Dense optical flow on a CPU: dense inverse search."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import cv2
import numpy as np

from factory.models.warps import seen_through

PRESETS = {
    "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}

LEAST_SIDE_PX = 32  # OpenCV 4.14 reads out of bounds on smaller pictures, and dies of it (tried: 6 to 48 px)


@dataclass
class DisFlow:
    """Dense inverse search (Kroeger et al., ECCV 2016), as OpenCV has it; the role `Flow`.

    About 2, 3 and 10 ms of CPU for 320x180 pixels with the presets ultrafast, fast and medium (measured, one core).
    """

    preset: Literal["ultrafast", "fast", "medium"] = "fast"

    def pairs(self, frames: np.ndarray, pairs: np.ndarray, warps: np.ndarray | None = None) -> np.ndarray:
        """float32 (P, H, W, 2); see `Flow`."""
        grey = {f: cv2.cvtColor(frames[f], cv2.COLOR_RGB2GRAY) for f in np.unique(pairs).tolist()}
        found = np.empty((len(pairs), *frames.shape[1:3], 2), np.float32)
        for number, other in enumerate(seen_through(grey, pairs, warps)):
            found[number] = self.flow(grey[int(pairs[number][0])], other)
        return found

    def flow(self, first: np.ndarray, second: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
        """Where each pixel of `first` went: float32 (H, W, 2) pixels, (x, y), so that first[p] ~ second[p + flow[p]].

        first, second: uint8 (H, W) grey. start: a flow to begin from, same shape as the answer.
        """
        height, width = first.shape
        below, right = max(0, LEAST_SIDE_PX - height), max(0, LEAST_SIDE_PX - width)
        if below or right:
            edges = (0, below, 0, right, cv2.BORDER_REPLICATE)
            first, second = cv2.copyMakeBorder(first, *edges), cv2.copyMakeBorder(second, *edges)
            start = None if start is None else cv2.copyMakeBorder(start, *edges)
        found = self._dis.calc(first, second, None if start is None else start.copy())
        return np.asarray(found[:height, :width])

    def __getstate__(self) -> dict[str, Any]:
        """What travels to a worker: OpenCV's object, there once it was used, does not."""
        return {"preset": self.preset}

    @cached_property
    def _dis(self) -> Any:
        return cv2.DISOpticalFlow.create(PRESETS[self.preset])
