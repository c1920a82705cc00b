"""Overlay specialist: instruments, logos and frames that stay in place while the picture behind them moves (C1)."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from factory.clip import ClipRecord


@dataclass
class StaticOverlay:
    """Edges that never move, as a share of all edges, in a clip whose camera moves.

    A pixel belongs to an overlay when it has an edge in nearly every sampled frame and its brightness hardly changes.
    In a game these are the instruments and the player's own car, in a film made for the web its logo and frame.

    Needs: frames, flow_mean. Gives: overlay_share, float; None when the picture hardly moves (then everything stays).
    """

    needs: ClassVar[tuple[str, ...]] = ("frames", "flow_mean")
    gives: ClassVar[tuple[str, ...]] = ("overlay_share",)

    samples: int = 12
    edge_grey: float = 6.0  # grey levels a pixel; compression noise stays under it
    steady_grey: float = 8.0  # standard deviation over time
    always: float = 0.9  # of the frames
    least_flow: float = 0.004  # diagonals per sampled frame

    def __call__(self, record: ClipRecord) -> ClipRecord:
        flow_mean = record["flow_mean"]
        if flow_mean is None or flow_mean < self.least_flow:
            return record.give(overlay_share=None)
        frames = record["frames"].grey
        chosen = np.unique(np.linspace(0, len(frames) - 1, self.samples).astype(int))
        grey = np.stack([frames[i] for i in chosen])
        edges = np.stack([self._edges(picture) for picture in grey])
        if not edges.any():
            return record.give(overlay_share=None)
        steady = grey.std(axis=0, dtype=np.float32) < self.steady_grey
        fixed = (edges.mean(axis=0) >= self.always) & steady
        return record.give(overlay_share=float(fixed.mean() / edges.mean()))

    def _edges(self, grey: np.ndarray) -> np.ndarray:
        x, y = (cv2.Sobel(grey, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1)))
        return cv2.magnitude(x, y) > self.edge_grey
