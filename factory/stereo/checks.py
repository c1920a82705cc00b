"""Which disparities can be trusted: the checks of Stereo4D, and one of ours, of any flow."""

from dataclasses import dataclass

import cv2
import numpy as np

from factory.construct import Positive
from factory.stereo.rectify import View, depth_from_disparity

# The gradient's bound is of Stereo4D's pictures, 512 px for 60 degrees. What it bounds is how steeply a surface is seen
# (81 degrees from its normal), so in a picture of fewer pixels a radian it is larger a pixel.
PAPER_FOCAL_PX = 256 / np.tan(np.radians(30))


@dataclass(frozen=True)
class Checks:
    """Bounds that a disparity must keep to be confident."""

    most_vertical_px: Positive = 1.0  # flow across rows (Stereo4D, Jin et al., CVPR 2025; it and the next three)
    most_return_px: Positive = 1.0  # from where the flow there and the flow back end to where they began
    farthest_baselines: Positive = 317.0  # 20 m of eyes 63 mm apart; a car's 0.54 m see 170 m as well
    # |range right - range left| or |below - above| as a share of the range between, two pixels apart.
    most_gradient: Positive = 0.03
    # From semi-global matching, where that answers at all; null: it is not asked.
    most_apart_px: Positive | None = 1.0

    def failed(
        self,
        view: View,
        baseline_m: float,
        there: np.ndarray,
        back: np.ndarray,
        second: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """By check, bool (H, W): where it is not passed.

        there, back: float (H, W, 2) pixels, flow of the rectified left picture to the right one and back. second:
        float (H, W) pixels, another disparity, NaN where it has none; None: nobody was asked. "unseen" are pixels that
        the left eye does not see, or that lead to where the right eye does not.
        """
        height, width = there.shape[:2]
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        at_x, at_y = x + there[..., 0], y + there[..., 1]
        returned = cv2.remap(back, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        right_sees = cv2.remap(view.seen[1].astype(np.uint8), at_x, at_y, cv2.INTER_NEAREST)
        range_m = depth_from_disparity(view, -there[..., 0], baseline_m)
        found = {
            "unseen": ~view.seen[0] | (right_sees == 0),
            "vertical": np.abs(there[..., 1]) > self.most_vertical_px,
            "return": np.linalg.norm(there + returned, axis=-1) > self.most_return_px,
            "range": ~(range_m <= self.farthest_baselines * baseline_m),
            "gradient": _steep(range_m, self.most_gradient * PAPER_FOCAL_PX / view.lens.focal_px),
        }
        if second is not None and self.most_apart_px is not None:
            found["second"] = ~(np.abs(second + there[..., 0]) <= self.most_apart_px)
        return found


def _steep(range_m: np.ndarray, most: float) -> np.ndarray:
    """Where neighbours two pixels apart differ by more than this share of the range between them, or are not known."""
    with np.errstate(invalid="ignore"):
        edged = np.pad(range_m, 1, mode="edge")
        across = np.abs(edged[1:-1, 2:] - edged[1:-1, :-2])
        down = np.abs(edged[2:, 1:-1] - edged[:-2, 1:-1])
        return np.asarray(~(np.maximum(across, down) <= most * range_m))
