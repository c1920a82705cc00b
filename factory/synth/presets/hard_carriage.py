"""Hard: the world is seen through a window of what the camera sits in."""

import numpy as np
from scipy.spatial.transform import Rotation

from factory.synth.camera import shaken, tremor
from factory.synth.mesh import Mesh, box, placed, quad
from factory.synth.presets.lenses import fixed
from factory.synth.scene import Body, one_thing, rigid
from factory.synth.sets.placing import corridor
from factory.synth.sets.street import street
from factory.synth.sets.things import Photos, wall_paint
from factory.synth.take import Take
from factory.synth.textures import Texture, cloth, enamel, picture, planks

SECONDS = 3.0


def carriage(rng: np.random.Generator, photos: Photos) -> Take:
    """From a seat in a carriage that rolls down a street, a window before the eyes, which turn: by most of the
    picture the camera turns, no more."""
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
