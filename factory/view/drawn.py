"""What recordings of any clip draw alike: pictures, depth, the way, the tails of tracks, and when."""

import cv2
import numpy as np
import rerun as rr

from factory.data.result import ClipResult
from factory.depth.levels import levels_of

PICTURE_PX = 640  # longer side
CORNER_PX = 0.5  # Rerun counts from the corner of the first pixel, this package from its centre
TAIL = 8  # frames of a track that are drawn behind it
STANDS, MOVES = (120, 220, 120), (255, 90, 60)
JPEG_QUALITY = 85


def at(clip: ClipResult, stream: rr.RecordingStream, frame: int) -> None:
    """What is logged next is of this frame."""
    stream.set_time("source", duration=float(clip.times_s[frame]))
    if clip.has("frame_index"):  # of imported poses nobody knows
        stream.set_time("frame", sequence=int(clip.frame_index[frame]))


def log_picture(stream: rr.RecordingStream, entity: str, picture: np.ndarray) -> None:
    """picture: uint8 (H, W, 3) RGB."""
    _, jpeg = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    stream.log(entity, rr.EncodedImage(contents=jpeg.tobytes(), media_type="image/jpeg"))


def log_depth(stream: rr.RecordingStream, entity: str, depth: np.ndarray, unit: float) -> None:
    """depth: float32 (h, w) along the axis, of the size of the picture above it, NaN where it is not known. unit: of a
    level."""
    stream.log(entity, rr.DepthImage(levels_of(depth, unit), meter=1.0 / unit))


def log_path(clip: ClipResult, stream: rr.RecordingStream) -> np.ndarray:
    """Places of the frames with a pose, float64 (R, 3), and a line through them."""
    path = clip.world_from_cam[clip.registered][:, :3, 3]
    shown = rr.LineStrips3D([path], colors=[(255, 200, 0)], radii=rr.Radius.ui_points(1.0))
    stream.log("world/path", shown, static=True)
    return path


def tail(track: np.ndarray, frame: np.ndarray, row: int) -> slice:
    """The rows of an observation and of those of its track that lie less than `TAIL` frames before."""
    first = row
    while first > 0 and track[first - 1] == track[row] and frame[row] - frame[first - 1] < TAIL:
        first -= 1
    return slice(first, row + 1)
