"""Makes the clips of a preset, each with its truth beside it, in as many processes as wanted. What is there stays."""

import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from time import perf_counter

from factory.errors import ConfigError
from factory.storage.local import write_atomic
from factory.synth.presets import PRESETS, TRUTHS
from factory.synth.readme import readme
from factory.synth.record import render_clip
from factory.synth.take import Clip, Take

SYNTH_VERSION = 1  # counts up with every change that changes pixels or truth: what older code made is made again


@dataclass(frozen=True)
class Order:
    """What is wanted of the clips of a preset; None: as the clip itself says. size: width and height, of one eye.
    seconds: of each take. photos: a folder of pictures to hang and paint on walls. truth: what is wanted of `depth`,
    `flow`, `instances`."""

    preset: str = "sample"
    seed: int = 0
    size: tuple[int, int] | None = None
    fps: int | None = None
    seconds: float | None = None
    photos: str | None = None
    truth: tuple[str, ...] = ()


@dataclass(frozen=True)
class Made:
    """A clip that lies in the folder; took_s is None where it lay there before."""

    name: str
    path: Path
    took_s: float | None


def produce(
    folder: Path,
    order: Order,
    only: Sequence[str] | None = None,
    workers: int = 1,
    report: Callable[[Made], None] = lambda _made: None,
) -> list[Path]:
    """Renders the clips of a preset, or those `only` names, into `folder`; returns the videos' paths.

    Beside each `<name>.mp4` comes its truth, which README.md there describes. The video is written last, so where it
    is, its truth is. A clip that is there, made by this version with equal arguments, is not made again; equal
    arguments give equal files. report is told of each clip as it is done.

    Raises ConfigError for an unknown name, an odd or impossible size, or without embreex.
    """
    names = check_order(order, only)
    write_atomic(folder / "README.md", readme(order.preset).encode())
    jobs = [(folder, name, order) for name in names]
    for made in _done(jobs, workers):
        report(made)
    return [folder / f"{name}.mp4" for name in names]


def check_order(order: Order, only: Sequence[str] | None) -> list[str]:
    """The names of the clips that are wanted. Raises ConfigError for what cannot be made."""
    names = list(clips_of(order))
    if unknown := [name for name in only or () if name not in names]:
        raise ConfigError(f"the preset {order.preset} has no clip '{unknown[0]}': choose from {', '.join(names)}.")
    if order.size and (order.size[0] % 2 or order.size[1] % 2):
        raise ConfigError(f"H.264 needs an even width and height, not {order.size[0]}x{order.size[1]}: make both even.")
    if wrong := [kind for kind in order.truth if kind not in TRUTHS]:
        raise ConfigError(f"there is no truth '{wrong[0]}': take of {', '.join(TRUTHS)}.")
    return names if only is None else list(only)


def clips_of(order: Order) -> dict[str, Callable[[], Clip]]:
    """The preset's clips by name. Raises ConfigError for an unknown preset."""
    if order.preset not in PRESETS:
        raise ConfigError(f"there is no preset '{order.preset}': take one of {', '.join(PRESETS)}.")
    return import_module(PRESETS[order.preset]).clips(order.seed, _pictures(order.photos) if order.photos else ())


def _pictures(folder: str) -> list[Path]:
    """The picture files of a folder, by name. Raises ConfigError where there is none."""
    found = sorted(path for path in Path(folder).glob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not found:
        raise ConfigError(f"there is no picture (.jpg, .png) in {folder}: give a folder that has some, or no --photos.")
    return found


def ordered_clip(order: Order, name: str) -> Clip:
    """The clip with the order's size, rate and length. Raises ConfigError where its lens does not fit the size."""
    clip = clips_of(order)[name]()
    size = order.size or clip.size
    try:
        takes = tuple(_resized(take, clip.size, size) for take in clip.takes)
    except ValueError as error:
        raise ConfigError(f"{name} cannot be filmed at {size[0]}x{size[1]} ({error}): take another size.") from error
    return replace(clip, takes=takes, size=size, fps=order.fps or clip.fps, seconds=order.seconds or clip.seconds)


def _resized(take: Take, size: tuple[int, int], new: tuple[int, int]) -> Take:
    if size == new:
        return take
    take.lens(0.0).resized(size, new)  # says now what does not fit
    scale = new[0] / size[0]

    def crop_px(time_s: float) -> tuple[float, float]:
        right_px, down_px = take.film.crop_px(time_s)
        return scale * right_px, scale * down_px

    film = replace(take.film, crop_px=crop_px)
    return replace(take, lens=lambda time_s: take.lens(time_s).resized(size, new), film=film)


def _done(jobs: Sequence[tuple[Path, str, Order]], workers: int) -> Iterator[Made]:
    if workers == 1 or len(jobs) < 2:
        yield from map(_make, jobs)
        return
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_make, jobs)


def _make(job: tuple[Path, str, Order]) -> Made:
    folder, name, order = job
    path = folder / f"{name}.mp4"
    made_with = {**json.loads(json.dumps(asdict(order))), "synth_version": SYNTH_VERSION}
    if path.exists() and _serves(_made_with(path), made_with):
        return Made(name, path, None)
    begin = perf_counter()
    path.unlink(missing_ok=True)
    render_clip(folder, ordered_clip(order, name), order.seed, order.truth, made_with)
    return Made(name, path, perf_counter() - begin)


def _made_with(video: Path) -> dict | None:
    """What the truth beside a video says of its making; None where it says nothing, as of other programs' videos, or
    tells no objects, as older descriptions."""
    try:
        told = json.loads(video.with_suffix(".json").read_text())
    except (OSError, ValueError):
        return None
    return told.get("made_with") if "objects" in told else None


def _serves(there: dict | None, wanted: dict) -> bool:
    """Whether a clip made with `there` is the one wanted; more truth than wanted does no harm."""
    return (
        there is not None
        and {**there, "truth": []} == {**wanted, "truth": []}
        and set(wanted["truth"]) <= set(there["truth"])
    )
