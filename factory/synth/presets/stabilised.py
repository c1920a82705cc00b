"""Video that a digital stabiliser has cropped: six clips of known kinds of motion, whose principal point moves.

The camera is a pinhole with another principal point in every frame. `film.crop_px` of any other take does the same.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from factory.synth.camera import shaken, tremor
from factory.synth.crop import drifting, following, walking
from factory.synth.presets.indoors import pan_room, room_walk, static_room
from factory.synth.presets.outdoors import street_walk, terrain_orbit
from factory.synth.take import Clip, Film, Labels, Shift, Take
from factory.synth.take import Path as CameraPath

SIZE = (640, 360)
SHAKE_DEG = 0.8  # of a hand that walks, which a stabiliser is there for; a guess

Make = Callable[[np.random.Generator, Sequence[Path]], Take]
Stabiliser = Callable[[np.random.Generator, CameraPath, float], Shift]  # path and focal length in pixels -> the window


def jitter(rng: np.random.Generator, _path: CameraPath, _focal_px: float) -> Shift:
    """A window that jumps about."""
    return walking(rng, 3.0, 20.0)


def drift(_rng: np.random.Generator, _path: CameraPath, _focal_px: float) -> Shift:
    """A window that glides."""
    return drifting(20.0)


def follow(_rng: np.random.Generator, path: CameraPath, focal_px: float) -> Shift:
    """A window that takes the shake out."""
    return following(path, focal_px, 24.0)


@dataclass(frozen=True)
class Entry:
    """A clip to be made."""

    make: Make
    stabiliser: Stabiliser
    camera: Literal["moving", "rotating", "static"] = "moving"
    shake_deg: float = 0.0


ENTRIES = {
    "room_jitter": Entry(partial(room_walk, distance_m=2.6), jitter),
    "room_follow": Entry(partial(room_walk, distance_m=2.6), follow, shake_deg=SHAKE_DEG),
    "street_drift": Entry(partial(street_walk, film=Film()), drift),
    "terrain_follow": Entry(terrain_orbit, follow, shake_deg=SHAKE_DEG),
    "pan_jitter": Entry(pan_room, jitter, "rotating"),
    "tripod_drift": Entry(static_room, drift, "static"),
}


def clips(seed: int, photos: Sequence[Path] = ()) -> dict[str, Callable[[], Clip]]:
    """The clips by name, to be made when needed. photos: picture files for walls."""
    return {name: partial(_clip, name, entry, seed, photos) for name, entry in ENTRIES.items()}


def _clip(name: str, entry: Entry, seed: int, photos: Sequence[Path]) -> Clip:
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    take = stabilised(rng, entry.make(rng, photos), entry.stabiliser, entry.shake_deg)
    return Clip(name, (take,), Labels(entry.camera, object_moves=True), SIZE)


def stabilised(rng: np.random.Generator, take: Take, stabiliser: Stabiliser, shake_deg: float = 0.0) -> Take:
    """The take with more shake of the hand, and a stabiliser behind it."""
    path = take.path
    if shake_deg:
        shake, steady = tremor(rng), path

        def path(times_s: np.ndarray) -> np.ndarray:
            return shaken(steady(times_s), shake_deg * shake(times_s))

    crop_px = stabiliser(rng, path, take.lens(0.0).focal_px)
    return replace(take, path=path, film=replace(take.film, crop_px=crop_px))
