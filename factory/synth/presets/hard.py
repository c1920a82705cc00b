"""Five scenes where what moves can pass for the world: a carriage from inside, a box held before the camera, trains.

By the picture alone some of them have two answers; only what is seen past the mover tells the world from it. A solver
answers in the world or not at all.
"""

import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from factory.synth.camera import handheld, shaken, tremor
from factory.synth.mesh import Mesh, box, placed, quad
from factory.synth.presets.lenses import fixed
from factory.synth.scene import Body, Thing, held, one_thing, rigid
from factory.synth.sets.actors import HELD_BOX
from factory.synth.sets.flat import furnished
from factory.synth.sets.placing import corridor
from factory.synth.sets.street import street
from factory.synth.sets.things import Photos, wall_paint
from factory.synth.take import Clip, Labels, Take
from factory.synth.textures import Texture, cloth, enamel, picture, planks

SECONDS = 3.0
Make = Callable[[np.random.Generator, Sequence[Path]], Take]


def carried(rng: np.random.Generator, photos: Photos) -> Take:
    """A printed box held before the camera hides the left, right and upper border: 4/5 of the picture."""
    side = rng.choice((-1.0, 1.0))
    path = handheld(rng, (-side * 0.8, -2.1, 1.5), (side * 0.5, 0.1, 0.0), (0.1, 2.0, 0.4), (side * 0.1, 0.0, 0.0))
    phase = rng.uniform(0, 6)

    def hand(time_s: float) -> np.ndarray:
        sway = np.array(
            [0.03 * np.sin(2.1 * time_s + phase), 0.012 * np.sin(3.3 * time_s), 0.03 * np.sin(2.7 * time_s)]
        )
        turn = Rotation.from_euler("yx", [7 * np.sin(2.4 * time_s + phase), 4 * np.sin(1.7 * time_s)], degrees=True)
        return rigid(np.array([0.0, -0.16, 0.6]) + sway, turn)

    print_ = picture(rng, 0.5, 0.4, 700)
    held_box = (Body(box((1.2, 0.52, 0.1)), print_, held(path, hand), thing=Thing(HELD_BOX)),)
    scene = furnished(rng, held_box, corridor(path, SECONDS, (), 1.0), photos)
    return Take(scene, path, fixed(0.85))


def train(
    rng: np.random.Generator, photos: Photos, speed_m_s: float, low_m: float, high_m: float, length_m: float
) -> Take:
    """A printed wagon passes on the other side of the street while the camera walks along it."""
    side = rng.choice((-1.0, 1.0))
    x = rng.uniform(4.0, 10.0)
    path = handheld(rng, (x, -3.0, 1.55), (0.5 * side, 0.1, 0.0), (x + 0.6 * side, 6.0, 1.1), (0.5 * side, 0.0, 0.0))
    wagon = picture(rng, length_m, 2 * (high_m - low_m), 90)
    start = np.array([x - side * speed_m_s * SECONDS / 2, 1.2, (low_m + high_m) / 2])

    def rolling(time_s: float) -> np.ndarray:
        return rigid(start + np.array([side * speed_m_s * time_s, 0.0, 0.0]))

    body = Body(box((length_m, 1.6, high_m - low_m)), wagon, rolling, thing=Thing("printed wagon that passes"))
    clear = np.stack(np.meshgrid(np.linspace(x - 4, x + 4, 9), np.linspace(-4, 2, 7)), -1).reshape(-1, 2)
    return Take(street(rng, (body,), clear, photos), path, fixed(0.85))


def creeping(rng: np.random.Generator, photos: Photos) -> Take:
    """A crate creeps over the floor at 5 cm a second."""
    side = rng.choice((-1.0, 1.0))
    path = handheld(rng, (-side * 0.7, -2.2, 1.5), (side * 0.4, 0.1, 0.0), (0.0, 1.5, 0.8), (side * 0.1, 0.0, 0.0))

    def motion(time_s: float) -> np.ndarray:
        return rigid((side * (0.05 * time_s - 0.3), 0.1, 0.5))

    wood = planks(rng, 4, 3, wall_paint(rng, 120), 200)
    crates = (Body(box((1.1, 0.8, 1.0)), wood, motion, thing=Thing("wooden crate that creeps over the floor")),)
    clear = np.concatenate([corridor(path, SECONDS, (), 1.0), np.array([[0.0, 0.1], [-0.6, 0.1], [0.6, 0.1]])])
    return Take(furnished(rng, crates, clear, photos), path, fixed(0.85))


def carriage(rng: np.random.Generator, photos: Photos) -> Take:
    """From a seat in a carriage that rolls down a street, a window before the eyes, which turn."""
    x, speed_m_s = rng.uniform(2.0, 6.0), 0.3
    shake = tremor(rng)
    seat = rigid((x, -2.0, 1.6))

    def rolling(time_s: float) -> np.ndarray:
        return seat @ rigid((speed_m_s * time_s, 0.0, 0.0))

    def path(times_s: np.ndarray) -> np.ndarray:
        looking = Rotation.from_euler("x", -90, degrees=True).as_matrix()  # z along +y of the carriage, y down
        poses = np.stack([rolling(float(t)) for t in times_s])
        poses[:, :3, :3] = poses[:, :3, :3] @ looking
        turn = np.outer(np.asarray(times_s) - SECONDS / 2, (0.0, 6.0, 0.0))
        return shaken(poses, turn + 0.3 * shake(times_s))

    cabin = one_thing("inside of the carriage", (Body(m, t, rolling) for m, t in _cabin(rng)))
    scene = street(rng, cabin, corridor(path, SECONDS), photos)
    return Take(scene, path, fixed(0.7))


def _cabin(rng: np.random.Generator) -> list[tuple[Mesh, Texture]]:
    """The inside of a carriage about the seat: a wall with a window a metre away, side walls, seats, floor, ceiling."""
    wall, seats = enamel(rng, 4, 3, wall_paint(rng, 150), 300), cloth(rng, 3, 1, wall_paint(rng, 100))
    print_, floor = picture(rng, 3, 2, 200), planks(rng, 4, 3, wall_paint(rng, 110), 300)
    left, right, low, high, y = -0.35, 0.4, -0.12, 0.28, 1.0  # the window
    return [
        (quad((-1.6, y, -1.2), (left + 1.6, 0, 0), (0, 0, 2.4)), wall),
        (quad((right, y, -1.2), (1.6 - right, 0, 0), (0, 0, 2.4)), print_),
        (quad((left, y, -1.2), (right - left, 0, 0), (0, 0, low + 1.2)), seats),
        (quad((left, y, high), (right - left, 0, 0), (0, 0, 1.2 - high)), print_),
        (quad((-1.6, -1, -1.2), (0, y + 1, 0), (0, 0, 2.4)), print_),
        (quad((1.6, y, -1.2), (0, -1 - y, 0), (0, 0, 2.4)), wall),
        (quad((-1.6, -1, -1.2), (3.2, 0, 0), (0, y + 1, 0)), floor),
        (quad((-1.6, y, 1.2), (3.2, 0, 0), (0, -1 - y, 0)), wall),
        (placed(box((2.6, 0.35, 0.5)), rigid((0.0, 0.8, -0.95))), seats),
    ]


ENTRIES: dict[str, Make] = {
    "hard_carried": carried,
    "hard_train": partial(train, speed_m_s=1.4, low_m=0.75, high_m=4.0, length_m=14.0),
    "hard_train_slow": partial(train, speed_m_s=0.3, low_m=0.6, high_m=2.3, length_m=5.0),
    "hard_slow": creeping,
    "hard_carriage": carriage,
}


def clips(seed: int, photos: Sequence[Path] = ()) -> dict[str, Callable[[], Clip]]:
    """The clips by name, to be made when needed. photos: picture files for walls."""
    return {name: partial(_clip, name, make, seed, photos) for name, make in ENTRIES.items()}


def _clip(name: str, make: Make, seed: int, photos: Sequence[Path]) -> Clip:
    take = make(np.random.default_rng([seed, zlib.crc32(name.encode())]), photos)
    tags: dict[str, str | float] = {"expect": "pose"}
    return Clip(name, (take,), Labels("moving", object_moves=True), tags=tags)
