"""The benchmark of camera pose: 36 sequences, 640 x 360, each of a class of video that pose estimation meets or fears.

Fast toy cars in first and third person, by day and by night, are what the Lightspeed benchmark of DynPose-100K is made
of (Rockwell et al., CVPR 2025). The others: things that move fill the picture, travel with the camera, are water or a
crowd; driving at 10 Hz; bare walls; the dark; zoom. Another seed gives other worlds and paths of the same classes.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from factory.synth.presets.indoors import (
    dolly_forward,
    pan_room,
    plain_parcel,
    plain_walk,
    room_balloon,
    room_carried,
    room_dim,
    room_stops,
    room_walk,
    room_walk_near,
    static_room,
    table_arm,
    table_macro,
    zoom_walk,
)
from factory.synth.presets.outdoors import (
    pan_street,
    pond_swan,
    street_crowd,
    street_drive,
    street_stop_and_go,
    street_walk,
    terrain_drone,
    terrain_orbit,
)
from factory.synth.presets.racing import DIM, race
from factory.synth.take import Clip, Film, Labels, Take

Make = Callable[[np.random.Generator, Sequence[Path]], Take]
Camera = Literal["moving", "rotating", "static"]
EXPECT: dict[Camera, str] = {"moving": "pose", "rotating": "rotation", "static": "still"}


def darkening(time_s: float) -> float:
    """An exposure that falls to a third within a second and a half, as when a window comes into view."""
    return float(3 ** -np.clip((time_s - 0.5) / 1.5, 0, 1))


@dataclass(frozen=True)
class Entry:
    """A sequence to be made, and its tags. share: of the pixels that move, roughly."""

    make: Make
    scene: str
    moves: str
    share: float
    path: str
    light: str = "day"
    texture: str = "rich"
    special: str = "none"
    camera: Camera = "moving"
    fps: int = 24
    seconds: float = 3.0


FIRST, THIRD, HAND = "first person", "third person", "hand-held"
ROLLING, RAMP = Film(readout_s=0.02), Film(exposure=darkening)

ENTRIES: dict[str, Entry] = {
    "race_first_day": Entry(partial(race, place="loft", rivals=((0.75, 0.1),)), "loft", "car", 0.05, FIRST),
    "race_first_fast": Entry(
        partial(race, place="loft", rivals=((0.45, -0.05),), speed_m_s=4.2), "loft", "car", 0.2, FIRST
    ),
    "race_first_barrel": Entry(
        partial(race, place="yard", rivals=((0.7, -0.12),), k1=-0.08), "yard", "car", 0.05, FIRST, special="k1 -0.08"
    ),
    "race_first_night": Entry(
        partial(race, place="loft", rivals=((0.7, 0.1),), night=True), "loft", "car", 0.05, FIRST, "night"
    ),
    "race_first_dim": Entry(
        partial(race, place="loft", rivals=((0.7, 0.0),), speed_m_s=2.4, film=DIM),
        "loft",
        "car",
        0.05,
        FIRST,
        "dim",
        special="motion blur, noise",
    ),
    "race_third_day": Entry(partial(race, place="loft", behind_m=0.7), "loft", "car", 0.1, THIRD),
    "race_third_close": Entry(
        partial(race, place="loft", behind_m=0.62, aim_m=0.0, toy_m=0.62, speed_m_s=2.6), "loft", "car", 0.4, THIRD
    ),
    "race_third_night": Entry(
        partial(race, place="loft", behind_m=0.6, night=True), "loft", "car", 0.15, THIRD, "night"
    ),
    "race_third_headlight": Entry(
        partial(race, place="yard", behind_m=0.7, night=True), "yard", "car", 0.1, THIRD, "night"
    ),
    "race_duel": Entry(
        partial(race, place="yard", behind_m=0.62, rivals=((0.1, 0.32),)), "yard", "two cars", 0.25, THIRD
    ),
    "room_walk": Entry(partial(room_walk, distance_m=2.6), "room", "walker", 0.1, HAND),
    "room_walk_near": Entry(room_walk_near, "room", "walker", 0.35, HAND),
    "room_balloon": Entry(room_balloon, "room", "balloon", 0.6, HAND),
    "room_carried": Entry(room_carried, "room", "held box", 0.27, HAND),
    "room_stops": Entry(room_stops, "room", "walker stops", 0.1, HAND),
    "room_dim": Entry(room_dim, "room", "walker", 0.1, HAND, "dim", special="motion blur, noise"),
    "plain_walk": Entry(plain_walk, "room", "walker", 0.1, HAND, texture="plain"),
    "plain_parcel": Entry(plain_parcel, "room", "flying box", 0.1, HAND, texture="plain"),
    "street_drive_noon": Entry(
        partial(street_drive, seconds=3.0, speed_m_s=7.5), "street", "two cars", 0.05, "driving, turn"
    ),
    "street_drive_10hz": Entry(
        partial(street_drive, seconds=4.8, speed_m_s=8.0),
        "street",
        "two cars",
        0.05,
        "driving, turn",
        special="10 Hz",
        fps=10,
        seconds=4.8,
    ),
    "street_stop_and_go": Entry(street_stop_and_go, "street", "car", 0.2, "driving, stop and go"),
    "street_crowd": Entry(street_crowd, "street", "crowd", 0.15, HAND),
    "street_shutter": Entry(
        partial(street_walk, film=ROLLING), "street", "walker", 0.05, HAND, special="rolling shutter 20 ms"
    ),
    "street_exposure": Entry(partial(street_walk, film=RAMP), "street", "walker", 0.05, HAND, special="exposure ramp"),
    "pond_swan": Entry(pond_swan, "pond", "swan, water", 0.5, "pan and walk"),
    "terrain_drone": Entry(terrain_drone, "hills", "dog", 0.01, "drone"),
    "terrain_orbit": Entry(terrain_orbit, "hills", "dog", 0.05, "orbit"),
    "table_macro": Entry(table_macro, "table", "arm", 0.3, "dolly, 0.4-1 m"),
    "table_arm": Entry(table_arm, "table", "arm", 0.4, "hand-held, 0.4-1 m", special="k1 0.05"),
    "zoom_weak": Entry(partial(zoom_walk, ratio=1.15), "room", "walker", 0.1, HAND, special="zoom 1.15"),
    "zoom_medium": Entry(
        partial(street_walk, film=Film(), ratio=1.5), "street", "walker", 0.05, HAND, special="zoom 1.5"
    ),
    "zoom_strong": Entry(partial(terrain_orbit, ratio=2.2), "hills", "dog", 0.05, "orbit", special="zoom 2.2"),
    "dolly_forward": Entry(dolly_forward, "room", "walker", 0.05, "dolly forward"),
    "pan_room": Entry(pan_room, "room", "walker", 0.1, "pan", camera="rotating"),
    "pan_street": Entry(pan_street, "street", "car", 0.1, "pan", camera="rotating"),
    "static_room": Entry(static_room, "room", "walker", 0.1, "tripod", camera="static"),
}


def clips(seed: int, photos: Sequence[Path] = ()) -> dict[str, Callable[[], Clip]]:
    """The sequences by name, in a fixed order; worlds are built when called. photos: picture files for walls."""
    return {name: partial(_clip, name, entry, seed, photos) for name, entry in ENTRIES.items()}


def _clip(name: str, entry: Entry, seed: int, photos: Sequence[Path]) -> Clip:
    take = entry.make(np.random.default_rng([seed, zlib.crc32(name.encode())]), photos)
    tags: dict[str, str | float] = {
        "scene": entry.scene,
        "camera": entry.path,
        "object": entry.moves,
        "share": entry.share,
        "light": entry.light,
        "texture": entry.texture,
        "special": entry.special,
        "expect": EXPECT[entry.camera],
    }
    labels = Labels(entry.camera, object_moves=True)
    return Clip(name, (take,), labels, fps=entry.fps, seconds=entry.seconds, tags=tags)
