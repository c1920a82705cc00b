"""Out of doors: hills with rocks and trees, a pond, a park with a race track for toy cars."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.interpolate import RectBivariateSpline
from scipy.ndimage import gaussian_filter

from factory.synth.mesh import box, height_field, part, quad, smooth_normals
from factory.synth.route import Route
from factory.synth.scene import Body, Lamp, Scene
from factory.synth.sets.actors import water
from factory.synth.sets.flat import NOWHERE
from factory.synth.sets.placing import Clear, spots
from factory.synth.sets.things import (
    STONE,
    Photos,
    cone,
    crate,
    greens,
    lamp_post,
    masonry,
    poster,
    standing,
    stone,
    stripes,
    tree,
)
from factory.synth.textures import Colour, Texture, bricks, cloth, fractal, ground

GRASS: tuple[Colour, ...] = ((48, 56, 26), (86, 98, 44), (128, 132, 66), (172, 166, 104))
EARTH: tuple[Colour, ...] = ((70, 54, 40), (118, 96, 72), (152, 132, 104), (192, 176, 148))
Height = Callable[[np.ndarray], np.ndarray]  # points (N, 2) -> heights (N,)


def hills(rng: np.random.Generator, height_m: float = 3.0, half_m: float = 70.0) -> tuple[list[Body], Height]:
    """Rolling ground about the origin, `height_m` its standard deviation, in grass and bare rock; with its heights."""
    axis = np.linspace(-half_m, half_m, 140)
    heights = gaussian_filter(fractal(rng, 140, 140, 1.7).astype(float), 1.5)
    heights *= height_m / heights.std()
    heights -= heights[63:77, 63:77].mean()
    return _land(rng, axis, axis, heights)


def wild(
    rng: np.random.Generator,
    land: tuple[list[Body], Height],
    actors: tuple[Body, ...] = (),
    clear: Clear = NOWHERE,
    trees: int = 14,
    half_m: float = 45.0,
) -> Scene:
    """Hills with rocks and trees, and a hut."""
    bodies, height = land
    leaves, bark, rock = greens(rng)
    bodies = list(bodies)
    for spot in spots(rng, 45, (-half_m, -half_m), (half_m, half_m), clear, 1.5, 1.5):
        bodies.append(stone(rng, rng.uniform(0.3, 1.3), (*spot, height(spot[None])[0]), rock))
    for spot in spots(rng, trees, (-half_m, -half_m), (half_m, half_m), clear, 4.0, 4.0):
        bodies.extend(tree(rng, (*spot, height(spot[None])[0]), rng.uniform(4, 8), leaves, bark))
    for spot in spots(rng, 1, (-15, 8), (15, 25), clear, 6.0, 1.0):
        z = height(spot[None])[0]
        yaw = rng.uniform(0, 90)
        bodies.append(standing(box((4, 3, 2.6)), yaw, (*spot, z + 1.0), bricks(rng, 4.8, 2.4, 110)))
        bodies.append(standing(box((4.6, 3.6, 0.3)), yaw, (*spot, z + 2.4), cloth(rng, 3, 3, (120, 80, 60), 100)))
    return Scene((*bodies, *actors), lamp_m=(-250.0, -300.0 + rng.uniform(-100, 200), 380.0), ambient=0.45)


def pond(rng: np.random.Generator, actors: tuple[Body, ...] = (), clear: Clear = NOWHERE) -> Scene:
    """Water at z = 0, 20 x 14 m about (0, 9), in a hollow of a park; the near bank is along y = 1."""
    x_m, y_m = np.linspace(-40, 40, 120), np.linspace(-20, 60, 120)
    x, y = np.meshgrid(x_m, y_m)
    ring = np.hypot(x / 11.0, (y - 9) / 8.0)
    heights = np.clip((ring - 1) * 1.3, -0.8, 0.55) + 0.06 * gaussian_filter(fractal(rng, 120, 120, 1.2), 0.8)
    heights += np.clip(ring - 2, 0, None) * 0.8
    bodies, height = _land(rng, x_m, y_m, heights)
    leaves, bark, rock = greens(rng)
    around = rng.uniform(0, 2 * np.pi, 26)
    for angle in around:
        spot = np.array([12.0 * np.cos(angle), 9 + 8.8 * np.sin(angle)]) * rng.uniform(0.98, 1.08)
        if not len(clear) or np.linalg.norm(clear - spot, axis=1).min() > 1.3:
            bodies.append(stone(rng, rng.uniform(0.25, 0.7), (*spot, height(spot[None])[0]), rock))
    for spot in spots(rng, 16, (-24, 19), (24, 34), clear, 2.0, 2.5):
        bodies.extend(tree(rng, (*spot, height(spot[None])[0]), rng.uniform(4, 7.5), leaves, bark))
    return Scene((*bodies, water(rng, (-12, 0.5), (12, 17.5)), *actors), (-180.0, -260.0, 330.0), ambient=0.5)


def park(
    rng: np.random.Generator,
    track: Route,
    actors: tuple[Body, ...] = (),
    photos: Photos = (),
    night: bool = False,
    lamps: tuple[Lamp, ...] = (),
) -> Scene:
    """A walled yard of 22 x 18 m with a track for toy cars on gravel, lined by stones, cones and crates."""
    leaves, bark, rock = greens(rng)
    gravel = ground(rng, 5, STONE if rng.random() < 0.5 else EARTH, 200, 0.5)
    bodies = [Body(quad((-25, -25, 0), (50, 0, 0), (0, 50, 0)), gravel)]
    for k, (corner, right, length) in enumerate(
        (((-11, 9), (1, 0), 22), ((11, 9), (0, -1), 18), ((11, -9), (-1, 0), 22), ((-11, -9), (0, 1), 18))
    ):
        tall = rng.uniform(2.0, 4.0)
        along = np.array([right[0], right[1], 0.0])
        bodies.append(Body(quad((*corner, 0), along * length, (0, 0, tall)), masonry(rng, 6, 4)))
        inwards = np.array([right[1], -right[0], 0.0])
        for at in rng.uniform(1, length - 3, 3):
            place = np.array([*corner, rng.uniform(0.3, 0.9)]) + along * at + inwards * 0.03 * (k + 1)
            bodies.append(Body(quad(place, along * 1.6, (0, 0, 1.1)), poster(rng, photos, 1.6, 1.1)))
    clear = track.position(np.linspace(0, track.length_m, 200))[:, :2]
    banded = stripes(rng, (206, 60, 44), (226, 224, 216), 0.06)
    for metres in np.arange(0, track.length_m, 1.1):
        for side in (-1, 1):
            spot = track.beside(np.array([metres + rng.uniform(-0.3, 0.3)]), side * rng.uniform(0.6, 0.9))[0]
            if np.linalg.norm(clear - spot[:2], axis=1).min() < 0.5:
                continue
            kind = rng.random()
            if kind < 0.4:
                bodies.append(stone(rng, rng.uniform(0.06, 0.14), spot, rock))
            elif kind < 0.7:
                bodies.append(cone(spot, rng.uniform(0.18, 0.3), banded))
            else:
                bodies.append(crate(rng, 0.2, spot, rng.uniform(0, 90)))
    for spot in spots(rng, 24, (-10, -8), (10, 8), clear, 1.2, 1.1):
        if rng.random() < 0.3:
            bodies.extend(tree(rng, spot, rng.uniform(2, 3.5), leaves, bark))
        else:
            bodies.append(crate(rng, rng.uniform(0.4, 0.8), spot, rng.uniform(0, 90)))
    lights = lamps
    if night:
        for p in spots(rng, 3, (-9, -7), (9, 7), clear, 0.9, 5.0):
            bodies.append(lamp_post(rng, p, 2.6))
            lights = (*lights, Lamp((float(p[0]) + 1.1, float(p[1]), 2.4), 1.0, 2.5))
    sun = (-160.0, -240.0 + rng.uniform(-60, 60), 300.0)
    return Scene((*bodies, *actors), sun, ambient=0.45, daylight=0.025 if night else 1.0, lamps=lights)


def _land(rng: np.random.Generator, x_m: np.ndarray, y_m: np.ndarray, z_m: np.ndarray) -> tuple[list[Body], Height]:
    """Ground in two materials: grass, and earth or rock where noise or the slope says."""
    mesh = height_field(x_m, y_m, z_m)
    spline = RectBivariateSpline(x_m, y_m, z_m.T, kx=1, ky=1)
    # Off the grid, or the borders between the materials would be stairs.
    vertices = mesh.vertices.copy()
    vertices[:, :2] += rng.uniform(-0.35, 0.35, (len(vertices), 2)) * (x_m[1] - x_m[0], y_m[1] - y_m[0])
    vertices[:, 2] = spline(vertices[:, 0], vertices[:, 1], grid=False)
    mesh = replace(
        mesh,
        vertices=vertices,
        uv_m=(vertices[:, :2] * (1, -1))[mesh.faces],
        normals=smooth_normals(vertices, mesh.faces),
    )
    patches = gaussian_filter(fractal(rng, len(y_m), len(x_m), 1.0), 0.7)
    cells = patches[:-1, :-1].ravel()
    earthy = np.concatenate([cells, cells]) > 0.5 * patches.std()
    earthy |= mesh.normals[:, 0, 2] < 0.88
    grass: Texture = ground(rng, 10, GRASS, 60, 0.55)
    bare = ground(rng, 8, EARTH if rng.random() < 0.5 else STONE, 60, 0.7)
    bodies = [Body(part(mesh, ~earthy), grass), Body(part(mesh, earthy), bare)]
    return bodies, lambda points: spline(points[:, 0], points[:, 1], grid=False)
