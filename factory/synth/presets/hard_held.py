"""Hard: what is held before the camera goes where the camera goes, and holds the picture's borders."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from factory.synth.camera import handheld
from factory.synth.mesh import Mesh, box, merged, placed
from factory.synth.presets.lenses import fixed
from factory.synth.scene import Body, Motion, Thing, held, rigid
from factory.synth.sets.actors import HELD_BOX
from factory.synth.sets.flat import furnished
from factory.synth.sets.placing import corridor
from factory.synth.sets.things import Photos
from factory.synth.take import Path, Take
from factory.synth.textures import Texture, picture

SECONDS = 3.0


def carried(rng: np.random.Generator, photos: Photos) -> Take:
    """A printed box held before the camera hides the left, right and upper border: 4/5 of the picture."""
    path = _walk(rng, 0.5)
    hand = _hand(rng.uniform(0, 6), (0.0, -0.16, 0.6))
    held_box = (Body(box((1.2, 0.52, 0.1)), _print(rng), held(path, hand), thing=Thing(HELD_BOX)),)
    return _in_room(rng, path, held_box, photos)


def tray(rng: np.random.Generator, photos: Photos) -> Take:
    """A printed board held low hides the left, right and lower border, the floor with them: 2/3 of the picture. What is
    left of the world is a strip of far wall, which shows less parallax than the board's sway."""
    path = _walk(rng, 0.45)
    hand = _hand(rng.uniform(0, 6), (0.0, 0.2, 0.6), (0.04, 0.01, 0.03), (8.0, 3.0))
    board = Body(box((1.4, 0.52, 0.06)), _print(rng), held(path, hand), thing=Thing("printed board held low"))
    return _in_room(rng, path, (board,), photos)


def frame(rng: np.random.Generator, photos: Photos) -> Take:
    """A printed frame held before the camera hides all four borders, 3/4 of the picture: the world is what is seen
    through it, as through a window, and nothing at the border speaks for it."""
    path = _walk(rng, 0.5)
    hand = _hand(rng.uniform(0, 6), (0.0, 0.0, 0.5), (0.025, 0.012, 0.03), (6.0, 4.0))
    wide, high, hole = 1.0, 0.6, (0.31, 0.18)
    side, beam = (wide - hole[0]) / 2, (high - hole[1]) / 2
    parts = [placed(box((side, high, 0.03)), rigid((s * (wide - side) / 2, 0, 0))) for s in (-1, 1)]
    parts += [placed(box((hole[0], beam, 0.03)), rigid((0, s * (high - beam) / 2, 0))) for s in (-1, 1)]
    body = Body(merged(parts), _print(rng), held(path, hand), thing=Thing("printed frame held before the camera"))
    return _in_room(rng, path, (body,), photos)


def two_boxes(rng: np.random.Generator, photos: Photos) -> Take:
    """A printed box in either hand, each with a sway of its own, hide the left and the right third: two bodies that
    move, either with as many corners as the world between them."""
    path = _walk(rng, 0.5)
    bodies = []
    for side, name in ((-1, "printed box held on the left"), (1, "printed box held on the right")):
        hand = _hand(rng.uniform(0, 6), (side * 0.37, 0.0, 0.6), (0.02, 0.015, 0.04), (8.0, 6.0))
        bodies.append(Body(box((0.5, 0.62, 0.12)), _print(rng), held(path, hand), thing=Thing(name)))
    return _in_room(rng, path, tuple(bodies), photos)


def grille(rng: np.random.Generator, photos: Photos) -> Take:
    """A grille carried before the camera sways and glides aside; the far room is seen between its bars. Two layers over
    the whole picture, the near one larger; tracks of the far one end where a bar passes."""
    path, side = _walk(rng, 0.5), rng.choice((-1.0, 1.0))
    sway = _hand(rng.uniform(0, 6), (-side * 0.12, 0.0, 0.5), (0.02, 0.015, 0.02), (4.0, 3.0))

    def hand(time_s: float) -> np.ndarray:
        return rigid((side * 0.08 * time_s, 0.0, 0.0)) @ sway(time_s)

    body = Body(_bars(1.3, 0.8, 0.086, 0.031), _print(rng), held(path, hand), thing=Thing("printed grille"))
    return _in_room(rng, path, (body,), photos)


def _walk(rng: np.random.Generator, speed_m_s: float) -> Path:
    """Sideways through a room, eyes on its far wall."""
    side = rng.choice((-1.0, 1.0))
    start, velocity = (-side * 0.8, -2.1, 1.5), (side * speed_m_s, 0.1, 0.0)
    return handheld(rng, start, velocity, (0.1, 2.0, 0.4), (side * 0.1, 0.0, 0.0))


def _hand(
    phase: float,
    at_m: Sequence[float],
    sway_m: Sequence[float] = (0.03, 0.012, 0.03),
    turn_deg: Sequence[float] = (7.0, 4.0),
) -> Motion:
    """Where a hand holds something in the camera's frame: about `at_m`, turning about the vertical and sideways."""

    def motion(time_s: float) -> np.ndarray:
        sway = np.array(
            [
                sway_m[0] * np.sin(2.1 * time_s + phase),
                sway_m[1] * np.sin(3.3 * time_s),
                sway_m[2] * np.sin(2.7 * time_s),
            ]
        )
        angles_deg = [turn_deg[0] * np.sin(2.4 * time_s + phase), turn_deg[1] * np.sin(1.7 * time_s)]
        return rigid(np.array(at_m) + sway, Rotation.from_euler("yx", angles_deg, degrees=True))

    return motion


def _bars(width_m: float, height_m: float, pitch_m: float, bar_m: float) -> Mesh:
    """Crossed bars, in the plane of x and y about the origin."""
    xs = np.arange(-width_m / 2, width_m / 2, pitch_m)
    ys = np.arange(-height_m / 2, height_m / 2, pitch_m)
    bars = [placed(box((bar_m, height_m, 0.01)), rigid((x, 0, 0))) for x in xs]
    return merged(bars + [placed(box((width_m, bar_m, 0.01)), rigid((0, y, 0.012))) for y in ys])


def _print(rng: np.random.Generator) -> Texture:
    return picture(rng, 0.5, 0.4, 700)


def _in_room(rng: np.random.Generator, path: Path, bodies: tuple[Body, ...], photos: Photos) -> Take:
    return Take(furnished(rng, bodies, corridor(path, SECONDS, (), 1.0), photos), path, fixed(0.85))
