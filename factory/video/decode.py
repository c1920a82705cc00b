"""The frames of a source in order, and those of one clip: exactly those that ingest counted, or an error."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np

from factory.clip import Clip, sampled
from factory.errors import VideoError
from factory.video.clock import STAMPS, Clock, DisorderedError, Stamps
from factory.video.complete import is_complete
from factory.video.container import (
    Reach,
    decoded,
    missing_share,
    nominal_interval_s,
    opened,
    packets,
    pixel_ratio,
    time_base,
)
from factory.video.picture import DECODED_SIDE_PX, Display, display_of, luma, shrink

# Where to begin before a clip (s): seeking lands up to a group of pictures late in MPEG-TS and PS. Then at the source's
# beginning.
SEEK_BACK_S = (0.0, 2.0, 10.0, 40.0)
SAME_TIME_S = 1e-4  # times of one frame in two passes differ by rounding alone; frames are 1e-3 s apart and more


@dataclass(frozen=True)
class Frame:
    """One decoded picture: uint8 (H, W, 3) RGB or (H, W) grey, its number and its time in the source."""

    index: int
    time_s: float
    image: np.ndarray


@dataclass
class Damage:
    """What a pass over a whole source met: packets that cannot be decoded, frames that are corrupt, frames left out as
    their time stamps are not in order; the share of the declared length that is not there; restarts of its clock."""

    bad_packets: int = 0
    corrupt_frames: int = 0
    disordered_frames: int = 0
    missing: float = 0.0
    restarts: int = 0


@dataclass(frozen=True)
class Shown:
    """A frame as decoded, and where it stands: number, time (s) in the source, presentation time stamp."""

    index: int
    time_s: float
    pts: int | None
    frame: av.VideoFrame
    display: Display

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as displayed."""
        return self.display.size(self.frame.width, self.frame.height)

    def image(self, grey: bool = False, max_side_px: int = DECODED_SIDE_PX) -> np.ndarray:
        """As displayed; of a large picture a smaller one, see `picture.DECODED_SIDE_PX`."""
        return self.display.image(self.frame, grey, max_side_px)

    def luma(self, max_side_px: int | None = None) -> np.ndarray:
        """See `picture.luma`."""
        return luma(self.frame, max_side_px)


def shown(path: Path, stamps: Stamps = "pts", damage: Damage | None = None, *, rough: bool = False) -> Iterator[Shown]:
    """All frames of a source that show, from its beginning; `stamps`: see `clock.Clock`, `rough`: `container.opened`.

    A damaged stream ends early or skips what cannot be decoded, and `damage` counts it. What comes before the first key
    frame of a recording that begins between two shows nothing and is no damage. Raises VideoError when nothing can be
    opened, DisorderedError when other stamps have to be believed.
    """
    damage = damage if damage is not None else Damage()
    interval_s, reach = nominal_interval_s(path), Reach()
    with opened(path, rough) as (container, stream):
        clock, show = Clock(stamps, time_base(stream), interval_s), _Displays(stream)
        index = 0
        for packet in packets(container):
            reach.add(packet)
            if packet.stream is not stream:
                continue
            for frame in _frames(packet, damage, began=index > 0):
                if frame.is_corrupt and not index:
                    continue
                time_s = clock.tell(frame)
                if time_s is None:
                    continue
                damage.corrupt_frames += frame.is_corrupt
                damage.restarts = clock.restarts
                yield Shown(index, time_s, frame.pts, frame, show(frame))
                index += 1
        damage.disordered_frames = clock.disordered
        # A length in the header may count a last frame that stands: what the file's structure says goes before it.
        damage.missing = 0.0 if is_complete(path) else missing_share(container, reach)


def decode(path: Path, *, grey: bool = False) -> Iterator[Frame]:
    """All frames of a source as displayed; its longer side `picture.DECODED_SIDE_PX` at most."""
    for found in shown(path, believed(path)):
        yield Frame(found.index, found.time_s, found.image(grey))


def believed(path: Path, frames: int = 200) -> Stamps:
    """The stamps that order the source's first frames. Ingest, which sees all of them, notes it with each clip."""
    for stamps in STAMPS:
        try:
            for _ in islice(shown(path, stamps), frames):
                pass
        except DisorderedError:
            continue
        return stamps
    raise AssertionError  # frames are always in the order of their number


def clip_frames(
    path: Path, clip: Clip, fps: float | None = None, max_side_px: int | None = None, *, grey: bool = False
) -> Iterator[Frame]:
    """The clip's frames, cropped, optionally sampled at `fps` and shrunk so that the longer side is `max_side_px`.

    `index` is the frame's number in the source. Sampling comes before any conversion, so skipped frames only cost
    their decoding. Raises VideoError as `decode_span`.
    """
    wanted = decode_span(path, clip)
    for found in wanted if fps is None else sampled(wanted, fps, clip.fps):
        yield Frame(clip.first_frame + found.index, found.time_s, exact_image(found, clip, max_side_px, grey=grey))


def exact_image(found: Shown, clip: Clip, max_side_px: int | None, *, grey: bool) -> np.ndarray:
    """The clip's picture, cropped, then shrunk so that the longer side is `max_side_px` at most: uint8 (h, w, 3) RGB or
    (h, w) grey."""
    image = found.image(grey)
    return shrink(image if clip.crop is None else _cropped(image, clip.crop, found.size), max_side_px)


def small_image(found: Shown, clip: Clip, max_side_px: int, *, grey: bool) -> np.ndarray:
    """The clip's picture, cropped, its longer side `max_side_px` at most: uint8 (h, w, 3) RGB or (h, w) grey.

    The scaler shrinks it before it gets its colours, for a part of what `exact_image` costs, and the crop is good to
    half a small pixel: for looking at, not for measuring in.
    """
    inside = found.size if clip.crop is None else clip.crop[2:]
    image = found.image(grey, int(max_side_px * max(found.size) / max(*inside, 1)))
    return np.ascontiguousarray(image if clip.crop is None else _cropped(image, clip.crop, found.size))


def decode_span(
    path: Path, clip: Clip, *, rough: bool = False, since: tuple[int, float] | None = None
) -> Iterator[Shown]:
    """The clip's own frames; `index` counts from the clip's first one. `rough`: see `container.opened`. since: number
    and time in the source of one of its frames: only those from there on.

    All that ingest counted, at the times it noted: raises VideoError as soon as one is missing, or not itself.
    """
    number, begin_s = since or (clip.first_frame, clip.start_s)
    count = number - clip.first_frame
    for found in _from_frame(path, clip, number, begin_s, rough):
        if found.time_s >= clip.end_s - SAME_TIME_S:
            break
        yield Shown(count, found.time_s, found.pts, found.frame, found.display)
        count += 1
        if count == clip.frame_count:
            return
    raise VideoError(
        f"only {count} of the clip's {clip.frame_count} frames can be decoded again: the file is damaged there."
    )


def _from_frame(path: Path, clip: Clip, number: int, begin_s: float, rough: bool) -> Iterator[Shown]:
    """Frames from one of the clip's on: found by its time stamp, else by its number."""
    if clip.first_pts is not None and number > 0:
        for back_s in SEEK_BACK_S:
            frames = _sought(path, clip, begin_s, back_s, rough)
            if (first := next(frames, None)) is not None:
                yield first
                yield from frames
                return
    for found in shown(path, clip.stamps, rough=rough):
        if found.index == number and abs(found.time_s - begin_s) > SAME_TIME_S:
            break
        if found.index >= number:
            yield found


def _sought(path: Path, clip: Clip, begin_s: float, back_s: float, rough: bool) -> Iterator[Shown]:
    """Frames from the one at `begin_s` on, decoded from a key frame at least `back_s` before it; none where the
    container knows no such key frame, or no frame has the time stamp that this time stands for."""
    assert clip.first_pts is not None
    with opened(path, rough) as (container, stream):
        unit_s, show = time_base(stream), _Displays(stream)
        zero = clip.first_pts - round(clip.start_s / unit_s)
        begin = zero + round(begin_s / unit_s)
        try:
            container.seek(max(begin - int(back_s / unit_s), zero), stream=stream, backward=True)
        except av.FFmpegError:
            return
        last: int | None = None
        for packet in packets(container, stream):
            for frame in _frames(packet, Damage(), began=True):
                if frame.pts is None or frame.pts < begin or (last is not None and frame.pts <= last):
                    continue
                if last is None and (frame.pts != begin or frame.is_corrupt):
                    return
                last = frame.pts
                yield Shown(0, float((last - zero) * unit_s), last, frame, show(frame))


class _Displays:
    """How each frame is displayed: a stream may change the shape of its pixels on the way, as broadcasts do."""

    def __init__(self, stream: av.VideoStream) -> None:
        self._codec = stream.codec_context
        self._ratio, self._first = pixel_ratio(stream), self._codec.sample_aspect_ratio
        self._known: tuple[object, Display] | None = None

    def __call__(self, frame: av.VideoFrame) -> Display:
        now = self._codec.sample_aspect_ratio
        if self._first is None:
            self._first = now
        key = (now, frame.width, frame.height)
        if self._known is None or self._known[0] != key:
            self._known = (key, display_of(frame, Fraction(now) if now and now != self._first else self._ratio))
        return self._known[1]


def _frames(packet: av.Packet, damage: Damage, *, began: bool) -> list[av.VideoFrame]:
    """Decoded frames of a packet; a broken one is counted, and skipped."""
    frames = decoded(packet)
    damage.bad_packets += began and frames is None
    return frames or []


def _cropped(image: np.ndarray, crop: tuple[int, int, int, int], size: tuple[int, int]) -> np.ndarray:
    """The picture inside its bars; `crop` is in pixels of `size`, and the image may be smaller."""
    x, y, width, height = crop
    if (scale := image.shape[1] / size[0]) != 1.0:
        x, y, width, height = (round(scale * n) for n in crop)
    return image[y : y + max(height, 1), x : x + max(width, 1)]
