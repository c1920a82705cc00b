"""Rectified stereo video with truth: six clips, two lenses 63 mm apart looking the same way."""

import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from factory.geometry.lens import pinhole
from factory.synth import camera, sets
from factory.synth.scene import Scene, straight_walk, tumbling
from factory.synth.stereo import rig
from factory.synth.take import Clip, Film, Labels, Take
from factory.synth.take import Path as CameraPath

SIZE = (640, 360)
LENS = pinhole(0.7 * SIZE[0], SIZE)  # 71 degrees across, as stereo cameras have
SECONDS = 2.0


def _walker_in_room(rng: np.random.Generator) -> tuple[Scene, CameraPath]:
    """Hand-held sideways through a room, someone walks across."""
    scene = sets.room(rng, sets.walker(rng, straight_walk((-0.9, 0.6), (0.65, 0.0))))
    return scene, camera.handheld(rng, (-0.6, -1.7, 1.5), (0.30, 0.12, 0.0), (-0.1, 2.4, 1.1), (0.2, 0.0, 0.0))


def _towards_walker(rng: np.random.Generator) -> tuple[Scene, CameraPath]:
    """Hand-held forward, someone comes the other way."""
    scene = sets.room(rng, sets.walker(rng, straight_walk((0.5, 2.0), (-0.15, -0.55))))
    return scene, camera.handheld(rng, (-0.3, -2.3, 1.5), (0.05, 0.45, 0.0), (0.1, 2.5, 1.1), (0.0, 0.0, 0.0))


def _balloon(rng: np.random.Generator) -> tuple[Scene, CameraPath]:
    """Round a balloon that tumbles."""
    centre = (0.0, 0.3, 1.3)
    ball = sets.balloon(rng, (0.34, 0.32, 0.33), tumbling(centre, (0.18, 0.04, 0.08), 0.7, (20.0, 35.0, 70.0)))
    return sets.room(rng, ball), camera.orbit(rng, (-0.4, -1.1, 1.5), centre, 15.0)


def _courtyard(rng: np.random.Generator) -> tuple[Scene, CameraPath]:
    """Out of doors, someone walks by."""
    scene = sets.courtyard(rng, sets.walker(rng, straight_walk((1.4, 0.6), (-0.9, 0.1))))
    return scene, camera.orbit(rng, (1.5, -3.2, 1.6), (-0.2, 2.5, 1.2), -6.0)


def _tripod(rng: np.random.Generator) -> tuple[Scene, CameraPath]:
    """The camera stands still, two people walk."""
    first = sets.walker(rng, straight_walk((-1.1, 0.8), (0.7, 0.0)))
    second = sets.walker(rng, straight_walk((1.2, 1.5), (-0.5, 0.05)))
    return sets.room(rng, (*first, *second)), camera.tripod((0.3, -1.6, 1.5), (0.0, 2.4, 1.1))


def _still_life(rng: np.random.Generator) -> tuple[Scene, CameraPath]:
    """Nothing moves but the camera."""
    return sets.room(rng), camera.handheld(rng, (-0.7, -1.2, 1.5), (0.40, 0.05, 0.02), (0.2, 2.4, 1.0), (0.2, 0.0, 0.0))


MAKERS = {
    "stereo_walker": (_walker_in_room, Labels("moving", True)),
    "stereo_towards": (_towards_walker, Labels("moving", True)),
    "stereo_balloon": (_balloon, Labels("moving", True)),
    "stereo_courtyard": (_courtyard, Labels("moving", True)),
    "stereo_tripod": (_tripod, Labels("static", True)),
    "stereo_still_life": (_still_life, Labels("moving", False)),
}


def clips(seed: int, _photos: Sequence[Path] = ()) -> dict[str, Callable[[], Clip]]:
    """The clips by name, to be made when needed."""
    return {name: partial(_clip, name, seed) for name in MAKERS}


def _clip(name: str, seed: int) -> Clip:
    make, labels = MAKERS[name]
    scene, path = make(np.random.default_rng([seed, zlib.crc32(name.encode())]))
    take = Take(scene, path, lambda _time_s: LENS, Film())
    return Clip(name, (take,), labels, SIZE, seconds=SECONDS, left_from_right=rig())
