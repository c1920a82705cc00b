"""Disparity of rectified pairs from any optical flow."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from factory.construct import Positive
from factory.models.dis import DisFlow
from factory.models.roles import Flow


@dataclass
class FlowStereo:
    """Flow from the left picture to the right one and back; the role `Stereo`.

    A disparity stands where the way back ends at the start, to `return_px`, and the flow keeps to its row, to
    `row_px`: elsewhere the other eye does not see it, or nothing is to be seen.
    """

    flow: Flow = field(default_factory=lambda: DisFlow("medium"))
    return_px: Positive = 1.0  # a guess, as usual in checks of this kind
    row_px: Positive = 2.0  # rectified pairs of phones and VR cameras are off by a pixel; a guess

    def disparity(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """float32 (F, H, W); see `Stereo`. Raises ModelError."""
        count, height, width = left.shape[:3]
        frames = np.concatenate([left, right])
        pairs = np.array([(f, count + f) for f in range(count)] + [(count + f, f) for f in range(count)])
        found = self.flow.pairs(frames, pairs.reshape(-1, 2)).astype(np.float32)
        y, x = np.mgrid[:height, :width].astype(np.float32)
        kept = np.full((count, height, width), np.nan, np.float32)
        for f, (there, back) in enumerate(zip(found[:count], found[count:], strict=True)):
            at_x, at_y = x + there[..., 0], y + there[..., 1]
            seen = cv2.remap(back, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            good = np.linalg.norm(there + seen, axis=-1) <= self.return_px
            good &= (at_x >= 0) & (at_x <= width - 1) & (at_y >= 0) & (at_y <= height - 1)
            good &= np.abs(there[..., 1]) <= self.row_px
            kept[f][good] = -there[..., 0][good]
        return kept
