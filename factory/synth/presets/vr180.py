"""VR180 video with truth: four clips of two half-equirectangular eyes, two of them from rigs that are a little off."""

import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from factory.geometry.lens import equirect180
from factory.synth import camera, sets
from factory.synth.scene import Scene, straight_walk
from factory.synth.stereo import rig
from factory.synth.take import Clip, Labels, Take
from factory.synth.take import Path as CameraPath

SIZE = (512, 512)
SECONDS = 2.0
# The eyes of real VR180 rigs are turned against each other (Stereo4D, Jin et al., CVPR 2025, optimises that away); the
# amounts here, pitch, yaw and roll in degrees, are a guess.
MISROTATION_DEG = (0.5, -0.4, 0.8)


def _walker_in_room(rng: np.random.Generator) -> tuple[Scene, CameraPath]:
    """Hand-held sideways through a room, someone walks across."""
    scene = sets.room(rng, sets.walker(rng, straight_walk((-0.9, 0.3), (0.65, 0.0))))
    return scene, camera.handheld(rng, (-0.4, -1.2, 1.5), (0.25, 0.10, 0.0), (-0.1, 2.4, 1.4), (0.1, 0.0, 0.0))


def _courtyard(rng: np.random.Generator) -> tuple[Scene, CameraPath]:
    """Out of doors, someone walks by."""
    scene = sets.courtyard(rng, sets.walker(rng, straight_walk((1.4, 0.6), (-0.9, 0.1))))
    return scene, camera.handheld(rng, (0.5, -1.8, 1.6), (-0.3, 0.15, 0.0), (-0.2, 2.5, 1.5), (0.0, 0.0, 0.0))


MAKERS = {
    "vr180_room": (_walker_in_room, (0.0, 0.0, 0.0)),
    "vr180_courtyard": (_courtyard, (0.0, 0.0, 0.0)),
    "vr180_room_misrotated": (_walker_in_room, MISROTATION_DEG),
    "vr180_courtyard_misrotated": (_courtyard, tuple(-angle for angle in MISROTATION_DEG)),
}


def clips(seed: int, _photos: Sequence[Path] = ()) -> dict[str, Callable[[], Clip]]:
    """The clips by name, to be made when needed."""
    return {name: partial(_clip, name, seed) for name in MAKERS}


def _clip(name: str, seed: int) -> Clip:
    make, (pitch, yaw, roll) = MAKERS[name]
    scene, path = make(np.random.default_rng([seed, zlib.crc32(name.encode())]))
    lens = equirect180(SIZE)
    take = Take(scene, path, lambda _time_s: lens)
    tags: dict[str, str | float] = {"rig": "misrotated" if pitch or yaw or roll else "exact"}
    rigged = rig((pitch, yaw, roll))
    return Clip(name, (take,), Labels("moving", True), SIZE, seconds=SECONDS, tags=tags, left_from_right=rigged)
