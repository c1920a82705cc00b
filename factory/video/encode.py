"""Pictures to a video that any player and browser shows."""

import io
from collections.abc import Iterable
from fractions import Fraction

import av
import numpy as np

# x264's rate factor: 18 is said to be visually lossless; 20 leaves the mild blocking that web video has.
RATE_FACTOR = 20
MPEG4_BIT_RATE = 4_000_000  # about what rate factor 20 comes to on the sample, for builds of PyAV without x264


def encode_video(
    frames: Iterable[np.ndarray], size: tuple[int, int], fps: int, rate_factor: int = RATE_FACTOR
) -> bytes:
    """An MP4 of uint8 (H, W, 3) RGB frames of `size` (width, height, even both); frame i is at i / fps."""
    x264 = "libx264" in av.codecs_available
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264" if x264 else "mpeg4", rate=Fraction(fps))
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        if x264:
            # x264's macroblock tree does not always give the same bytes for the same small frames: seen at 160x90.
            options = {"crf": str(rate_factor), "preset": "fast", "x264-params": "mbtree=0"}
            stream.codec_context.options = options
        else:
            stream.bit_rate = MPEG4_BIT_RATE
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()
