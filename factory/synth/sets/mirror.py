"""A room with a mirror for a wall: no ray is reflected, but all that is in the room is there once more behind it."""

from dataclasses import replace

import numpy as np

from factory.synth.mesh import Mesh, merged, quad
from factory.synth.scene import Body, Lamp, Motion, Scene, Thing
from factory.synth.sets.flat import furnished
from factory.synth.sets.placing import Clear
from factory.synth.sets.things import Photos

PLANE_M = 3.0  # y of the mirror, the room's wall
FLIP = np.diag([1.0, -1.0, 1.0, 1.0])
FLIP[1, 3] = 2 * PLANE_M


def mirrored_room(rng: np.random.Generator, actors: tuple[Body, ...], clear: Clear, photos: Photos) -> Scene:
    """`furnished` of 6 x 6 m with a mirror of 5 x 2.2 m in its +y wall, which `clear` keeps furniture from."""
    room = furnished(rng, actors, clear, photos)
    wall, *rest = room.bodies
    inside = [body for body in rest if body.moves or body.at(0.0).vertices[:, 1].min() < PLANE_M - 0.1]
    left, right, low, high = -2.5, 2.5, 0.15, 2.35
    frame = merged(
        [
            quad((-3, PLANE_M, 0), (left + 3, 0, 0), (0, 0, 2.8)),
            quad((right, PLANE_M, 0), (3 - right, 0, 0), (0, 0, 2.8)),
            quad((left, PLANE_M, 0), (right - left, 0, 0), (0, 0, low)),
            quad((left, PLANE_M, high), (right - left, 0, 0), (0, 0, 2.8 - high)),
        ]
    )
    x, y, z = room.lamp_m
    # The wall hides the room's lamp from the room behind it, which has a weaker one of its own: mirrors swallow light.
    lamp = Lamp((x, 2 * PLANE_M - y, z), 0.5, 4.0)
    bodies = (replace(wall, mesh=frame), *inside, *(reflection(body) for body in inside))
    return Scene(bodies, room.lamp_m, lamps=(lamp,))


def reflection(body: Body) -> Body:
    """The body as the mirror shows it. What moves is called the reflection of what it is."""
    mesh, motion = _flipped(body.mesh), body.world_from_object
    thing = None if body.thing is None else Thing(f"reflection of a {body.thing.name}")
    return Body(mesh, body.texture, None if motion is None else _behind(motion), thing=thing)


def _behind(motion: Motion) -> Motion:
    return lambda time_s: FLIP @ motion(time_s) @ FLIP


def _flipped(mesh: Mesh) -> Mesh:
    vertices = mesh.vertices @ FLIP[:3, :3].T + FLIP[:3, 3]
    return replace(mesh, vertices=vertices, normals=mesh.normals @ FLIP[:3, :3])
