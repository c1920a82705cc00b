"""Decodes a clip once for all specialists: small grey frames at a low rate, and a few larger stills in colour."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from factory.clip import Clip, ClipRecord, sampled
from factory.construct import Count, Positive
from factory.errors import VideoError
from factory.frames import Frames, Passing
from factory.video import Shown, decode_span, small_image


@dataclass
class SampleFrames:
    """Decodes the clip, roughly, and keeps what the specialists look at.

    Needs: path, the clip's local file. Gives: frames, a Frames at `fps`, longer side `grey_side_px` at most; stills,
    list of uint8 (H, W, 3) RGB, evenly spaced, longer side `still_side_px` at most; repeat_share, of all frames of the
    source the share that repeat the frame before.

    Raises VideoError when the clip has fewer than two frames, or not all of them can be decoded.
    """

    needs: ClassVar[tuple[str, ...]] = ("path",)
    gives: ClassVar[tuple[str, ...]] = ("frames", "stills", "repeat_share")
    version: ClassVar[int] = 3

    fps: Positive = 12.0  # DynPose-100K's rate
    grey_side_px: Count = 320  # a tracked point is good to about 0.1 px: enough for every motion test here
    still_count: Count = 5
    still_side_px: Count = 640  # the most that a specialist looks at: DrawnLook, at the grain

    def __call__(self, record: ClipRecord) -> ClipRecord:
        clip = record.clip
        watch = _Watch(clip, self.still_count, self.still_side_px)
        stream = watch(decode_span(record["path"], clip, rough=True))
        kept = [
            Passing(
                clip.first_frame + found.index, found.time_s, small_image(found, clip, self.grey_side_px, grey=True)
            )
            for found in sampled(stream, self.fps, clip.fps)
        ]
        if len(kept) < 2:
            raise VideoError(f"the clip has {len(kept)} frame: too short to see what moves.")
        return record.give(
            frames=Frames(kept),
            stills=watch.stills,
            repeat_share=watch.repeats / max(watch.count - 1, 1),
        )


class _Watch:
    """Sees every decoded frame on its way: picks the stills and counts exact repeats."""

    # Compared in brightness, on every 8th pixel of every 8th row. A repeated frame of an encoded film comes back almost
    # unchanged: differences of one grey level are the encoder's.
    step_px = 8
    tolerance = 1

    def __init__(self, clip: Clip, still_count: int, still_side_px: int) -> None:
        part = (np.arange(still_count) + 0.5) / still_count
        self._clip, self._side_px = clip, still_side_px
        self._due_s = list(clip.start_s + part * clip.duration_s)
        self.stills: list[np.ndarray] = []
        self.count, self.repeats = 0, 0

    def __call__(self, frames: Iterator[Shown]) -> Iterator[Shown]:
        before: np.ndarray | None = None
        for found in frames:
            thin = np.ascontiguousarray(found.luma()[:: self.step_px, :: self.step_px])
            self.count += 1
            if before is not None and before.shape == thin.shape:
                self.repeats += cv2.norm(thin, before, cv2.NORM_INF) <= self.tolerance
            before = thin
            if self._due_s and found.time_s >= self._due_s[0]:
                self._due_s.pop(0)
                self._take(found)
            yield found
        if not self.stills:
            self._take(found)

    def _take(self, found: Shown) -> None:
        self.stills.append(small_image(found, self._clip, self._side_px, grey=False))
