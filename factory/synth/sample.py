"""The sample: six short clips of known truth, one for each way a video can suit or not suit pose estimation."""

import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from factory.geometry.lens import pinhole
from factory.synth import camera, sets
from factory.synth.produce import Order, produce
from factory.synth.scene import Scene, straight_walk, tumbling
from factory.synth.take import Clip, Labels, Take
from factory.synth.take import Path as CameraPath

SIZE = (640, 360)
FOCAL_PER_WIDTH = 0.85  # 61 degrees across: a phone's main camera


def good(rng: np.random.Generator) -> Clip:
    """Hand-held, about a metre to the right through a room, while someone walks across."""
    return Clip("good", (_good_take(rng),), Labels("moving", True))


def static_camera(rng: np.random.Generator) -> Clip:
    """On a tripod, someone walks across."""
    scene = sets.room(rng, sets.walker(rng, straight_walk((-1.1, 0.8), (0.7, 0.0))))
    path = camera.tripod((0.3, -1.6, 1.5), (0.0, 2.4, 1.1))
    return Clip("static_camera", (_take(scene, path),), Labels("static", True))


def pure_rotation(rng: np.random.Generator) -> Clip:
    """Panning about the optical centre, someone walks the same way."""
    path = camera.pan(rng, (0.0, -1.6, 1.5), (-0.7, 2.4, 1.2), 8.0)
    scene = sets.room(rng, sets.walker(rng, straight_walk((-0.8, 0.8), (0.75, 0.0))))
    return Clip("pure_rotation", (_take(scene, path),), Labels("rotating", True))


def shot_cut(rng: np.random.Generator) -> Clip:
    """Two shots in one file: a room, then a courtyard."""
    first = _good_take(rng)
    path = camera.orbit(rng, (1.5, -3.2, 1.6), (-0.2, 2.5, 1.2), -6.0)
    yard = sets.courtyard(rng, sets.walker(rng, straight_walk((1.4, 0.6), (-0.9, 0.1))))
    return Clip("shot_cut", (first, _take(yard, path)), Labels("moving", True, "shot cut"), seconds=2.0)


def graphics(_rng: np.random.Generator) -> Clip:
    """A drawn slide: no scene, no camera."""
    return Clip("graphics", (), Labels("none", False, "drawn"))


def fast_large_object(rng: np.random.Generator) -> Clip:
    """The camera circles a balloon that fills half the picture, jumps to and fro and spins."""
    centre = (0.0, 0.2, 1.3)
    path = camera.orbit(rng, (-0.35, -0.85, 1.45), centre, 18.0)
    ball = sets.balloon(rng, (0.40, 0.36, 0.38), tumbling(centre, (0.22, 0.03, 0.07), 0.9, (25.0, 40.0, 110.0)))
    return Clip("fast_large_object", (_take(sets.room(rng, ball), path),), Labels("moving", True))


CLIPS = {make.__name__: make for make in (good, static_camera, pure_rotation, shot_cut, graphics, fast_large_object)}


def clips(seed: int, _photos: Sequence[Path] = ()) -> dict[str, Callable[[], Clip]]:
    """The clips by name, to be made when needed: a clip does not depend on which others are made."""
    return {name: partial(_clip, name, seed) for name in CLIPS}


def _clip(name: str, seed: int) -> Clip:
    return CLIPS[name](np.random.default_rng([seed, zlib.crc32(name.encode())]))


def render_sample(
    folder: Path,
    *,
    size: tuple[int, int] | None = None,
    fps: int | None = None,
    seconds: float | None = None,
    only: Sequence[str] | None = None,
    seed: int = 0,
) -> list[Path]:
    """Renders the sample, or the clips `only` names, into `folder`, with its truth; see `produce`. Returns the videos'
    paths. seconds: of each shot, 3 by default, 2 where a clip has two."""
    return produce(folder, Order("sample", seed, size, fps, seconds), only)


def _good_take(rng: np.random.Generator) -> Take:
    start, velocity = (-0.75, -1.6, 1.45), (0.36, 0.10, 0.0)
    # Paths are drawn before places, so that they stay when a place is furnished anew.
    path = camera.handheld(rng, start, velocity, target=(-0.2, 2.4, 1.1), target_velocity_m_s=(0.25, 0.0, 0.0))
    return _take(sets.room(rng, sets.walker(rng, straight_walk((-1.0, 0.75), (0.62, -0.05)))), path)


def _take(scene: Scene, path: CameraPath) -> Take:
    lens = pinhole(FOCAL_PER_WIDTH * SIZE[0], SIZE)
    return Take(scene, path, lambda _time_s: lens)
