"""The filter's test: 200 short clips with labels, 89 suitable ones and those that a filter must turn away.

What DynPose-100K's filter is tested on is Panda-Test, 1000 videos of the web labelled by people (Rockwell et al., CVPR
2025); this is a stand-in that anybody can make. All unsuitable kinds of its criteria are there: what is not footage
(C1), what has no camera to estimate (C2), where camera or scene do not move (C3). Most of them are suitable takes with
one thing changed, so that nothing but the fault tells them apart. Only labels are true of these clips.

A video of several shots is so short that no shot is long enough for a clip when it is cut there: nothing of it reaches
the filter, which counts as rejected. A video counts as accepted when any clip of it is.

The filter's bounds were set with the clips whose names end in 00 and 01; judge it by the others.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from factory.geometry.lens import Lens, fisheye
from factory.synth.presets import edits
from factory.synth.presets import panda_alter as alter
from factory.synth.presets import panda_scenes as scenes
from factory.synth.presets import panda_screens as screens
from factory.synth.presets.indoors import (
    dolly_forward,
    room_carried,
    room_stops,
    room_walk,
    room_walk_near,
    table_arm,
    table_macro,
)
from factory.synth.presets.lenses import SIZE as DESIGNED
from factory.synth.presets.outdoors import (
    pond_swan,
    street_crowd,
    street_drive,
    street_walk,
    terrain_drone,
    terrain_orbit,
)
from factory.synth.presets.racing import race
from factory.synth.take import Clip, Edit, Film, Labels, Take

SIZE, FPS, SECONDS = (480, 270), 24, 2.1
Make = Callable[[np.random.Generator], Take]
YES, STILL, TURNS, EMPTY = (
    Labels("moving", True),
    Labels("static", True),
    Labels("rotating", True),
    Labels("moving", False),
)


def _take(make: Callable[..., Take], rng: np.random.Generator, **how: object) -> Take:
    """At the size of these clips."""
    take = make(rng, (), **how)
    return replace(take, lens=lambda time_s: take.lens(time_s).resized(DESIGNED, SIZE))


def _walk(rng: np.random.Generator) -> Take:
    return _take(street_walk, rng, film=Film(), distance_m=rng.uniform(3.6, 4.8))


def _room(rng: np.random.Generator) -> Take:
    return _take(room_walk, rng, distance_m=rng.uniform(2.2, 3.0))


def _dim(rng: np.random.Generator) -> Take:
    return alter.lit((_room if rng.random() < 0.5 else _walk)(rng), rng.uniform(0.1, 0.2), rng.uniform(3, 6))


SUITABLE: dict[str, tuple[int, Make]] = {
    "room_walk": (10, _room),
    "room_near": (5, partial(_take, room_walk_near)),
    "room_carried": (3, partial(_take, room_carried)),
    "room_stops": (3, partial(_take, room_stops)),
    "dim": (5, _dim),
    "dolly": (4, partial(_take, dolly_forward)),
    "table_macro": (4, partial(_take, table_macro)),
    "table_arm": (4, partial(_take, table_arm)),
    "yard_walk": (8, partial(_take, scenes.yard_walk)),
    "street_walk": (10, _walk),
    "street_crowd": (7, partial(_take, street_crowd)),
    "street_drive": (4, partial(_take, street_drive, seconds=2.4, speed_m_s=7.0)),
    "pond_swan": (5, partial(_take, pond_swan)),
    "drone": (2, partial(_take, terrain_drone)),
    "dog_orbit": (8, partial(_take, terrain_orbit)),
    "race_chase": (4, partial(_take, race, place="loft", behind_m=0.7)),
}
# What is filmed where the fault is not in the scene.
USUAL: tuple[Make, ...] = (
    _room,
    _walk,
    partial(_take, street_crowd),
    partial(_take, scenes.yard_walk),
    partial(_take, terrain_orbit),
)


def _usual(rng: np.random.Generator) -> Take:
    return USUAL[int(rng.integers(len(USUAL)))](rng)


@dataclass(frozen=True)
class Shown:
    """What a kind of clip shows. seconds: of each take."""

    takes: tuple[Take, ...]
    edit: Edit | None = None
    seconds: float = SECONDS


def _cut(rng: np.random.Generator) -> Shown:
    count = 2 if rng.random() < 0.7 else 3
    return Shown(tuple(_usual(rng) for _ in range(count)), seconds=SECONDS / count)


def _dissolve(rng: np.random.Generator) -> Shown:
    if rng.random() < 0.3:
        return Shown((_usual(rng), _usual(rng)), edits.through_black(0.4), SECONDS / 2)
    return Shown((_usual(rng), _usual(rng)), edits.dissolve(rng.uniform(0.3, 0.6)), 0.7 * SECONDS)


def _zoom(rng: np.random.Generator) -> Shown:
    ratio = rng.uniform(1.4, 2.4) ** rng.choice((-1, 1))
    take = _usual(rng)
    take = alter.on_tripod(take) if rng.random() < 0.5 else take
    return Shown((alter.growing(alter.through(take, _wider(take, ratio)), ratio, SECONDS),))


def _wider(take: Take, ratio: float) -> Callable[[float], Lens]:
    """Where the zoom ends at the usual focal length, it begins at a longer one."""
    first = take.lens(0.0)
    return lambda _time_s: replace(first, focal_px=first.focal_px * max(1.0, 1 / ratio))


def _digital(rng: np.random.Generator) -> Shown:
    if rng.random() < 0.4:
        return Shown((alter.on_tripod(_usual(rng)),), edits.zoomed(rng.uniform(1.3, 1.8)))
    zoom, shift = rng.permutation((1.0, rng.uniform(1.2, 1.6))), rng.uniform(-0.5, 0.5, 2)
    return Shown((_usual(rng),), edits.still_moved(10, tuple(zoom), tuple(shift)), SECONDS / 10)


def _freeze(rng: np.random.Generator) -> Shown:
    return Shown((_usual(rng),), edits.held_from(rng.uniform(0.2, 0.55)))


def _overlay(rng: np.random.Generator) -> Shown:
    titles = edits.titled(rng)
    boxed = edits.chained(titles, edits.letterboxed(0.2)) if rng.random() < 0.3 else titles
    return Shown((_usual(rng),), boxed)


def _cartoon(rng: np.random.Generator) -> Shown:
    return Shown((_usual(rng),), edits.cartoon(int(rng.integers(4, 8)), bool(rng.random() < 0.5)))


def _screen(rng: np.random.Generator) -> Shown:
    kind = int(rng.integers(4))
    if kind == 0:
        return Shown(())
    if kind == 1:
        return Shown((), screens.scrolling(rng))
    if kind == 2:
        return Shown((_usual(rng),), screens.windows(rng))
    return Shown((alter.on_tripod(_room(rng)),), screens.lecture(rng, SECONDS))


def _fisheye(rng: np.random.Generator) -> Shown:
    lens = fisheye(SIZE[0] / np.radians(rng.uniform(120, 180)), SIZE)
    bent = (lambda _time_s: lens) if rng.random() < 0.6 else alter.barrel(SIZE, 0.62, -rng.uniform(0.12, 0.165))
    return Shown((alter.through(_usual(rng), bent),))


def _static(rng: np.random.Generator) -> Shown:
    return Shown((alter.on_tripod(_usual(rng)),))


def _nothing_moves(rng: np.random.Generator) -> Shown:
    return Shown(((alter.emptied if rng.random() < 0.5 else alter.frozen)(_usual(rng)),))


def _pan(rng: np.random.Generator) -> Shown:
    rate = rng.uniform(5, 16) * rng.choice((-1, 1))
    return Shown((alter.turning(_usual(rng), rng, rate, rng.uniform(0.1, 0.5)),))


def _talking(rng: np.random.Generator) -> Shown:
    return Shown((_take(scenes.talking_head, rng, hand=bool(rng.random() < 0.5)),))


def _fills(rng: np.random.Generator) -> Shown:
    kinds = (scenes.balloon_near, scenes.bus_passes, scenes.cloth_held)
    return Shown((_take(kinds[int(rng.integers(3))], rng),))


def _in_car(rng: np.random.Generator) -> Shown:
    return Shown((_take(scenes.in_car, rng),))


def _whip(rng: np.random.Generator) -> Shown:
    turn = rng.uniform(60, 140) * rng.choice((-1, 1))
    return Shown((alter.whipped(_usual(rng), rng.uniform(0.6, 1.1), turn, rng.uniform(0.3, 0.5)),))


def _water(rng: np.random.Generator) -> Shown:
    return Shown((_take(scenes.open_water if rng.random() < 0.6 else scenes.over_pond, rng),))


def _lapse(rng: np.random.Generator) -> Shown:
    take = alter.on_tripod(alter.faster(_usual(rng), rng.uniform(3, 6)))
    return Shown((take,), edits.flickering(rng, rng.uniform(0.02, 0.12), rng.uniform(0.1, 0.5)))


def _split(rng: np.random.Generator) -> Shown:
    return Shown((_usual(rng), _usual(rng)), edits.side_by_side)


def _nothing_seen(rng: np.random.Generator) -> Shown:
    kind = int(rng.integers(3))
    if kind == 0:
        return Shown((alter.lit(_usual(rng), 0.001, 3.0),))
    if kind == 1:
        return Shown((_usual(rng),), edits.faded_to(rng.uniform(90, 200), 0.03))
    return Shown((), edits.noise_of(rng.integers(0, 1 << 30, 2).tolist(), rng.uniform(20, 70)))


def _defocused(rng: np.random.Generator) -> Shown:
    if rng.random() < 0.4:
        return Shown((_usual(rng),), edits.blurred(rng.uniform(0.02, 0.04)))
    near = _take(room_walk_near, rng)
    return Shown((near, alter.emptied(near)), edits.before_blur(rng.uniform(0.025, 0.045)))


# name: how many, how made, what is true of it
UNSUITED: dict[str, tuple[int, Callable[[np.random.Generator], Shown], Labels]] = {
    "cut": (6, _cut, replace(YES, flaw="shot cut")),
    "dissolve": (6, _dissolve, replace(YES, flaw="dissolve or fade")),
    "zoom": (6, _zoom, replace(YES, flaw="zoom")),
    "digital_zoom": (5, _digital, Labels("none", False, "digital zoom or still")),
    "freeze": (5, _freeze, replace(YES, flaw="freeze frame")),
    "overlay": (5, _overlay, replace(YES, flaw="titles laid over")),
    "cartoon": (6, _cartoon, replace(YES, flaw="drawn: cartoon")),
    "screen": (8, _screen, Labels("none", False, "screen recording")),
    "fisheye": (6, _fisheye, replace(YES, flaw="fisheye")),
    "static": (7, _static, STILL),
    "nothing_moves": (8, _nothing_moves, EMPTY),
    "pan": (7, _pan, TURNS),
    "talking": (4, _talking, replace(STILL, flaw="talking head")),
    "fills": (6, _fills, replace(YES, flaw="object fills the picture")),
    "in_car": (5, _in_car, replace(YES, flaw="view from inside a car")),
    "whip": (4, _whip, replace(YES, flaw="whip pan")),
    "water": (3, _water, replace(YES, flaw="water only")),
    "lapse": (4, _lapse, replace(STILL, flaw="time lapse")),
    "split": (3, _split, replace(YES, flaw="split screen")),
    "nothing_seen": (4, _nothing_seen, replace(YES, flaw="dark, flat or noise")),
    "defocused": (3, _defocused, replace(YES, flaw="background out of focus")),
}
BOXED = 3  # suitable takes between black bars, which ingest crops


def clips(seed: int, _photos: Sequence[Path] = ()) -> dict[str, Callable[[], Clip]]:
    """The clips by name, one of each kind after the other, so that the first hundred show every kind, too."""
    makers: dict[str, tuple[int, Callable[[np.random.Generator], Shown], Labels]] = {
        **{name: (count, partial(_plain, make), YES) for name, (count, make) in SUITABLE.items()},
        "boxed": (BOXED, lambda rng: Shown((_usual(rng),), edits.letterboxed(rng.uniform(0.05, 0.1))), YES),
        **UNSUITED,
    }
    order = sorted((number / count, name, number) for name, (count, *_) in makers.items() for number in range(count))
    return {f"{name}_{number:02d}": partial(_clip, f"{name}_{number:02d}", name, *makers[name][1:], seed)
            for _, name, number in order}  # fmt: skip


def _plain(make: Make, rng: np.random.Generator) -> Shown:
    return Shown((make(rng),))


def _clip(name: str, kind: str, make: Callable[[np.random.Generator], Shown], labels: Labels, seed: int) -> Clip:
    shown = make(np.random.default_rng([seed, zlib.crc32(name.encode())]))
    return Clip(name, shown.takes, labels, SIZE, FPS, shown.seconds, {"kind": kind}, labels_only=True, edit=shown.edit)
