"""Probing and decoding: the only file that knows a container format.

Times are seconds from the source's first video frame, taken from presentation time stamps, never from frame numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from factory.clip import Clip, sampled
from factory.errors import VideoError

av.logging.set_level(av.logging.PANIC)  # what a decoder mutters is counted in Damage and reported, not printed


@dataclass(frozen=True)
class VideoInfo:
    """What the container and the first frame say. `width` and `height` are as displayed, after the rotation flag."""

    width: int
    height: int
    fps: float
    duration_s: float
    codec: str
    pixel_format: str
    rotation_deg: int


@dataclass(frozen=True)
class Frame:
    """One decoded picture: uint8 (H, W, 3) RGB or (H, W) grey, its number and its time in the source."""

    index: int
    time_s: float
    image: np.ndarray


@dataclass
class Damage:
    """What could not be decoded; `decode` counts into it."""

    bad_packets: int = 0
    corrupt_frames: int = 0


def probe(path: Path) -> VideoInfo:
    """Opens the file and decodes its first frame. Raises VideoError with the cause."""
    if path.stat().st_size == 0:
        raise VideoError("the file is empty (0 bytes): download it again.")
    with _open(path) as container:
        stream = container.streams.video[0]
        first = next(_frames(container, stream, Damage()), None)
        if first is None:
            raise VideoError("the video stream holds no frame that can be decoded: the file is damaged.")
        rotation_deg = int(first.rotation) % 360
        width, height = (first.height, first.width) if rotation_deg in (90, 270) else (first.width, first.height)
        duration_s = float(stream.duration * stream.time_base) if stream.duration else (container.duration or 0) / 1e6
        return VideoInfo(
            width=width,
            height=height,
            fps=float(stream.average_rate or stream.guessed_rate or 0.0),
            duration_s=duration_s,
            codec=stream.codec_context.name,
            pixel_format=first.format.name,
            rotation_deg=rotation_deg,
        )


def decode(path: Path, start_s: float = 0.0, *, grey: bool = False, damage: Damage | None = None) -> Iterator[Frame]:
    """Frames from `start_s` to the end of the source, upright, full size. `index` counts from the first one yielded.

    A damaged stream ends early or skips what cannot be decoded, and `damage` counts it; whoever needs the whole
    checks the times too. Raises VideoError when nothing can be opened.
    """
    damage = damage if damage is not None else Damage()
    with _open(path) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        zero: int | None = None  # of the first frame that shows: what a container calls its start need not be that
        if start_s > 0:
            zero = next((f.pts for f in _frames(container, stream, Damage()) if f.pts is not None), 0)
            container.seek(zero + int(start_s / stream.time_base), stream=stream, backward=True)
        index = 0
        for frame in _frames(container, stream, damage):
            if frame.pts is None:
                damage.corrupt_frames += 1
                continue
            damage.corrupt_frames += frame.is_corrupt
            zero = frame.pts if zero is None else zero
            time_s = float((frame.pts - zero) * stream.time_base)
            if time_s < start_s - 1e-4:
                continue
            yield Frame(index, time_s, _upright(frame, grey))
            index += 1


def clip_frames(
    path: Path, clip: Clip, fps: float | None = None, max_side_px: int | None = None, *, grey: bool = False
) -> Iterator[Frame]:
    """The clip's frames, cropped, optionally sampled at `fps` and shrunk so that the longer side is `max_side_px`.

    `index` is the frame's number in the source. Sampling comes before any resizing, so skipped frames only cost
    their decoding.
    """
    wanted = (f for f in decode_span(path, clip, grey=grey))
    if fps is not None:
        wanted = (f for f in sampled(wanted, fps, clip.fps))
    for frame in wanted:
        image = frame.image
        if clip.crop is not None:
            x, y, width, height = clip.crop
            image = image[y : y + height, x : x + width]
        yield Frame(clip.first_frame + frame.index, frame.time_s, shrink(image, max_side_px))


def decode_span(path: Path, clip: Clip, *, grey: bool = False) -> Iterator[Frame]:
    """The clip's own frames, uncropped; `index` counts from the clip's first frame."""
    for frame in decode(path, clip.start_s, grey=grey):
        if frame.time_s >= clip.end_s - 1e-4:
            return
        yield frame


def shrink(image: np.ndarray, max_side_px: int | None) -> np.ndarray:
    """The image with its longer side at most `max_side_px`, area-averaged; never enlarged."""
    height, width = image.shape[:2]
    if max_side_px is None or max(height, width) <= max_side_px:
        return np.ascontiguousarray(image)
    scale = max_side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _open(path: Path) -> av.container.InputContainer:
    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise VideoError(
            f"the file cannot be opened as a video ({_cause(error)}): it is something else or cut off; fetch it again."
        ) from error
    if not container.streams.video:
        container.close()
        raise VideoError("the file has no video stream (audio only): leave it out or replace it.")
    container.streams.video[0].thread_count = 1  # one thread a worker: many workers do not fight over cores
    return container


def _frames(container: av.container.InputContainer, stream: av.VideoStream, damage: Damage) -> Iterator[av.VideoFrame]:
    """Decoded frames; broken packets are skipped and counted, a broken container ends the stream."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except MemoryError:
            raise
        except av.FFmpegError:
            damage.bad_packets += 1
            return
        try:
            yield from packet.decode()
        except MemoryError:  # PyAV's is an FFmpegError too, but says nothing of the file
            raise
        except av.FFmpegError:
            damage.bad_packets += 1


def _upright(frame: av.VideoFrame, grey: bool) -> np.ndarray:
    image = frame.to_ndarray(format="gray" if grey else "rgb24")
    quarter_turns = int(frame.rotation) % 360 // 90
    return np.rot90(image, quarter_turns) if quarter_turns else image


def _cause(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).split(":")[0].strip().lower()
