"""What is rendered, on disk: H.264 video, TUM trajectories, masks. Files appear whole or not at all."""

import io
import shutil
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from factory.storage import write_atomic

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


def write_tum(path: Path, times_s: np.ndarray, world_from_cam: np.ndarray) -> None:
    """`time tx ty tz qx qy qz qw` a line: camera-to-world of poses (T, 4, 4) at times (T,), seconds and metres."""
    quaternions = Rotation.from_matrix(world_from_cam[:, :3, :3]).as_quat()
    rows = np.column_stack([times_s, world_from_cam[:, :3, 3], quaternions])
    write_atomic(path, "".join(" ".join(f"{value:.9f}" for value in row) + "\n" for row in rows).encode())


def write_masks(folder: Path, masks: Sequence[np.ndarray]) -> None:
    """bool (H, W) masks as `<frame, 5 digits>.png`, 255 = moving. What lay in the folder before goes."""
    if folder.exists():
        shutil.rmtree(folder)
    for index, mask in enumerate(masks):
        _, png = cv2.imencode(".png", mask.astype(np.uint8) * 255)
        write_atomic(folder / f"{index:05d}.png", png.tobytes())
