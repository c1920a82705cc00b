"""What stands about in places: furniture, trees, stones, lamp posts, cones."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from factory.synth.mesh import Mesh, box, cylinder, ellipsoid, lump, merged, placed, quad
from factory.synth.scene import Body, rigid, turned
from factory.synth.textures import (
    Colour,
    Texture,
    books,
    bricks,
    cloth,
    ground,
    muted,
    paint,
    photo,
    picture,
    planks,
    terrazzo,
)

LEAVES: tuple[Colour, ...] = ((24, 38, 18), (52, 78, 30), (96, 122, 52), (150, 160, 84))
BARK: tuple[Colour, ...] = ((46, 34, 26), (92, 72, 54), (134, 114, 92))
STONE: tuple[Colour, ...] = ((70, 66, 60), (122, 116, 106), (158, 150, 136), (196, 190, 178))

Place = Sequence[float] | np.ndarray  # x, y and, where it is not on the floor, z
Photos = Sequence[Path]  # picture files of the user's: posters and pictures on walls; without them, painted ones


def standing(mesh: Mesh, yaw_deg: float, position: Place, texture: Texture) -> Body:
    """Turned about the vertical and put in its place, for good."""
    return Body(placed(mesh, turned(yaw_deg, position)), texture)


def wall_paint(rng: np.random.Generator, brightness: float = 165) -> Colour:
    """A pale colour."""
    red, green, blue = brightness + rng.normal(0, 12, 3)
    return float(red), float(green), float(blue)


def colour(rng: np.random.Generator, chroma: float = 40) -> Colour:
    """Any colour."""
    red, green, blue = muted(rng, chroma)
    return float(red), float(green), float(blue)


def poster(rng: np.random.Generator, photos: Photos, width_m: float, height_m: float) -> Texture:
    """The middle of one of the user's photos, else a painting."""
    if photos:
        image = photo(photos[int(rng.integers(len(photos)))], width_m).image
        high, wide = image.shape[:2]
        right, low = min(wide, round(high * width_m / height_m)), min(high, round(wide * height_m / width_m))
        x, y = (wide - right) // 2, (high - low) // 2
        return Texture(np.ascontiguousarray(image[y : y + low, x : x + right]), right / width_m)
    return picture(rng, width_m, height_m)


def crate(rng: np.random.Generator, side_m: float, position: Place, yaw_deg: float) -> Body:
    """A box of wood, cloth, print, stone or brick on the ground at `position` (2 or 3 values)."""
    size = side_m * rng.uniform(0.7, 1.3, 3)
    kind = int(rng.integers(4))
    if kind == 0:
        texture = planks(rng, 2, 1.5, wall_paint(rng, 130), 250)
    elif kind == 1:
        texture = cloth(rng, 1.5, 1.0, colour(rng))
    elif kind == 2:
        texture = picture(rng, 1.2, 0.9)
    else:
        texture = terrazzo(rng, 1.5, 1.0, colour(rng), 300)
    return standing(box(size), yaw_deg, (position[0], position[1], _height(position) + size[2] / 2), texture)


def pouf(rng: np.random.Generator, radius_m: float, position: Place) -> Body:
    """A round cushion."""
    mesh = ellipsoid((radius_m, radius_m, 0.8 * radius_m))
    at = (position[0], position[1], _height(position) + 0.8 * radius_m)
    return standing(mesh, rng.uniform(0, 360), at, cloth(rng, 1.5, 1.0, colour(rng)))


def shelf(rng: np.random.Generator, width_m: float, height_m: float, position: Place, yaw_deg: float) -> Body:
    """A bookcase, its front towards -y before it is turned."""
    mesh = box((width_m, 0.32, height_m))
    return standing(mesh, yaw_deg, (position[0], position[1], height_m / 2), books(rng, 3, 1.8))


def table(rng: np.random.Generator, position: Place, yaw_deg: float) -> tuple[Body, ...]:
    """A table with a few things on it."""
    wide, deep, high = rng.uniform(1.0, 1.5), rng.uniform(0.6, 0.8), rng.uniform(0.70, 0.78)
    legs = [
        placed(box((0.06, 0.06, high - 0.04)), rigid((x * (wide / 2 - 0.06), y * (deep / 2 - 0.06), (high - 0.04) / 2)))
        for x in (-1, 1)
        for y in (-1, 1)
    ]
    top = placed(box((wide, deep, 0.04)), rigid((0, 0, high - 0.02)))
    floor = (position[0], position[1], 0.0)
    bodies = [standing(merged([top, *legs]), yaw_deg, floor, planks(rng, 2, 1.5, wall_paint(rng, 110), 300))]
    pose = turned(yaw_deg, floor)
    for x in (-0.32, 0.0, 0.32):
        at = pose @ np.array([x * wide, rng.uniform(-0.2, 0.2) * deep, high, 1])
        bodies.append(trinket(rng, rng.uniform(0.06, 0.13), at[:3]))
    return tuple(bodies)


def trinket(rng: np.random.Generator, size_m: float, position: Place) -> Body:
    """A mug, a ball, a box, a vase or a pebble on a table, about `size_m` in radius."""
    kind = int(rng.integers(5))
    texture = cloth(rng, 0.6, 0.4, colour(rng), 900) if kind % 2 else terrazzo(rng, 0.5, 0.4, colour(rng), 900)
    if kind == 0:
        mesh, half_m = cylinder(0.6 * size_m, 1.6 * size_m), 0.8 * size_m
    elif kind == 1:
        mesh, half_m = ellipsoid((size_m, size_m, size_m)), size_m
    elif kind == 2:
        mesh, half_m = box((1.8 * size_m, 1.3 * size_m, 1.5 * size_m)), 0.75 * size_m
    elif kind == 3:
        mesh, half_m = cylinder(0.8 * size_m, 2.4 * size_m, 24, 0.4 * size_m), 1.2 * size_m
    else:
        mesh, half_m = lump(rng, (size_m, 0.8 * size_m, 0.6 * size_m), 0.08), 0.6 * size_m
    at = (position[0], position[1], _height(position) + half_m)
    return standing(mesh, rng.uniform(0, 360), at, texture)


def tree(
    rng: np.random.Generator, position: Place, height_m: float, leaves: Texture, bark: Texture
) -> tuple[Body, ...]:
    """A trunk and a crown of three lumps."""
    x, y, z = position[0], position[1], _height(position)
    trunk = placed(cylinder(0.045 * height_m, 0.6 * height_m, 10, 0.025 * height_m), rigid((x, y, z + 0.27 * height_m)))
    crown = []
    for _ in range(3):
        radius = rng.uniform(0.17, 0.25) * height_m
        at = (x, y, z + 0.68 * height_m) + rng.normal(0, 0.09, 3) * height_m
        crown.append(placed(lump(rng, (radius, radius, 0.9 * radius), 0.12), rigid(at)))
    return Body(trunk, bark), *(Body(lobe, leaves) for lobe in crown)


def stone(rng: np.random.Generator, radius_m: float, position: Place, texture: Texture) -> Body:
    """A boulder, half sunk."""
    radii = radius_m * rng.uniform((0.7, 0.7, 0.5), (1.2, 1.2, 0.9))
    at = (position[0], position[1], _height(position) + 0.25 * radius_m)
    return standing(lump(rng, radii, 0.10), rng.uniform(0, 360), at, texture)


def lamp_post(rng: np.random.Generator, position: Place, height_m: float, yaw_deg: float = 0.0) -> Body:
    """A post with an arm along +x before it is turned."""
    parts = [
        placed(cylinder(0.07, height_m, 10, 0.05), rigid((0, 0, height_m / 2))),
        placed(box((1.1, 0.08, 0.08)), rigid((0.5, 0, height_m - 0.05))),
        placed(box((0.5, 0.22, 0.12)), rigid((1.1, 0, height_m - 0.08))),
    ]
    texture = terrazzo(rng, 1, 1, (96, 100, 98), 100)
    return standing(merged(parts), yaw_deg, (position[0], position[1], _height(position)), texture)


def cone(position: Place, height_m: float, texture: Texture) -> Body:
    """A traffic cone."""
    at = (position[0], position[1], _height(position) + height_m / 2)
    return standing(cylinder(0.32 * height_m, height_m, 16, 0.06 * height_m), 0, at, texture)


def stripes(rng: np.random.Generator, first: Colour, second: Colour, width_m: float, grain: float = 200) -> Texture:
    """Bands of two colours, worn: cones, kerbs, barriers."""
    image = paint(rng, 8 * width_m, 8 * width_m, (200, 200, 200), grain).image.astype(np.float32)
    dark = (np.arange(len(image)) // max(1, round(width_m * grain))) % 2 == 1
    worn = 1 + 0.12 * rng.standard_normal(image.shape[:2])[..., None]
    bands = np.where(dark[:, None, None], np.asarray(second), np.asarray(first)) * worn
    return Texture(np.clip(bands, 0, 255).astype(np.uint8), grain)


def rug(rng: np.random.Generator, centre: Place, wide_m: float, deep_m: float, height_m: float) -> Body:
    """A carpet, `height_m` above the floor so that it hides it."""
    yaw = np.radians(rng.uniform(0, 180))
    right, up = wide_m * np.array([np.cos(yaw), np.sin(yaw), 0]), deep_m * np.array([-np.sin(yaw), np.cos(yaw), 0])
    corner = np.array([centre[0], centre[1], height_m]) - (right + up) / 2
    return Body(quad(corner, right, up), cloth(rng, 1.6, 1.2, colour(rng), 300))


def greens(rng: np.random.Generator) -> tuple[Texture, Texture, Texture]:
    """Leaves, bark and stone, shared by all that grows and lies in a place."""
    return ground(rng, 4, LEAVES, 80, 0.6), ground(rng, 2, BARK, 80), ground(rng, 3, STONE, 80)


def masonry(rng: np.random.Generator, width_m: float, height_m: float) -> Texture:
    """A wall out of doors."""
    if rng.random() < 0.5:
        return bricks(rng, width_m, height_m, 110)
    return terrazzo(rng, width_m, height_m, wall_paint(rng, 150), 110)


def _height(position: Place) -> float:
    return float(position[2]) if len(position) > 2 else 0.0
