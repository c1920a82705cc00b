"""Optical-flow specialist: a cut shows as a peak, a still scene as a low mean, a dissolve as what flow cannot warp."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.models.dis import DisFlow


@dataclass
class FlowFeatures:
    """Dense motion between sampled frames: DynPose's tests for cuts (C2) and still scenes (C3).

    Dense inverse search (Kroeger et al., ECCV 2016) on grey frames whose longer side is `side_px`. Magnitudes are
    shares of the frame's diagonal, so that one bound serves every resolution. `flow_unexplained` warps each frame onto
    the one before and compares: the absolute difference over the pair's contrast (standard deviation), which a cut, a
    dissolve or a fade raises and camera motion does not.

    Needs: frames, uint8 (T, h, w) grey. Gives: flow_mean and flow_peak, float, diagonal shares per frame interval, of
    the frames' mean magnitudes; flow_unexplained, float, the worst pair. All None for fewer than two frames.
    """

    needs: ClassVar[tuple[str, ...]] = ("frames",)
    gives: ClassVar[tuple[str, ...]] = ("flow_mean", "flow_peak", "flow_unexplained")

    side_px: int = 192
    flow: DisFlow = field(default_factory=lambda: DisFlow("ultrafast"))

    def __call__(self, record: ClipRecord) -> ClipRecord:
        pairs = [self._pair(a, b) for a, b in pairwise(map(self._grey, record["frames"]))]
        if not pairs:
            return record.give(flow_mean=None, flow_peak=None, flow_unexplained=None)
        motion, unexplained = np.array(pairs).T
        return record.give(
            flow_mean=float(motion.mean()), flow_peak=float(motion.max()), flow_unexplained=float(unexplained.max())
        )

    def _grey(self, frame: np.ndarray) -> np.ndarray:
        scale = self.side_px / max(frame.shape[:2])
        size = (round(frame.shape[1] * scale), round(frame.shape[0] * scale))
        return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)

    def _pair(self, a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
        flow = self.flow.flow(a, b)
        height, width = a.shape
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        warped = cv2.remap(b, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        difference = float(cv2.absdiff(a, warped).mean())
        # Five grey levels of contrast are added so that noise on a black frame is not taken for a cut.
        return float(
            cv2.magnitude(flow[..., 0], flow[..., 1]).mean(dtype=np.float64) / np.hypot(width, height)
        ), difference / (0.5 * (float(a.std()) + float(b.std())) + 5.0)
