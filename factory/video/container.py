"""Opening a file: which formats are taken, which of its streams is the picture, and how far its packets reach."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from statistics import median_low

import av
from av.stream import Disposition

from factory.errors import VideoError
from factory.video.picture import display_of

av.logging.set_level(av.logging.PANIC)  # what a decoder mutters is counted in Damage and reported, not printed

# Containers and bare streams. Playlists (hls, concat, dash, image2) are not among them: they would open other files.
FORMATS = (
    *("mov", "matroska", "avi", "flv", "live_flv", "mpegts", "mpeg", "mpegvideo", "ogg", "asf", "yuv4mpegpipe", "mxf"),
    *("gxf", "nut", "rm", "wtv", "dv", "swf", "nsv", "ivf", "obu", "h264", "hevc", "vvc", "av1", "m4v", "h261", "h263"),
    *("mjpeg", "gif", "apng", "webp_anim", "avs2", "avs3", "cavsvideo", "vc1", "dirac", "film_cpk", "roq", "amv"),
    *("jpeg_pipe", "png_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe"),  # pictures: told as such, or many in one file
)
OPTIONS = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}
DECLARING = ("mov", "matroska", "avi", "asf", "flv")  # their header says how long they are; elsewhere FFmpeg estimates
FROM_ZERO = ("matroska", "flv")  # declare the time of their end, not how long they are: a clock may start late
RATE_PACKETS = 100  # packets that tell the frame rate: an average over the file would be spoilt by one gap


@dataclass(frozen=True)
class VideoInfo:
    """What the container and the first frame say.

    width, height: pixels as displayed: square, turned and mirrored as the file asks. fps: from the intervals of the
    first packets. rotation_deg: counter-clockwise, after `mirrored` (left and right swapped). sample_aspect_ratio:
    width by height of a coded pixel. stream: its number in the container.
    """

    width: int
    height: int
    fps: float
    duration_s: float
    codec: str
    pixel_format: str
    rotation_deg: int
    mirrored: bool = False
    sample_aspect_ratio: float = 1.0
    stream: int = 0


@dataclass
class Reach:
    """How far the packets of all streams of a file reach, by the container's clock: begin and end in seconds."""

    begin_s: float | None = None
    end_s: float | None = None

    def add(self, packet: av.Packet) -> None:
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None:
            return
        unit_s = float(packet.time_base)
        at = stamp * unit_s
        self.begin_s = at if self.begin_s is None else min(self.begin_s, at)
        end = (stamp + (packet.duration or 0)) * unit_s
        self.end_s = end if self.end_s is None else max(self.end_s, end)


@contextmanager
def opened(path: Path, rough: bool = False) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """The container and its picture stream. Raises VideoError with the cause.

    rough: without the filter that smooths the edges of coded blocks, a fifth of the decoding of H.264 and HEVC: all
    frames, at their times, but each a little off.

    Of several video streams the one that FFmpeg calls best: marked as default, of several frames, of the highest bit
    rate, in this order. Cover pictures are none.
    """
    with _as_utf8(path) as name:
        try:
            container = av.open(name, options=OPTIONS)
        except MemoryError:  # PyAV's is an FFmpegError too, but says nothing of the file
            raise
        except (av.FFmpegError, OSError, ValueError) as error:
            raise VideoError(
                f"the file cannot be opened as a video ({_cause(error)}): "
                "it is something else, a playlist, or its header is missing."
            ) from error
    with container:
        pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if not pictures:
            raise VideoError("the file has no video stream, only sound or a cover picture: leave it out.")
        best = container.streams.best("video")
        stream = next((s for s in pictures if s is best), pictures[0])
        if stream.codec_context is None:
            raise VideoError("the codec of the video stream is not known to this FFmpeg: convert the file.")
        if rough:
            stream.codec_context.options = {"skip_loop_filter": "all"}
        stream.codec_context.thread_count = 1  # one thread a worker: many workers do not fight over cores
        yield container, stream


def probe(path: Path) -> VideoInfo:
    """Opens the file and decodes its first frame. Raises VideoError with the cause."""
    if path.stat().st_size == 0:
        raise VideoError("the file is empty (0 bytes).")
    with opened(path) as (container, stream):
        first = first_frame(container, stream)
        if first is None:
            raise VideoError("no frame of the video stream can be decoded: the file is damaged.")
        display = display_of(first, pixel_ratio(stream))
        width, height = display.size(first.width, first.height)
        declared_s = float(stream.duration * time_base(stream)) if stream.duration else (container.duration or 0) / 1e6
        return VideoInfo(
            width=width,
            height=height,
            fps=1 / nominal_interval_s(path),
            duration_s=declared_s,
            codec=stream.codec_context.name,
            pixel_format=first.format.name,
            rotation_deg=display.rotation_deg,
            mirrored=display.mirrored,
            sample_aspect_ratio=float(display.pixel_ratio),
            stream=stream.index,
        )


def first_frame(container: av.container.InputContainer, stream: av.VideoStream) -> av.VideoFrame | None:
    for packet in packets(container, stream):
        for frame in decoded(packet) or ():
            return frame
    return None


def decoded(packet: av.Packet) -> list[av.VideoFrame] | None:
    """Frames that come of a packet; None where it is broken."""
    try:
        return packet.decode()
    except MemoryError:
        raise
    except av.FFmpegError:
        return None


def nominal_interval_s(path: Path) -> float:
    """Interval of the stream's first packets (s), in the order in which they are decoded: the mean of those near the
    median, as containers round to milliseconds."""
    with opened(path) as (container, stream):
        stamps = [p.dts if p.dts is not None else p.pts for p in islice(packets(container, stream), RATE_PACKETS)]
        steps = [b - a for a, b in pairwise(s for s in stamps if s is not None) if b > a]
        if steps:
            middle = median_low(steps)
            usual = [step for step in steps if 0.5 * middle < step < 1.5 * middle]
            return float(sum(usual) / len(usual) * time_base(stream))
        return 1 / float(stream.average_rate or stream.guessed_rate or 25)


def missing_share(container: av.container.InputContainer, reach: Reach) -> float:
    """The share of a file's declared length that its packets, of any stream, do not reach: what was cut off its end.

    0 where nothing is declared. A stream that ends before the others cuts nothing off: sound may be longer.
    """
    names = container.format.name.split(",")
    if not container.duration or reach.begin_s is None or reach.end_s is None or not set(names) & set(DECLARING):
        return 0.0
    begin_s = 0.0 if set(names) & set(FROM_ZERO) else (container.start_time or 0) / 1e6
    end_s = begin_s + container.duration / 1e6
    if "avi" in names:  # FFmpeg shortens the duration of a file that is shorter than its header says
        end_s = max([end_s, *(begin_s + float(s.frames * time_base(s)) for s in container.streams.video)])
    return max(0.0, end_s - reach.end_s) / max(end_s - reach.begin_s, 1e-6)


def time_base(stream: av.VideoStream) -> Fraction:
    """Seconds of one unit of the stream's time stamps."""
    if stream.time_base is None:
        raise VideoError("the video stream does not say in what units it counts time: convert the file.")
    return Fraction(stream.time_base)


def pixel_ratio(stream: av.VideoStream) -> Fraction:
    """Width by height of a coded pixel, by the container and, where it is silent, by the codec; 1 where unknown."""
    return Fraction(stream.sample_aspect_ratio or 1)


def packets(container: av.container.InputContainer, *streams: av.stream.Stream) -> Iterator[av.Packet]:
    """Packets of the streams, of all where none is given; a broken container ends them."""
    found = container.demux(*streams)
    while True:
        try:
            packet = next(found)
        except MemoryError:
            raise
        except (StopIteration, av.FFmpegError):
            return
        yield packet


@contextmanager
def _as_utf8(path: Path) -> Iterator[str]:
    """A name that FFmpeg can be given, also where the file's own is no UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        handle = os.open(path, os.O_RDONLY)
        try:
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)
    else:
        yield str(path)


def _cause(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).split(":")[0].strip().lower()
