"""Scenes where what moves can pass for the world: by the picture alone some of them have two answers, and only what is
seen past the mover tells the world from it. A solver answers in the world or not at all.

Each scene says what misleads. Their share of the picture that stands still is small, but enough for a solver that knows
what moves.
"""

import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from factory.synth.presets.hard_carriage import carriage
from factory.synth.presets.hard_held import carried, frame, grille, tray, two_boxes
from factory.synth.presets.hard_near import creeping, mirror, person, shadow, turntable
from factory.synth.presets.hard_passing import door, escort, starting, steady, stopping, train, two_trains
from factory.synth.take import Clip, Labels, Take

Make = Callable[[np.random.Generator, Sequence[Path]], Take]

ENTRIES: dict[str, Make] = {
    "hard_carried": carried,
    "hard_train": partial(train, way=steady(1.4), low_m=0.75, high_m=4.0, length_m=14.0),
    "hard_train_slow": partial(train, way=steady(0.3), low_m=0.6, high_m=2.3, length_m=5.0),
    "hard_slow": creeping,
    "hard_carriage": carriage,
    "hard_tray": tray,
    "hard_frame": frame,
    "hard_two_boxes": two_boxes,
    "hard_grille": grille,
    "hard_train_fast": partial(train, way=steady(2.6), low_m=0.0, high_m=1.9, length_m=16.0),
    "hard_train_starts": partial(train, way=starting(1.0, 1.2), low_m=0.75, high_m=4.0, length_m=14.0),
    "hard_train_stops": partial(train, way=stopping(0.8, 1.3), low_m=0.0, high_m=1.95, length_m=12.0),
    "hard_two_trains": two_trains,
    "hard_escort": escort,
    "hard_door": partial(door, way=stopping(0.12, 1.4)),
    "hard_person": person,
    "hard_shadow": shadow,
    "hard_turntable": turntable,
    "hard_mirror": mirror,
}


def clips(seed: int, photos: Sequence[Path] = ()) -> dict[str, Callable[[], Clip]]:
    """The clips by name, to be made when needed. photos: picture files for walls."""
    return {name: partial(_clip, name, make, seed, photos) for name, make in ENTRIES.items()}


def _clip(name: str, make: Make, seed: int, photos: Sequence[Path]) -> Clip:
    take = make(np.random.default_rng([seed, zlib.crc32(name.encode())]), photos)
    tags: dict[str, str | float] = {"expect": "pose"}
    return Clip(name, (take,), Labels("moving", object_moves=True), tags=tags)
