"""What is rendered, on disk: H.264 video, TUM trajectories, pictures, arrays. Files appear whole or not at all."""

import io
import shutil
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from factory.storage.local import write_atomic

# x264's rate factor: 18 is said to be visually lossless; 20 leaves the mild blocking that web video has.
RATE_FACTOR = 20
MPEG4_BIT_RATE = 4_000_000  # about what rate factor 20 comes to on the sample, for builds of PyAV without x264


def encode_video(frames: Iterable[np.ndarray], size: tuple[int, int], fps: int) -> bytes:
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
            options = {"crf": str(RATE_FACTOR), "preset": "fast", "x264-params": "mbtree=0"}
            stream.codec_context.options = options
        else:
            stream.bit_rate = MPEG4_BIT_RATE
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


def write_png(path: Path, image: np.ndarray) -> None:
    """uint8 or uint16 (H, W) as PNG."""
    _, png = cv2.imencode(".png", image)
    write_atomic(path, png.tobytes())


def write_npz(path: Path, **arrays: np.ndarray) -> None:
    """Arrays by name, compressed. The same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_atomic(path, buffer.getvalue())


def empty_folder(folder: Path, make: bool = True) -> None:
    """Removes a folder of truth with what is in it, and makes it anew where wanted."""
    if folder.exists():
        shutil.rmtree(folder)
    if make:
        folder.mkdir(parents=True)
