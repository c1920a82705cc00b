"""A street of 110 m with a crossing: houses, pavements, parked cars, trees, lamp posts, billboards."""

import numpy as np

from factory.synth.mesh import Mesh, box, merged, placed, quad
from factory.synth.scene import Body, Scene, rigid, turned
from factory.synth.sets.actors import parked_car
from factory.synth.sets.flat import NOWHERE
from factory.synth.sets.placing import Clear
from factory.synth.sets.things import Photos, crate, greens, lamp_post, poster, tree, wall_paint
from factory.synth.textures import Texture, facade, ground, paint, terrazzo

CROSSING_M = 40.0  # where the side street, along y, meets the street along x
KERB_M = 3.6  # half the width of either road
FRONT_M = 6.4  # where the houses begin


def street(
    rng: np.random.Generator, actors: tuple[Body, ...] = (), clear: Clear = NOWHERE, photos: Photos = ()
) -> Scene:
    """Along x from -15 to 95, lanes at y = -1.7 (forward) and 1.7; the side street along y at x = 40."""
    asphalt = ground(rng, 6, ((52, 52, 54), (84, 84, 86), (112, 110, 108), (150, 148, 142)), 70, 0.45)
    bodies = [
        Body(quad((-60, -80, 0), (220, 0, 0), (0, 160, 0)), asphalt),
        Body(_markings(), terrazzo(rng, 2, 2, (214, 212, 204), 60)),
        *_pavements(rng),
    ]
    low, high = CROSSING_M - FRONT_M, CROSSING_M + FRONT_M
    houses = _Houses(rng, photos)
    for side in (-1, 1):
        # Rows of houses: along the street before and behind the crossing, and along the side street.
        bodies += _row(rng, houses, (-16.0, side * FRONT_M), 0.0, low + 16, side < 0)
        bodies += _row(rng, houses, (high, side * FRONT_M), 0.0, 55.0, side < 0)
        for x, inwards in ((low, True), (high, False)):
            bodies += _row(rng, houses, (x, side * (FRONT_M + 9)), 90.0 * side, 45.0, inwards == (side < 0))
        bodies += _row(rng, houses, (25.0 * side + 40 - 15 * side, side * 62.0), 0.0, 40.0, side < 0)
    bodies += _row(rng, houses, (97.0, 22.0), -90.0, 44.0, True)
    bodies += _row(rng, houses, (-17.0, 22.0), -90.0, 44.0, False)
    leaves, bark, _ = greens(rng)

    def free(x: float, y: float, radius_m: float) -> bool:
        return not len(clear) or bool(np.linalg.norm(clear - (x, y), axis=1).min() > radius_m)

    for side in (-1, 1):
        for x in np.arange(-12, 92, 6.5):
            if abs(x - CROSSING_M) < 9:
                continue
            at = (x + rng.uniform(-1, 1), side * 4.4, 0.12)
            if rng.random() < 0.4 and free(*at[:2], 1.2):
                bodies.extend(tree(rng, at, rng.uniform(4.5, 6.5), leaves, bark))
            elif rng.random() < 0.4 and free(*at[:2], 1.0):
                bodies.append(lamp_post(rng, at, 5.2, -90.0 * side))
            elif free(*at[:2], 1.3):
                bodies.append(crate(rng, 0.9, at, rng.uniform(0, 90)))
            spot = (x + 3.2, side * 2.75, 0.0)
            if rng.random() < 0.55 and free(*spot[:2], 1.9):
                bodies.extend(parked_car(rng, rng.uniform(3.8, 4.5), turned(180.0 * (side > 0), spot)))
    return Scene((*bodies, *actors), lamp_m=(-220.0, -160.0 + rng.uniform(-90, 90), 420.0), ambient=0.5)


class _Houses:
    """The kinds of houses a town has: as many textures as that, not as houses, which saves half a minute."""

    def __init__(self, rng: np.random.Generator, photos: Photos, kinds: int = 10) -> None:
        self.sizes_m = np.column_stack([rng.uniform(6.0, 11.0, kinds), rng.uniform(5.5, 12.5, kinds)])
        self.fronts = [facade(rng, width_m, height_m) for width_m, height_m in self.sizes_m.tolist()]
        self.trims = [terrazzo(rng, 2, 2, wall_paint(rng, 145), 70) for _ in range(3)]
        self.signs = [(width_m, poster(rng, photos, width_m, 0.65 * width_m)) for width_m in rng.uniform(1.6, 2.6, 6)]


def _row(
    rng: np.random.Generator,
    houses: _Houses,
    start: tuple[float, float],
    heading_deg: float,
    length_m: float,
    to_left: bool,
) -> list[Body]:
    """Houses side by side along a line from `start`; their fronts look to the left of it, or to the right."""
    bodies: list[Body] = []
    line = turned(heading_deg, (*start, 0.0))
    done = 0.0
    deep_m = 8.0
    while done < length_m - 3:
        kind = int(rng.integers(len(houses.fronts)))
        width_m, height_m = houses.sizes_m[kind].tolist()
        width_m = min(width_m, length_m - done)
        back_m = rng.uniform(0, 0.5)  # not all fronts are in line
        away = -1 if to_left else 1
        pose = line @ turned(180.0 if to_left else 0.0, (done + width_m / 2, away * (back_m + deep_m / 2), 0.0))
        house = placed(box((width_m, deep_m, height_m)), rigid((0, 0, height_m / 2)))
        trim = _trim(rng, width_m, height_m, deep_m)
        bodies.append(Body(placed(house, pose), houses.fronts[kind]))
        bodies.append(Body(placed(trim, pose), houses.trims[kind % len(houses.trims)]))
        if rng.random() < 0.5:
            wide_m, sign = houses.signs[int(rng.integers(len(houses.signs)))]
            corner = (rng.uniform(-width_m / 2, width_m / 2 - wide_m), -deep_m / 2 - 0.12, rng.uniform(1.4, 2.8))
            board = quad(corner, (wide_m, 0, 0), (0, 0, 0.65 * wide_m))
            bodies.append(Body(placed(board, pose), sign))
        done += width_m
    return bodies


def _trim(rng: np.random.Generator, width_m: float, height_m: float, deep_m: float) -> Mesh:
    """What stands out of a front: a ledge, a roof's edge, balconies, steps."""
    front = -deep_m / 2
    parts = [
        placed(box((width_m + 0.1, 0.5, 0.25)), rigid((0, front - 0.1, height_m - 0.12))),
        placed(box((width_m, 0.12, 0.14)), rigid((0, front - 0.04, 2.75))),
        placed(box((1.4, 0.7, 0.16)), rigid((0, front - 0.3, 0.2))),
    ]
    for floor in range(1, int(height_m / 3.0)):
        for x in rng.uniform(-width_m / 2 + 0.8, width_m / 2 - 0.8, 2):
            if rng.random() < 0.6:
                parts.append(placed(box((1.5, 0.8, 0.12)), rigid((x, front - 0.4, floor * 3.0 + 0.6))))
                parts.append(placed(box((1.5, 0.05, 0.7)), rigid((x, front - 0.78, floor * 3.0 + 1.0))))
    return merged(parts)


def _pavements(rng: np.random.Generator) -> list[Body]:
    """Pavements 12 cm high along both streets, up to the houses and beyond, open at the crossing."""
    slabs, kerb = _slabs(rng), paint(rng, 2, 2, (150, 148, 142))
    bodies = []
    for x0, x1 in ((-60.0, CROSSING_M - KERB_M), (CROSSING_M + KERB_M, 160.0)):
        for y0, y1 in ((-80.0, -KERB_M), (KERB_M, 80.0)):
            bodies.append(Body(quad((x0, y0, 0.12), (x1 - x0, 0, 0), (0, y1 - y0, 0)), slabs))
            side = placed(box((x1 - x0, y1 - y0, 0.119)), rigid(((x0 + x1) / 2, (y0 + y1) / 2, 0.0595)))
            bodies.append(Body(side, kerb))
    return bodies


def _slabs(rng: np.random.Generator) -> Texture:
    """Paving slabs of half a metre."""
    texture = terrazzo(rng, 4, 4, (146, 142, 134), 80)
    image = texture.image.copy()
    for at in range(0, len(image), 40):
        image[at : at + 2] = image[at : at + 2] // 2
        image[:, at : at + 2] = image[:, at : at + 2] // 2
        image[at : at + 40] = (image[at : at + 40] * rng.uniform(0.8, 1.0)).astype(np.uint8)
    return Texture(image, texture.texels_per_m)


def _markings() -> Mesh:
    """Dashes along the middle of both roads, and the bars of crossings, 5 mm above the road."""
    dashes = [quad((x, -0.06, 0.005), (2.0, 0, 0), (0, 0.12, 0)) for x in np.arange(-20, 120, 5.0) if abs(x - 39) > 8]
    dashes += [quad((39.94, y, 0.005), (0.12, 0, 0), (0, 2.0, 0)) for y in np.arange(-60, 60, 5.0) if abs(y + 1) > 8]
    for x in (CROSSING_M - 6.5, CROSSING_M + 4.5):
        dashes += [quad((x, y, 0.005), (2.0, 0, 0), (0, 0.45, 0)) for y in np.arange(-3.2, 3.0, 0.9)]
    return merged(dashes)
