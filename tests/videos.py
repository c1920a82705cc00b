"""Small videos made for a test."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from factory.synth.write import encode_video


def write(path: Path, frames: Sequence[np.ndarray], fps: int = 24) -> Path:
    height, width = frames[0].shape[:2]
    path.write_bytes(encode_video(frames, (width, height), fps))
    return path


def write_at(path: Path, frames: Sequence[np.ndarray], times_s: Sequence[float]) -> Path:
    """A Matroska or MP4 file whose frames are shown at the times given."""
    height, width = frames[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(1000))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.options = {"crf": "10", "preset": "ultrafast", "bf": "0"}
        for image, time_s in zip(frames, times_s, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts, frame.time_base = round(time_s * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
