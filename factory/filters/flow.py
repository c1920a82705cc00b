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
        height, width = small[0].shape
        grid = np.stack(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)), axis=-1)
        contrast = [float(cv2.meanStdDev(frame)[1][0, 0]) for frame in small]
        flows = grey_flow(self.flow, small, pairs)
        motion = np.array([_mean_length(flow) for flow in flows]) / np.hypot(width, height)
        # Five grey levels of contrast are added so that noise on a black frame is not taken for a cut.
        unexplained = np.array(
            [
                _left(small[i], small[j], grid + flow) / (0.5 * (contrast[i] + contrast[j]) + 5.0)
                for (i, j), flow in zip(pairs, flows, strict=True)
            ]
        )
        return record.give(
            flow_mean=float(motion.mean()), flow_peak=float(motion.max()), flow_unexplained=float(unexplained.max())
        )

    def _small(self, frame: np.ndarray) -> np.ndarray:
        scale = self.side_px / max(frame.shape[:2])
        size = (round(frame.shape[1] * scale), round(frame.shape[0] * scale))
        return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


def _mean_length(flow: np.ndarray) -> float:
    """Mean length of a flow's vectors, float32 (h, w, 2), in pixels."""
    return cv2.mean(cv2.magnitude(*cv2.split(flow)))[0]


def _left(first: np.ndarray, second: np.ndarray, there: np.ndarray) -> float:
    """Mean difference that is left of two frames when each pixel of the first is looked up where it went, float32
    (h, w, 2), in the second."""
    x, y = cv2.split(there)
    warped = cv2.remap(second, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.mean(cv2.absdiff(first, warped))[0]


def grey_flow(flow: Flow, greys: Sequence[np.ndarray], pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Flow of pairs of grey frames, float32 (P, h, w, 2), of a model that wants its frames in three channels. Only
    those frames are given to it that are asked about."""
    asked = sorted({frame for pair in pairs for frame in pair})
    rgb = np.stack([cv2.cvtColor(greys[frame], cv2.COLOR_GRAY2RGB) for frame in asked])
    return flow.pairs(rgb, np.searchsorted(asked, np.array(pairs))).astype(np.float32, copy=False)
