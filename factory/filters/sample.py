"""Decodes a clip once for all specialists: small frames at a low rate, and a few large stills."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from factory.clip import Clip, ClipRecord, sampled
from factory.construct import Count, Positive
from factory.errors import VideoError
from factory.video import Frame, clip_frames, shrink


@dataclass
class SampleFrames:
    """Decodes the clip and keeps what the specialists look at.

    Needs: path, the clip's local file. Gives: frames, uint8 (T, h, w, 3) RGB at `fps`, longer side `max_side_px` at
    most; times_s, float64 (T,), seconds in the source; stills, list of uint8 (H, W, 3) RGB as decoded, evenly spaced;
    repeat_share, the share of frames that repeat the frame before, of all frames of the source.

    Raises VideoError when the clip has fewer than two frames, or not all of them can be decoded.
    """

    needs: ClassVar[tuple[str, ...]] = ("path",)
    gives: ClassVar[tuple[str, ...]] = ("frames", "times_s", "stills", "repeat_share")

    fps: Positive = 12.0  # DynPose-100K's rate
    max_side_px: Count = 320  # a tracked point is good to about 0.1 px: enough for every motion test here
    still_count: Count = 5

    def __call__(self, record: ClipRecord) -> ClipRecord:
        clip = record.clip
        watch = _Watch(clip, self.still_count)
        stream = watch(clip_frames(record["path"], clip))
        kept = [(f.time_s, shrink(f.image, self.max_side_px)) for f in sampled(stream, self.fps, clip.fps)]
        if len(kept) < 2:
            raise VideoError(f"the clip has {len(kept)} frame: too short to see what moves.")
        return record.give(
            frames=np.stack([image for _, image in kept]),
            times_s=np.array([time_s for time_s, _ in kept]),
            stills=watch.stills or [watch.newest],
            repeat_share=watch.repeats / max(watch.count - 1, 1),
        )


class _Watch:
    """Sees every decoded frame on its way: picks the stills and counts exact repeats."""

    # Compared on every 8th pixel of every 8th row. A repeated frame of an encoded film comes back almost unchanged:
    # differences of one grey level are the encoder's.
    step_px = 8
    tolerance = 1

    def __init__(self, clip: Clip, still_count: int) -> None:
        part = (np.arange(still_count) + 0.5) / still_count
        self._due_s = list(clip.start_s + part * clip.duration_s)
        self.newest = np.empty((0, 0, 3), np.uint8)
        self.stills: list[np.ndarray] = []
        self.count, self.repeats = 0, 0

    def __call__(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        before: np.ndarray | None = None
        for frame in frames:
            thin = frame.image[:: self.step_px, :: self.step_px].astype(np.int16)
            if before is not None and np.abs(thin - before).max() <= self.tolerance:
                self.repeats += 1
            before = thin
            self.count, self.newest = self.count + 1, frame.image
            if self._due_s and frame.time_s >= self._due_s[0]:
                self._due_s.pop(0)
                self.stills.append(frame.image)
            yield frame
