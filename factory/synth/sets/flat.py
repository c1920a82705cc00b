"""Indoors: furnished rooms of many layouts, bare rooms, and a loft with a race track for toy cars."""

import numpy as np

from factory.synth.mesh import box, quad
from factory.synth.route import Route
from factory.synth.scene import Body, Lamp, Scene
from factory.synth.sets.placing import Clear, spots
from factory.synth.sets.things import (
    Photos,
    colour,
    cone,
    crate,
    poster,
    pouf,
    rug,
    shelf,
    standing,
    stripes,
    table,
    trinket,
    wall_paint,
)
from factory.synth.textures import Texture, bricks, cloth, paint, planks, plaster, terrazzo

NOWHERE = np.empty((0, 2))


def furnished(
    rng: np.random.Generator,
    actors: tuple[Body, ...] = (),
    clear: Clear = NOWHERE,
    photos: Photos = (),
    size_m: tuple[float, float, float] = (6.0, 6.0, 2.8),
) -> Scene:
    """A living room about the origin, floor at z = 0; furniture by the walls, and where nothing needs to be clear."""
    x, y, _ = size_m
    wood = planks(rng, 3, 3, wall_paint(rng, 125))
    bodies = [*_shell(rng, size_m, [_wall(rng) for _ in range(4)], wood), *_pictures(rng, size_m, photos)]
    edges = spots(rng, 9, (-x / 2 + 0.5, -y / 2 + 0.5), (x / 2 - 0.5, y / 2 - 0.5), clear, 0.95, 1.05)
    for spot in edges:
        at, yaw = (float(spot[0]), float(spot[1])), rng.uniform(-30, 30)
        kind = int(rng.integers(4))
        if kind == 0:
            bodies.extend(table(rng, at, yaw))
        elif kind == 1:
            bodies.append(pouf(rng, rng.uniform(0.25, 0.4), at))
        elif kind == 2:
            bodies.extend([crate(rng, rng.uniform(0.45, 0.7), at, yaw)])
        else:
            bodies.append(standing(box((0.5, 0.45, 0.9)), yaw, (*at, 0.45), cloth(rng, 1.5, 1.0, colour(rng))))
    for side in range(4):  # a bookcase in the middle of a wall, or two crates in its place
        yaw, reach = 90.0 * side, (y if side % 2 == 0 else x) / 2 - 0.2
        across = rng.uniform(-0.25, 0.25) * (x if side % 2 == 0 else y)
        place = np.array([[across, reach], [-reach, across], [-across, -reach], [reach, -across]][side])
        if not len(clear) or np.linalg.norm(clear - place, axis=1).min() > 1.0:
            bodies.append(shelf(rng, rng.uniform(1.0, 1.7), rng.uniform(1.1, 2.0), place, yaw))
    bodies.append(rug(rng, rng.uniform(-0.8, 0.8, 2), 2.2, 1.5, 0.006))
    return Scene((*bodies, *actors), lamp_m=(rng.uniform(-1, 1), rng.uniform(-1, 1), 2.5))


def bare(
    rng: np.random.Generator, actors: tuple[Body, ...] = (), size_m: tuple[float, float, float] = (5.0, 5.0, 2.7)
) -> Scene:
    """A room just painted: clean walls, a plain floor, hardly anything in it."""
    x, y, _ = size_m
    shade = rng.uniform(175, 215)
    walls = [paint(rng, 5, 5, wall_paint(rng, shade)) for _ in range(4)]
    bodies = [
        *_shell(rng, size_m, walls, paint(rng, 5, 5, wall_paint(rng, 130))),
        standing(
            box((0.9, 0.45, 0.75)),
            0,
            (rng.uniform(-1.5, -0.6), y / 2 - 0.25, 0.375),
            paint(rng, 2, 1, wall_paint(rng, 110)),
        ),
        standing(box((0.9, 0.06, 2.0)), 0, (rng.uniform(0.9, 1.6), y / 2, 1.0), paint(rng, 1, 2, wall_paint(rng, 150))),
        trinket(rng, 0.10, (rng.uniform(-1.4, -0.8), y / 2 - 0.25, 0.75)),
        trinket(rng, 0.07, (rng.uniform(-0.8, -0.4), y / 2 - 0.25, 0.75)),
        standing(box((0.12, 0.012, 0.12)), 0, (0.5, y / 2 - 0.01, 1.1), paint(rng, 1, 1, (235.0, 235.0, 230.0))),
        *(
            standing(box((x, 0.02, 0.08)), 0, (0, sign * (y / 2 - 0.01), 0.04), paint(rng, 1, 1, wall_paint(rng, 225)))
            for sign in (-1, 1)
        ),
        *(
            standing(box((0.02, y, 0.08)), 0, (sign * (x / 2 - 0.01), 0, 0.04), paint(rng, 1, 1, wall_paint(rng, 225)))
            for sign in (-1, 1)
        ),
    ]
    return Scene((*bodies, *actors), lamp_m=(0.4, -0.4, 2.5))


def loft(
    rng: np.random.Generator,
    track: Route,
    actors: tuple[Body, ...] = (),
    photos: Photos = (),
    night: bool = False,
    lamps: tuple[Lamp, ...] = (),
) -> Scene:
    """A hall of 14 x 11 m with a track for toy cars on its floor, lined by cones, toys and books."""
    size_m = (14.0, 11.0, 3.6)
    floor = planks(rng, 4.2, 3, wall_paint(rng, 130), 380)
    walls: list[Texture] = [_wall(rng), bricks(rng, 4.8, 3.6), _wall(rng), bricks(rng, 4.8, 3.6)]
    bodies = [*_shell(rng, size_m, walls, floor), *_pictures(rng, size_m, photos, 5)]
    along = np.linspace(0, track.length_m, 160)
    clear = track.position(along)[:, :2]
    banded = stripes(rng, (214, 84, 40), (224, 220, 210), 0.06)
    for metres in np.arange(0, track.length_m, 1.3):
        for side in (-1, 1):
            left_m = side * rng.uniform(0.55, 0.75)
            spot = track.beside(np.array([metres + rng.uniform(-0.3, 0.3)]), left_m)[0]
            if np.linalg.norm(clear - spot[:2], axis=1).min() > 0.45:
                bodies.append(
                    cone(spot, rng.uniform(0.16, 0.26), banded)
                    if rng.random() < 0.5
                    else crate(rng, 0.18, spot, rng.uniform(0, 90))
                )
    for spot in spots(rng, 26, (-6.3, -4.8), (6.3, 4.8), clear, 0.95, 0.8):
        kind = int(rng.integers(5))
        if kind == 0:
            bodies.extend(table(rng, spot, rng.uniform(0, 90)))
        elif kind == 1:
            bodies.append(pouf(rng, rng.uniform(0.25, 0.4), spot))
        else:
            bodies.append(crate(rng, rng.uniform(0.25, 0.6), spot, rng.uniform(0, 90)))
    for k, spot in enumerate(spots(rng, 5, (-5.5, -4.2), (5.5, 4.2), NOWHERE, 0, 2.2)):
        bodies.append(rug(rng, spot, rng.uniform(1.5, 2.6), rng.uniform(1.0, 1.8), 0.002 + 0.002 * k))
    for wall, y in ((1, 5.3), (-1, -5.3)):
        bodies.extend(shelf(rng, 1.6, rng.uniform(1.2, 2.1), (x, y), 0 if wall > 0 else 180) for x in (-4.5, -0.5, 3.5))
    lights = lamps
    if night:
        over = track.position(track.length_m * np.array([0.1, 0.55]))
        lights = (*lamps, *(Lamp((float(p[0]), float(p[1]), 2.2), 0.75, 2.2) for p in over))
    return Scene((*bodies, *actors), (1.0, -1.0, 3.4), daylight=0.03 if night else 1.0, lamps=lights)


def _wall(rng: np.random.Generator) -> Texture:
    kind = int(rng.integers(4))
    if kind == 0:
        return bricks(rng, 4.8, 3.2)
    if kind == 1:
        return terrazzo(rng, 3, 3, wall_paint(rng), 200)
    return plaster(rng, 4, 3, wall_paint(rng))


def _shell(
    rng: np.random.Generator, size_m: tuple[float, float, float], walls: list[Texture], floor: Texture
) -> list[Body]:
    """Four walls, the floor and the ceiling of a room about the origin."""
    x, y, z = size_m
    shade = wall_paint(rng, 190)
    return [
        Body(quad((-x / 2, y / 2, 0), (x, 0, 0), (0, 0, z)), walls[0]),
        Body(quad((x / 2, y / 2, 0), (0, -y, 0), (0, 0, z)), walls[1]),
        Body(quad((-x / 2, -y / 2, 0), (0, y, 0), (0, 0, z)), walls[2]),
        Body(quad((x / 2, -y / 2, 0), (-x, 0, 0), (0, 0, z)), walls[3]),
        Body(quad((-x / 2, -y / 2, 0), (x, 0, 0), (0, y, 0)), floor),
        Body(quad((-x / 2, y / 2, z), (x, 0, 0), (0, -y, 0)), terrazzo(rng, 3, 3, shade, 120)),
    ]


def _pictures(
    rng: np.random.Generator, size_m: tuple[float, float, float], photos: Photos, each: int = 3
) -> list[Body]:
    """Pictures side by side on every wall, 2 cm before it."""
    x, y, _ = size_m
    bodies = []
    for origin, right, length in (
        ((-x / 2, y / 2 - 0.02), (1, 0), x),
        ((x / 2 - 0.02, y / 2), (0, -1), y),
        ((-x / 2 + 0.02, -y / 2), (0, 1), y),
        ((x / 2, -y / 2 + 0.02), (-1, 0), x),
    ):
        for slot in range(each):
            width_m, height_m = rng.uniform(0.5, 0.7 * length / each), rng.uniform(0.5, 1.0)
            at = (slot + 0.5) * length / each - width_m / 2 + rng.uniform(-0.1, 0.1)
            corner = (origin[0] + right[0] * at, origin[1] + right[1] * at, rng.uniform(1.1, 1.45))
            along = (right[0] * width_m, right[1] * width_m, 0)
            bodies.append(Body(quad(corner, along, (0, 0, height_m)), poster(rng, photos, width_m, height_m)))
    return bodies
