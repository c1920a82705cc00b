"""Optical-flow specialist: a cut shows as a peak, a still scene as a low mean, a dissolve as what flow cannot warp."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.frames import Frames
from factory.models.dis import DisFlow
from factory.models.roles import Flow


@dataclass
class FlowFeatures:
    """Dense motion between sampled frames: DynPose's tests for cuts (C2) and still scenes (C3).

    On grey frames whose longer side is `side_px`. Magnitudes are shares of the frame's diagonal, so that one bound
    serves every resolution. `flow_unexplained` warps each frame onto the one before and compares: the absolute
    difference over the pair's contrast (standard deviation), which a cut, a dissolve or a fade raises and camera motion
    does not.

    Needs: frames. Gives: flow_mean and flow_peak, float, diagonal shares per frame interval, of the frames' mean
    magnitudes; flow_unexplained, float, the worst pair. All None for fewer than two frames.
    """

    needs: ClassVar[tuple[str, ...]] = ("frames",)
    gives: ClassVar[tuple[str, ...]] = ("flow_mean", "flow_peak", "flow_unexplained")
    version: ClassVar[int] = 2

    side_px: int = 192
    flow: Flow = field(default_factory=lambda: DisFlow("fast"))

    def __call__(self, record: ClipRecord) -> ClipRecord:
        frames: Frames = record["frames"]
        small = [self._small(grey) for grey in frames.grey]
        pairs = list(pairwise(range(len(small))))
        if not pairs:
            return record.give(flow_mean=None, flow_peak=None, flow_unexplained=None)
        flows = grey_flow(self.flow, small, pairs)
        compared = [self._pair(small[i], small[j], flow) for (i, j), flow in zip(pairs, flows, strict=True)]
        motion, unexplained = np.array(compared).T
        return record.give(
            flow_mean=float(motion.mean()), flow_peak=float(motion.max()), flow_unexplained=float(unexplained.max())
        )

    def _small(self, frame: np.ndarray) -> np.ndarray:
        scale = self.side_px / max(frame.shape[:2])
        size = (round(frame.shape[1] * scale), round(frame.shape[0] * scale))
        return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)

    def _pair(self, a: np.ndarray, b: np.ndarray, flow: np.ndarray) -> tuple[float, float]:
        height, width = a.shape
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        warped = cv2.remap(b, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        difference = float(cv2.absdiff(a, warped).mean())
        # Five grey levels of contrast are added so that noise on a black frame is not taken for a cut.
        return float(
            cv2.magnitude(flow[..., 0], flow[..., 1]).mean(dtype=np.float64) / np.hypot(width, height)
        ), difference / (0.5 * (float(a.std()) + float(b.std())) + 5.0)


def grey_flow(flow: Flow, greys: Sequence[np.ndarray], pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Flow of pairs of grey frames, float32 (P, h, w, 2), of a model that wants its frames in three channels. Only
    those frames are given to it that are asked about."""
    asked = sorted({frame for pair in pairs for frame in pair})
    rgb = np.stack([cv2.cvtColor(greys[frame], cv2.COLOR_GRAY2RGB) for frame in asked])
    return flow.pairs(rgb, np.searchsorted(asked, np.array(pairs))).astype(np.float32, copy=False)
