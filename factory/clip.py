"""Clips, the records stages pass on, stable ids and the sampling of frames in time."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypeVar


@dataclass(frozen=True)
class Clip:
    """A span of one source inside one shot: the unit of work.

    Times are seconds from the source's first video frame. `width` and `height` are pixels as displayed (square, turned
    as the container asks) after `crop`. `crop` is (x, y, width, height) in displayed pixels before cropping: the
    picture without its black bars. `first_pts` is the time stamp of the first frame in the stream's own units, by which
    it is found again; None where it is found by its number alone. `stamps`: what the times come from, see
    `video.clock`.
    """

    clip_id: str
    source: str
    start_s: float
    end_s: float
    width: int
    height: int
    fps: float
    first_frame: int
    frame_count: int
    crop: tuple[int, int, int, int] | None = None
    first_pts: int | None = None
    stamps: Literal["pts", "dts", "frames"] = "pts"

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class ClipRecord:
    """One clip and what the stages before have given, by name. Records are never changed: `give` makes a new one."""

    clip: Clip
    values: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """The value `name`; KeyError when no stage before gave it (composition checks this before a run)."""
        return self.values[name]

    def give(self, **values: Any) -> "ClipRecord":
        return replace(self, values={**self.values, **values})


def stable_id(*parts: str | int | float) -> str:
    """A 20-digit hexadecimal id of the parts: equal parts give the same id on every machine, for ever.

    Floats enter with six decimals, so that ids of spans do not hang on the last bit of a time.
    """
    text = "\x1f".join(f"{part:.6f}" if isinstance(part, float) else str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


class Timed(Protocol):
    @property
    def time_s(self) -> float: ...


T = TypeVar("T", bound=Timed)


def sampling(
    frames: Iterable[T], fps: float, native_fps: float, most_fps: float = float("inf")
) -> Iterator[tuple[T, bool]]:
    """Frames in time order, each with whether it is one of those nearest to a grid of `fps` that starts at the first.
    Others that follow the frame before more closely than `most_fps` allows are left out.

    Of a source slower than `fps` all are; none ever counts twice. Uneven frame times are honoured: the grid is in
    seconds, and half a native interval of slack makes the choice the nearest frame, not the next one.
    """
    slack = min(0.5 * fps / native_fps, 0.5) if native_fps > 0 else 0.0
    start_s: float | None = None
    last_s, due = -float("inf"), 0
    for frame in frames:
        start_s = frame.time_s if start_s is None else start_s
        position = (frame.time_s - start_s) * fps + slack + 1e-6
        on_grid = position >= due
        if not on_grid and frame.time_s - last_s < 1 / most_fps:
            continue
        last_s = frame.time_s
        yield frame, on_grid
        if on_grid:
            due = int(position) + 1


def sampled(frames: Iterable[T], fps: float, native_fps: float) -> Iterator[T]:
    """Only those on the grid; see `sampling`."""
    return (frame for frame, on_grid in sampling(frames, fps, native_fps) if on_grid)
