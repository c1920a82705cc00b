"""Scenes in which a camera's motion cannot be told, whatever the lens: a car's interior, a face, a thing that hides
all, water; and a yard, in which it can."""

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from factory.synth.camera import handheld, moving, orbit, tripod, watching
from factory.synth.mesh import box, cylinder, merged, placed
from factory.synth.presets.indoors import _stroll
from factory.synth.presets.lenses import fixed
from factory.synth.presets.outdoors import street_drive, street_walk
from factory.synth.rides import drone
from factory.synth.scene import Body, Scene, held, rigid, straight_walk, tumbling, turned
from factory.synth.sets.actors import balloon, walker, water
from factory.synth.sets.flat import furnished
from factory.synth.sets.land import pond
from factory.synth.sets.placing import corridor
from factory.synth.sets.room import courtyard
from factory.synth.sets.things import Photos, colour, poster, wall_paint
from factory.synth.take import Film, Take
from factory.synth.textures import cloth, enamel, terrazzo


def in_car(rng: np.random.Generator, photos: Photos) -> Take:
    """From the passenger's seat: dashboard, wheel, pillars and mirror go with the camera."""
    take = street_drive(rng, photos, 3.0, rng.uniform(5, 8))
    high, far = rng.uniform(0.02, 0.13), rng.uniform(0.85, 1.1)
    dark = wall_paint(rng, rng.uniform(45, 95))
    board, trim = terrazzo(rng, 1.0, 0.6, dark, 300), enamel(rng, 1.0, 0.6, wall_paint(rng, 60), 300)
    lean = Rotation.from_euler("z", rng.uniform(20, 32), degrees=True)
    parts = [
        (placed(box((1.9, 0.4, 0.5)), rigid((0, high + 0.2, far - 0.2))), board),
        (placed(box((0.2, 0.09, 0.05)), rigid((rng.uniform(-0.1, 0.2), -0.17, 0.7))), trim),
        (placed(cylinder(0.17, 0.03), rigid((-0.26, high + 0.16, 0.5))), trim),
        (
            merged(
                [
                    placed(box((0.07, 1.2, 0.07)), rigid((-0.44, -0.1, 0.8), lean)),
                    placed(box((0.07, 1.2, 0.07)), rigid((0.46, -0.1, 0.8), lean.inv())),
                    placed(box((1.4, 0.16, 0.1)), rigid((0, -0.37, 0.8))),
                ]
            ),
            trim,
        ),
        (
            placed(box((0.12, 0.16, 0.01)), rigid((rng.uniform(-0.05, 0.25), high - 0.08, 0.6))),
            poster(rng, (), 0.2, 0.2),
        ),
    ]
    fixture = held(take.path, lambda _time_s: np.eye(4))
    cabin = tuple(Body(mesh, texture, fixture) for mesh, texture in parts)
    return replace(take, scene=replace(take.scene, bodies=(*take.scene.bodies, *cabin), ambient=0.6))


def talking_head(rng: np.random.Generator, photos: Photos, hand: bool) -> Take:
    """Someone who fills much of the picture talks to the camera, which stands, or is held still by hand."""
    at, phase, far_m = rng.uniform(-0.12, 0.12), rng.uniform(0, 6), rng.uniform(0.65, 0.9)

    def sway(time_s: float) -> np.ndarray:
        nod = Rotation.from_euler("y", 5 * np.sin(3.1 * time_s + phase), degrees=True)
        spot = (at + 0.025 * np.sin(1.9 * time_s + phase), 0.02 * np.sin(2.3 * time_s), 0.0)
        return turned(-90 + 8 * np.sin(1.3 * time_s + phase), spot) @ rigid((0, 0, 0), nod)

    eye, target = (0.0, -far_m, 1.55), (0.0, 0.5, 1.48)
    path = handheld(rng, eye, (0, 0, 0), target, (0, 0, 0), 0.003, 0.15) if hand else tripod(eye, target)
    clear = np.array([[0.0, y] for y in np.linspace(-1, 0.6, 6)])
    return Take(furnished(rng, walker(rng, sway, 0.7), clear, photos), path, fixed(rng.uniform(0.8, 1.1)))


def balloon_near(rng: np.random.Generator, photos: Photos) -> Take:
    """A balloon that tumbles hides nearly all."""
    centre = (0.0, -0.55, 1.4)
    motion = tumbling(centre, (0.03, 0.03, 0.02), 0.6, tuple(rng.uniform(-70, 70, 3)))
    side = rng.choice((-1.0, 1.0))
    path = handheld(rng, (-side * 0.2, -1.42, 1.42), (side * 0.2, 0.02, 0), (0, -0.5, 1.4), (0, 0, 0))
    bodies = balloon(rng, (0.56, 0.5, 0.46), motion)
    return Take(furnished(rng, bodies, corridor(path, 3.0, [motion], 1.0), photos), path, fixed(0.85))


def bus_passes(rng: np.random.Generator, photos: Photos) -> Take:
    """A bus drives past right before the camera."""
    take = street_walk(rng, photos, Film())
    start = take.path(np.array([0.0]))[0]
    speed = rng.uniform(1.6, 2.6)
    texture = poster(rng, photos, 6.0, 3.0)

    def way(time_s: float) -> np.ndarray:  # from front to rear it is longer than what is seen of it in three seconds
        return rigid((start[0, 3] - 2.5 + speed * time_s, start[1, 3] + 2.6, 1.75))

    body = Body(box((11.0, 1.6, 3.2)), texture, way)
    return replace(take, scene=replace(take.scene, bodies=(*take.scene.bodies, body)))


def cloth_held(rng: np.random.Generator, photos: Photos) -> Take:
    """A printed sheet is waved right before a camera that walks."""
    path = _stroll(rng, 0.5)

    def hand(time_s: float) -> np.ndarray:
        swing = np.array([0.05 * np.sin(2.4 * time_s), 0.04 * np.sin(1.7 * time_s), 0.02 * np.sin(3 * time_s)])
        return rigid(np.array([0.02, 0.0, 0.5]) + swing) @ tumbling((0, 0, 0), (0, 0, 0), 1.0, (3, 4, 9))(time_s)

    body = Body(box((0.66, 0.33, 0.01)), cloth(rng, 0.6, 0.4, colour(rng), 900), held(path, hand))
    return Take(furnished(rng, (body,), corridor(path, 3.0, (), 1.0), photos), path, fixed(0.85))


def open_water(rng: np.random.Generator, _photos: Photos) -> Take:
    """Low over water, nothing else in sight."""
    heading = rng.uniform(0, 2 * np.pi)
    ahead = np.array([np.cos(heading), np.sin(heading), 0.0])
    speed, high = rng.uniform(0.5, 1.6), rng.uniform(2.2, 4.0)
    path = drone(rng, moving(-2 * ahead + (0, 0, high), speed * ahead), moving(0.9 * high * ahead, speed * ahead), 3.0)
    return Take(Scene((water(rng, (-12, -12), (12, 12)),), (-90.0, 60.0, 130.0), ambient=0.5), path, fixed(0.8))


def over_pond(rng: np.random.Generator, _photos: Photos) -> Take:
    """Along a pond, the camera down on the water."""
    side = rng.choice((-1.0, 1.0))
    start = moving((-side, 2.6, 1.9), (side * 0.5, 0.1, 0))
    path = watching(rng, start, moving((-side * 0.8, 4.4, 0.0), (side * 0.5, 0.1, 0)))
    return Take(pond(rng, (), corridor(path, 3.0)), path, fixed(0.85))


def yard_walk(rng: np.random.Generator, _photos: Photos) -> Take:
    """Round a yard in which someone walks: suitable."""
    side = rng.choice((-1.0, 1.0))
    walk = straight_walk((side * rng.uniform(1.0, 1.6), rng.uniform(0.2, 1.2)), (-side * rng.uniform(0.7, 1.0), 0.1))
    path = orbit(rng, (1.5 * side, -3.2, 1.6), (-0.2 * side, 2.5, 1.2), -side * rng.uniform(5, 9))
    return Take(courtyard(rng, walker(rng, walk)), path, fixed(0.85))
