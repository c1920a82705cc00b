"""The sample's places: a furnished room and a courtyard."""

import numpy as np

from factory.synth.mesh import box, ellipsoid, quad
from factory.synth.scene import Body, Scene
from factory.synth.sets.things import standing, wall_paint
from factory.synth.textures import books, bricks, cloth, picture, planks, plaster, terrazzo

ROOM_M = (6.0, 6.0, 2.8)


def room(rng: np.random.Generator, actors: tuple[Body, ...] = ()) -> Scene:
    """A room of 6 x 6 x 2.8 m about the origin, floor at z = 0, furnished along its +y and side walls."""
    x, y, z = ROOM_M
    surfaces = [
        Body(quad((-x / 2, y / 2, 0), (x, 0, 0), (0, 0, z)), plaster(rng, x, z, wall_paint(rng))),
        Body(quad((x / 2, y / 2, 0), (0, -y, 0), (0, 0, z)), plaster(rng, y, z, wall_paint(rng))),
        Body(quad((-x / 2, -y / 2, 0), (0, y, 0), (0, 0, z)), bricks(rng, y, z)),
        Body(quad((x / 2, -y / 2, 0), (-x, 0, 0), (0, 0, z)), plaster(rng, x, z, wall_paint(rng))),
        Body(quad((-x / 2, -y / 2, 0), (x, 0, 0), (0, y, 0)), planks(rng, x, y, (168, 122, 78))),
        Body(quad((-x / 2, y / 2, z), (x, 0, 0), (0, -y, 0)), terrazzo(rng, x, y, (196, 190, 178))),
    ]
    furniture = [
        standing(box((1.5, 0.35, 1.9)), 4, (-1.7, 2.80, 0.95), books(rng, 4, 2)),
        standing(box((1.2, 0.7, 0.75)), -18, (1.15, 1.95, 0.375), planks(rng, 4, 2, (120, 82, 50), 300)),
        standing(ellipsoid((0.19, 0.19, 0.24)), 0, (1.3, 1.9, 0.99), terrazzo(rng, 1.2, 0.8, (70, 130, 140), 400)),
        standing(box((0.28, 0.22, 0.32)), 35, (0.8, 2.0, 0.91), cloth(rng, 1.1, 0.5, (190, 120, 60))),
        standing(box((0.55, 0.5, 0.5)), 25, (-0.35, 2.1, 0.25), cloth(rng, 2.2, 0.6, (60, 80, 140))),
        standing(ellipsoid((0.3, 0.3, 0.28)), 0, (-2.3, 1.0, 0.28), cloth(rng, 2.0, 1.0, (150, 50, 60))),
        standing(box((0.6, 1.4, 0.8)), 0, (2.6, 0.4, 0.4), planks(rng, 5, 2, (150, 130, 100), 300)),
    ]
    pictures = [
        Body(quad((-0.75, 2.98, 1.15), (1.0, 0, 0), (0, 0, 0.75)), picture(rng, 1.0, 0.75)),
        Body(quad((0.6, 2.98, 1.4), (0.6, 0, 0), (0, 0, 0.9)), picture(rng, 0.6, 0.9)),
        Body(quad((1.6, 2.98, 1.2), (1.1, 0, 0), (0, 0, 0.8)), picture(rng, 1.1, 0.8)),
        Body(quad((2.98, 1.9, 1.2), (0, -1.3, 0), (0, 0, 0.9)), picture(rng, 1.3, 0.9)),
        Body(quad((-2.98, 0.9, 1.2), (0, 1.2, 0), (0, 0, 0.9)), picture(rng, 1.2, 0.9)),
    ]
    return Scene((*surfaces, *furniture, *pictures, *actors), lamp_m=(0.6, -0.8, 2.5))


def courtyard(rng: np.random.Generator, actors: tuple[Body, ...] = ()) -> Scene:
    """A yard of 12 x 12 m under the sun: two brick fronts, a wall, paving, crates and a stone ball; sky above."""
    fronts = [
        Body(quad((-6, -6, 0), (12, 0, 0), (0, 12, 0)), terrazzo(rng, 12, 12, (150, 144, 130), 110)),
        Body(quad((-6, 6, 0), (12, 0, 0), (0, 0, 5)), bricks(rng, 12, 5, 110)),
        Body(quad((6, 6, 0), (0, -12, 0), (0, 0, 3.2)), plaster(rng, 12, 3.2, (196, 176, 130), 110)),
        Body(quad((-6, -6, 0), (0, 12, 0), (0, 0, 4.2)), bricks(rng, 12, 4.2, 110)),
    ]
    windows = [
        Body(quad((at, 5.97, 1.3), (1.1, 0, 0), (0, 0, 1.6)), picture(rng, 1.1, 1.6, 150)) for at in (-4, -1, 2.4)
    ]
    things = [
        standing(box((1.0, 1.0, 1.0)), 20, (-2.2, 3.2, 0.5), planks(rng, 4, 2, (150, 110, 66))),
        standing(box((0.8, 0.8, 0.7)), -10, (-2.1, 3.3, 1.35), planks(rng, 4, 2, (120, 120, 96))),
        standing(ellipsoid((0.55, 0.55, 0.55)), 0, (2.6, 2.6, 0.55), terrazzo(rng, 3.5, 1.8, (150, 110, 96))),
        standing(box((2.2, 0.6, 0.5)), -8, (0.7, 4.4, 0.25), bricks(rng, 6, 1.2)),
    ]
    return Scene((*fronts, *windows, *things, *actors), lamp_m=(-250.0, -420.0, 520.0), ambient=0.45)
