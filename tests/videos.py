"""Small videos made for a test."""

import shutil
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import imageio_ffmpeg
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.stream import Disposition

from factory.clip import Clip
from factory.video import probe, shown
from factory.video.decode import believed
from factory.video.encode import encode_video

FFMPEG = shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()
BITS, SQUARE_PX = 8, 16


def whole(path: Path, seconds: float = float("inf"), name: str = "x") -> Clip:
    """The video, or its first seconds, as one clip that ingest would have made."""
    info, stamps = probe(path), believed(path)
    times_s = [found.time_s for found in shown(path, stamps)]
    count = sum(time_s < seconds - 1e-4 for time_s in times_s)
    end_s = times_s[count] if count < len(times_s) else times_s[-1] + 1 / info.fps
    fps = count / end_s
    return Clip(name, str(path), 0.0, end_s, info.width, info.height, fps, 0, count, stamps=stamps)


def numbered(count: int, height: int = 112, width: int = 160) -> list[np.ndarray]:
    """Pictures of a texture that moves, which bear their number as black and white squares, lowest bit to the left."""
    frames, noise = [], np.random.default_rng(0).uniform(60, 200, (height // 8, width // 8, 3))
    texture = np.kron(noise, np.ones((8, 8, 1))).astype(np.uint8)
    for number in range(count):
        image = np.roll(texture, number, axis=1)
        for bit in range(BITS):
            image[16:32, bit * SQUARE_PX : (bit + 1) * SQUARE_PX] = 235 if number >> bit & 1 else 20
        frames.append(image)
    return frames


def number_of(image: np.ndarray) -> int:
    """What `numbered` wrote into a picture."""
    squares = (image[20:28, bit * SQUARE_PX + 4 : (bit + 1) * SQUARE_PX - 4] for bit in range(BITS))
    return sum(int(square.mean() > 128) << bit for bit, square in enumerate(squares))


def write(path: Path, frames: Sequence[np.ndarray], fps: int = 24) -> Path:
    height, width = frames[0].shape[:2]
    path.write_bytes(encode_video(frames, (width, height), fps))
    return path


def write_as(
    path: Path,
    frames: Sequence[np.ndarray],
    *,
    codec: str,
    options: dict[str, str],
    form: str | None = None,
    fps: int = 24,
    pixel_ratio: tuple[int, int] = (1, 1),
) -> Path:
    """A video of a container and codec. options: of both."""
    height, width = frames[0].shape[:2]
    formats = {"mjpeg": "yuvj420p", "gif": "rgb8", "wrapped_avframe": "yuv420p"}
    with av.open(str(path), "w", format=form, options=options) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, formats.get(codec, "yuv420p")
        quality = {"crf": "18", "preset": "ultrafast"} if codec.startswith("libx") else {}
        stream.codec_context.options = quality | options
        stream.codec_context.sample_aspect_ratio = Fraction(*pixel_ratio)
        stream.codec_context.thread_count = 1
        if codec in ("mpeg2video", "mpeg1video", "mpeg4", "mjpeg", "flv", "wmv2", "rv20"):
            stream.bit_rate = 4_000_000
        for image in frames:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            container.mux(stream.encode(frame.reformat(format=stream.pix_fmt)))
        container.mux(stream.encode())
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


def remuxed(
    source: Path | None,
    target: Path,
    *,
    stamp: Callable[[av.Packet, int], tuple[int, int]] | None = None,
    tone_s: float = 0.0,
    cover: np.ndarray | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """The coded picture of a video in another container, with sound of `tone_s`, led by a cover picture.

    stamp: of a packet and its number the time stamps (pts, dts) that it gets, in the source's units.
    """
    with av.open(str(target), "w", options=options or {}) as container:
        given = av.open(str(source)) if source else None
        if cover is not None:
            art = container.add_stream("mjpeg", rate=1)
            art.height, art.width, art.pix_fmt = *cover.shape[:2], "yuvj420p"
            art.disposition = Disposition.attached_pic
        picture = container.add_stream_from_template(given.streams.video[0]) if given else None
        sound = container.add_stream("aac", rate=48_000) if tone_s else None
        if cover is not None:
            jpeg = av.Packet(cv2.imencode(".jpg", cover)[1].tobytes())
            jpeg.stream, jpeg.pts, jpeg.dts, jpeg.is_keyframe = art, 0, 0, True
            container.mux(jpeg)
        packets = []
        found = list(given.demux(video=0))[:-1] if given else []  # the last one only flushes
        if target.suffix == ".avi":
            bare = BitStreamFilterContext("h264_mp4toannexb", given.streams.video[0])
            found = [packet for one in found for packet in bare.filter(one)]
        for number, packet in enumerate(found):
            if stamp is not None:
                packet.pts, packet.dts = stamp(packet, number)
            packet.stream = picture
            packets.append(packet)
        if sound is not None:
            for begin in range(0, int(48_000 * tone_s), 1024):
                tone = np.sin(np.arange(begin, begin + 1024) * 2 * np.pi * 440 / 48_000).astype(np.float32)
                frame = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
                frame.sample_rate, frame.pts, frame.time_base = 48_000, begin, Fraction(1, 48_000)
                packets += sound.encode(frame)
            packets += sound.encode()
        for packet in sorted(packets, key=lambda p: float(p.dts * p.time_base)):
            container.mux(packet)
    return target
