"""A table top seen from near: large things that stand close to each other and to the camera."""

import numpy as np

from factory.synth.mesh import quad
from factory.synth.scene import Body, Scene
from factory.synth.sets.flat import furnished
from factory.synth.sets.placing import Clear, spots
from factory.synth.sets.things import Photos, colour, trinket, wall_paint
from factory.synth.textures import cloth, planks

TOP_M = 0.75  # height of the table top


def table_top(rng: np.random.Generator, clear: Clear, actors: tuple[Body, ...] = (), photos: Photos = ()) -> Scene:
    """A table of 2 x 1.4 m about the origin, full of things, in a living room."""
    wide, deep = 2.0, 1.4
    wood = (
        cloth(rng, 1.0, 0.7, colour(rng), 900)
        if rng.random() < 0.5
        else planks(rng, 1.0, 0.7, wall_paint(rng, 125), 900)
    )
    bodies = [Body(quad((-wide / 2, -deep / 2, TOP_M), (wide, 0, 0), (0, deep, 0)), wood)]
    for spot in spots(rng, 26, (-0.85, -0.25), (0.85, 0.62), clear, 0.16, 0.15):
        bodies.append(trinket(rng, rng.uniform(0.035, 0.085), (*spot, TOP_M)))
    middle = np.stack(np.meshgrid(np.linspace(-1.6, 1.6, 7), np.linspace(-1.6, 1.0, 7)), -1).reshape(-1, 2)
    room = furnished(rng, (), middle, photos, (5.0, 5.0, 2.7))
    return Scene((*room.bodies, *bodies, *actors), room.lamp_m)
