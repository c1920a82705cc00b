"""Hard: near things that move by themselves: a crate, a person, a shadow, a turntable, a thing and its reflection."""

from dataclasses import replace

import numpy as np

from factory.synth.camera import handheld, moving, orbit, watching
from factory.synth.mesh import box, cylinder, placed
from factory.synth.presets.lenses import fixed
from factory.synth.scene import Body, Thing, one_thing, rigid, straight_walk, turned
from factory.synth.sets.actors import walker
from factory.synth.sets.flat import furnished
from factory.synth.sets.mirror import mirrored_room
from factory.synth.sets.placing import corridor
from factory.synth.sets.room import courtyard
from factory.synth.sets.things import Photos, crate, wall_paint
from factory.synth.take import Take
from factory.synth.textures import picture, planks, terrazzo

SECONDS = 3.0


def creeping(rng: np.random.Generator, photos: Photos) -> Take:
    """A crate creeps over the floor at 5 cm a second: too slowly to be told from what stands by a few frames."""
    side = rng.choice((-1.0, 1.0))
    path = handheld(rng, (-side * 0.7, -2.2, 1.5), (side * 0.4, 0.1, 0.0), (0.0, 1.5, 0.8), (side * 0.1, 0.0, 0.0))

    def motion(time_s: float) -> np.ndarray:
        return rigid((side * (0.05 * time_s - 0.3), 0.1, 0.5))

    wood = planks(rng, 4, 3, wall_paint(rng, 120), 200)
    crates = (Body(box((1.1, 0.8, 1.0)), wood, motion, thing=Thing("wooden crate that creeps over the floor")),)
    clear = np.concatenate([corridor(path, SECONDS, (), 1.0), np.array([[0.0, 0.1], [-0.6, 0.1], [0.6, 0.1]])])
    return Take(furnished(rng, crates, clear, photos), path, fixed(0.85))


def person(rng: np.random.Generator, photos: Photos) -> Take:
    """Close behind someone who walks ahead at the same pace: the back fills the picture, all but the sides, and sways
    where the camera sways."""
    side, y = rng.choice((-1.0, 1.0)), rng.uniform(-0.3, 0.3)
    walk = straight_walk((-side * 1.1, y), (side * 0.55, 0.0))
    phase = rng.uniform(0, 6)

    def strolling(time_s: float) -> np.ndarray:
        sway = turned(4 * np.sin(5.5 * time_s + phase), (0.05 * np.sin(1.7 * time_s), 0.03 * np.sin(5.5 * time_s), 0.0))
        return walk(time_s) @ sway @ rigid((0, 0, 0.02 * np.sin(11 * time_s)))

    drift_m_s = rng.choice((-1.0, 1.0)) * 0.12  # from one side of the back to the other
    start = (-side * (1.1 + 0.63), y - 1.5 * drift_m_s, 1.38)
    path = handheld(rng, start, (side * 0.55, drift_m_s, 0.0), (side * 2.0, y, 1.0), (side * 0.55, 0.0, 0.0))
    bodies = walker(rng, strolling)
    return Take(furnished(rng, bodies, corridor(path, SECONDS, [walk], 1.0), photos), path, fixed(0.8))


def shadow(rng: np.random.Generator, photos: Photos) -> Take:
    """A round dark patch, as a parasol's shadow, goes over the paving with somebody. It lies in the ground's plane, so
    that nothing but its own motion parts it from the ground that it hides; the camera looks down, on little else."""
    del photos
    side = rng.choice((-1.0, 1.0))
    start = (-side * 0.6, -2.6, 1.7)
    path = handheld(rng, start, (side * 0.35, 0.1, 0.0), (-side * 0.3, -0.4, 0.0), (side * 0.35, 0.1, 0.0))
    walk = straight_walk((-side * 0.9, -0.55), (side * 0.65, 0.05))
    dark = terrazzo(rng, 4, 4, (58.0, 56.0, 52.0), 200)
    disc = placed(cylinder(1.25, 0.008, 48), rigid((0.1, 0.0, 0.0)))
    patch = Body(disc, dark, walk, thing=Thing("round dark patch on the ground"))
    return Take(courtyard(rng, (*walker(rng, walk), patch)), path, fixed(0.85))


def turntable(rng: np.random.Generator, photos: Photos) -> Take:
    """A large turntable full of things turns against the way that the camera walks round it: all that is near says that
    the camera goes three times as fast; only what stands behind it disagrees."""
    rate_deg_s = rng.choice((-1.0, 1.0)) * rng.uniform(13, 16)
    start = (rng.uniform(-0.2, 0.2), -2.1, 1.5)
    path = orbit(rng, start, (0.0, 0.0, 0.5), -np.sign(rate_deg_s) * 7.0)

    def turning(time_s: float) -> np.ndarray:
        return turned(rate_deg_s * time_s, (0.0, 0.0, 0.0))

    top_m, print_ = 0.45, picture(rng, 2.4, 2.4, 200)
    plate = Body(placed(cylinder(1.6, 0.12, 64), rigid((0, 0, top_m - 0.06))), print_)
    angles = np.radians(np.arange(8) * 45 + rng.uniform(-8, 8, 8))
    things = [crate(rng, 0.3, (1.1 * np.cos(a), 1.1 * np.sin(a), top_m), np.degrees(a)) for a in angles]
    things.append(crate(rng, 0.5, (0.0, 0.0, top_m), 20.0))
    bodies = one_thing("turntable with boxes on it", (replace(b, world_from_object=turning) for b in (plate, *things)))
    rings = [r * np.stack([np.cos(angles), np.sin(angles)], 1) for r in (0.0, 0.8, 1.6)]
    clear = np.concatenate([corridor(path, SECONDS), *rings])
    return Take(furnished(rng, bodies, clear, photos), path, fixed(0.85))


def mirror(rng: np.random.Generator, photos: Photos) -> Take:
    """A printed stand rolls along a mirror, and its reflection with it: two that move as one body and outnumber what
    is seen of the room and of its reflection beside them."""
    side = rng.choice((-1.0, 1.0))
    path = watching(
        rng,
        moving((-side * 1.5, 0.7, 1.45), (side * 0.25, 0.0, 0.0)),
        moving((side * 0.9, 3.0, 1.2), (side * 0.25, 0.0, 0.0)),
    )

    def rolling(time_s: float) -> np.ndarray:
        return rigid((side * (0.05 + 0.5 * time_s), 1.95, 0.95))

    stand = Body(box((1.6, 0.5, 1.9)), picture(rng, 2.0, 1.6, 250), rolling, thing=Thing("printed stand on wheels"))
    y = np.linspace(0.4, 2.8, 6)
    clear = np.stack(np.meshgrid(np.linspace(-2.6, 2.6, 9), y), -1).reshape(-1, 2)
    return Take(mirrored_room(rng, (stand,), clear, photos), path, fixed(0.8))
