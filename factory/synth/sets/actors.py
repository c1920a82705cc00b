"""Who moves: someone who walks, a balloon, a crate in the air, cars, a dog, a swan, an arm, a crowd, water."""

from collections.abc import Callable

import numpy as np
from scipy.spatial.transform import Rotation

from factory.synth.colours import colour_word
from factory.synth.mesh import Mesh, box, cylinder, ellipsoid, height_field, merged, placed, smooth_normals
from factory.synth.route import Progress, Route, driving
from factory.synth.scene import Body, Motion, Thing, one_thing, rigid, straight_walk, swinging, turned
from factory.synth.sets.things import colour, wall_paint
from factory.synth.textures import Colour, Texture, cloth, enamel, ground, paint, picture, terrazzo

HELD_BOX = "printed box held before the camera"
LONGEST_TOY_M = 1.0  # of cars called toys


def walker(
    rng: np.random.Generator,
    walk: Motion,
    pace_hz: float = 0.95,
    vigour: Callable[[float], float] = lambda _time_s: 1.0,
) -> tuple[Body, ...]:
    """Someone 1.75 m tall in chequered clothes, walking along `walk` with swinging arms and legs: six rigid bodies.

    vigour: factor on the swing, 0 when standing.
    """
    shirt, trousers = wall_paint(rng, 100), wall_paint(rng, 70)
    skin = terrazzo(rng, 0.8, 0.5, (190, 146, 118), 400)

    def limb(
        radii: tuple[float, float, float], pivot: tuple[float, float, float], swing_deg: float, phase: float
    ) -> Body:
        dye = trousers if pivot[2] < 1 else shirt
        motion = swinging(walk, pivot, swing_deg, pace_hz, phase, vigour)
        return Body(_ball(radii, (0, 0, -radii[2])), cloth(rng, 0.7, 0.9, dye), motion)

    torso = Body(_ball((0.17, 0.25, 0.36), (0, 0, 1.16)), cloth(rng, 1.4, 0.8, shirt), walk)
    parts = (
        torso,
        Body(_ball((0.11, 0.10, 0.14), (0, 0, 1.61)), skin, walk),
        limb((0.10, 0.10, 0.46), (0, 0.11, 0.92), 26, 0.0),
        limb((0.10, 0.10, 0.46), (0, -0.11, 0.92), 26, np.pi),
        limb((0.065, 0.065, 0.34), (0, 0.29, 1.42), 24, np.pi),
        limb((0.065, 0.065, 0.34), (0, -0.29, 1.42), 24, 0.0),
    )
    return one_thing(f"walking person in {colour_word(torso.texture)}", parts)


def arrival(start_m: np.ndarray, stop_m: np.ndarray, arrives_s: float) -> tuple[Motion, Callable[[float], float]]:
    """Walks (2,) to (2,), slows down and stands from `arrives_s` on; with the vigour of the limbs for `walker`."""
    way = np.asarray(stop_m, float) - np.asarray(start_m, float)
    heading_deg = float(np.degrees(np.arctan2(way[1], way[0])))

    def motion(time_s: float) -> np.ndarray:
        share = float(np.clip(time_s / arrives_s, 0, 1))
        return turned(heading_deg, (*(np.asarray(start_m) + way * share * (2 - share)), 0.0))

    return motion, lambda time_s: float(np.clip(1 - time_s / arrives_s, 0, 1)) ** 0.5


def crowd(
    rng: np.random.Generator, count: int, low_m: tuple[float, float], high_m: tuple[float, float]
) -> tuple[Body, ...]:
    """Walkers to and fro along x in the rectangle, each in a lane of its own so that nobody meets anybody."""
    lanes = rng.permutation(np.linspace(low_m[1], high_m[1], count))
    bodies: list[Body] = []
    for lane in lanes:
        speed = rng.uniform(0.6, 1.4) * rng.choice((-1, 1))
        start = rng.uniform(low_m[0], high_m[0]) - speed * 1.5
        bodies.extend(walker(rng, straight_walk((start, lane), (speed, 0.0)), rng.uniform(0.8, 1.05)))
    return tuple(bodies)


def balloon(rng: np.random.Generator, radii_m: tuple[float, float, float], motion: Motion) -> tuple[Body, ...]:
    """A patterned balloon."""
    around_m, along_m = 2 * np.pi * max(radii_m), np.pi * max(radii_m)
    skin = cloth(rng, around_m, along_m, (170, 150, 130), 600)
    return (Body(ellipsoid(radii_m, 32, 64), skin, motion, thing=Thing("chequered balloon")),)


def parcel(
    rng: np.random.Generator, size_m: tuple[float, float, float], motion: Motion, name: str = "printed box"
) -> tuple[Body, ...]:
    """A printed box."""
    print_ = picture(rng, 4 * max(size_m), 3 * max(size_m), 120 / max(size_m))
    return (Body(box(size_m), print_, motion, thing=Thing(name)),)


def car(
    rng: np.random.Generator, length_m: float, route: Route, progress: Progress, left_m: float = 0.0
) -> tuple[Body, ...]:
    """A car of that length (0.3 is a toy) that drives along a route, or beside it, on turning wheels."""
    drive = driving(route, progress, left_m)
    wheel = placed(
        cylinder(0.085 * length_m, 0.06 * length_m), rigid((0, 0, 0), Rotation.from_euler("x", 90, degrees=True))
    )
    tyre = enamel(rng, length_m, length_m, (58, 58, 60), 120 / length_m)

    def rolling(x: float, y: float) -> Motion:
        def motion(time_s: float) -> np.ndarray:
            turn_rad = float(progress(np.array([time_s]))[0]) / (0.085 * length_m)
            at = (x * length_m, y * length_m, 0.085 * length_m)
            return drive(time_s) @ rigid(at, Rotation.from_euler("y", turn_rad))

        return motion

    wheels = (Body(wheel, tyre, rolling(x, y)) for x in (-0.3, 0.3) for y in (-0.19, 0.19))
    coachwork = [Body(shell, texture, drive) for shell, texture in _coachwork(rng, length_m)]
    kind = "toy car" if length_m < LONGEST_TOY_M else "car"
    return one_thing(f"{colour_word(coachwork[0].texture)} {kind}", (*coachwork, *wheels))


def parked_car(rng: np.random.Generator, length_m: float, world_from_car: np.ndarray) -> tuple[Body, ...]:
    """The same car, standing."""
    wheel = placed(
        cylinder(0.085 * length_m, 0.06 * length_m), rigid((0, 0, 0), Rotation.from_euler("x", 90, degrees=True))
    )
    wheels = merged(
        [
            placed(wheel, rigid((x * length_m, y * length_m, 0.085 * length_m)))
            for x in (-0.3, 0.3)
            for y in (-0.19, 0.19)
        ]
    )
    tyre = paint(rng, length_m, length_m, (40, 40, 42), 40 / length_m)
    return tuple(Body(placed(m, world_from_car), t) for m, t in (*_coachwork(rng, length_m), (wheels, tyre)))


def _coachwork(rng: np.random.Generator, length_m: float) -> list[tuple[Mesh, Texture]]:
    """Body, cabin and lights."""
    a = length_m
    lower = [
        placed(box((a, 0.42 * a, 0.13 * a)), rigid((0, 0, 0.14 * a))),
        placed(box((0.16 * a, 0.38 * a, 0.05 * a)), rigid((-0.42 * a, 0, 0.225 * a))),
    ]
    lights = [
        placed(box((0.02 * a, 0.09 * a, 0.045 * a)), rigid((x * a, y * a, 0.165 * a)))
        for x in (-0.5, 0.5)
        for y in (-0.15, 0.15)
    ]
    shell = enamel(rng, 1.2 * a, 0.8 * a, colour(rng, 60), 260 / a)
    glass = enamel(rng, 0.8 * a, 0.5 * a, (48.0, 58.0, 68.0), 260 / a)
    cabin = placed(_cabin(0.52 * a, 0.36 * a, 0.13 * a), rigid((-0.06 * a, 0, 0.205 * a)))
    red = paint(rng, a, a, (200.0, 52.0, 40.0), 40 / a)
    return [(merged(lower), shell), (cabin, glass), (merged(lights), red)]


def _cabin(length_m: float, width_m: float, height_m: float) -> Mesh:
    """A box that narrows upwards."""
    mesh = box((length_m, width_m, height_m))
    vertices = mesh.vertices + np.array([0, 0, height_m / 2])
    narrow = np.where(vertices[:, 2:] > height_m / 2, (0.62, 0.85, 1.0), 1.0)
    vertices = vertices * narrow
    return Mesh(vertices, mesh.faces, mesh.uv_m, smooth_normals(vertices, mesh.faces))


def dog(rng: np.random.Generator, walk: Motion, scale: float = 1.0, pace_hz: float = 1.6) -> tuple[Body, ...]:
    """A four-legged animal, 0.6 m high at scale 1, that trots along `walk`: seven rigid bodies."""
    fur = ground(rng, 1.5, tuple(_shade(c, rng) for c in (50, 90, 140, 190)), 400, 0.8)
    s = scale

    def limb(radii: tuple[float, float, float], pivot: tuple[float, float, float], swing: float, phase: float) -> Body:
        mesh = _ball(tuple(s * r for r in radii), (0, 0, -s * radii[2]))
        return Body(mesh, fur, swinging(walk, tuple(s * p for p in pivot), swing, pace_hz, phase))

    torso = _ball((0.36 * s, 0.14 * s, 0.16 * s), (0, 0, 0.48 * s))
    head = merged(
        [
            _ball((0.14 * s, 0.09 * s, 0.10 * s), (0.47 * s, 0, 0.66 * s)),
            _ball((0.09 * s, 0.05 * s, 0.05 * s), (0.60 * s, 0, 0.62 * s)),
        ]
    )
    legs = [
        limb((0.055, 0.05, 0.22), (x, y, 0.44), 28, phase)
        for x, y, phase in ((0.25, 0.08, 0.0), (0.25, -0.08, np.pi), (-0.26, 0.08, np.pi), (-0.26, -0.08, 0.0))
    ]
    tail = limb((0.04, 0.04, 0.18), (-0.34, 0, 0.60), 35, 1.0)
    return one_thing("dog", (Body(torso, fur, walk), Body(head, fur, walk), tail, *legs))


def swan(rng: np.random.Generator, swim: Motion) -> tuple[Body, ...]:
    """A swan-like bird, 1.1 m long, its neck nodding."""
    down = cloth(rng, 1.2, 1.0, (206, 204, 196), 300)
    neck = merged([_ball((0.07, 0.06, 0.16), (0.03 * k, 0, 0.10 + 0.15 * k)) for k in range(4)])
    head = merged([neck, _ball((0.13, 0.07, 0.07), (0.17, 0, 0.66)), _ball((0.09, 0.03, 0.03), (0.31, 0, 0.64))])
    wings = merged([_ball((0.42, 0.10, 0.17), (-0.08, y, 0.20)) for y in (-0.20, 0.20)])
    parts = (
        Body(_ball((0.55, 0.27, 0.22), (0, 0, 0.10)), down, swim),
        Body(wings, down, swim),
        Body(head, down, swinging(swim, (0.40, 0, 0.15), 12, 0.8, 0.0)),
    )
    return one_thing("white swan", parts)


def arm(
    rng: np.random.Generator, shoulder: Motion, swing_deg: float, rate_hz: float, scale: float = 1.0
) -> tuple[Body, ...]:
    """A sleeve, a hand and a printed box in it, hanging along -z of `shoulder` and swinging about its y axis."""
    s, swing = scale, swinging(shoulder, (0, 0, 0), swing_deg, rate_hz, 0.6)
    skin = terrazzo(rng, 0.5, 0.5, (196, 150, 120), 800)
    parts = (
        Body(
            _ball((0.055 * s, 0.05 * s, 0.22 * s), (0, 0, -0.2 * s)),
            cloth(rng, 0.6, 0.6, wall_paint(rng, 100), 700),
            swing,
        ),
        Body(_ball((0.05 * s, 0.04 * s, 0.08 * s), (0, 0, -0.45 * s)), skin, swing),
        *parcel(rng, (0.14 * s, 0.10 * s, 0.18 * s), lambda time_s: swing(time_s) @ rigid((0.02 * s, 0, -0.56 * s))),
    )
    return one_thing("arm that holds a printed box", parts)


def water(rng: np.random.Generator, low_m: tuple[float, float], high_m: tuple[float, float], cells: int = 90) -> Body:
    """A pond's surface at z = 0 whose waves carry its pattern to and fro, each place its own way.

    Gerstner waves (Fournier and Reeves, SIGGRAPH 1986): every point moves in a circle, sideways too.
    """
    x, y = np.linspace(low_m[0], high_m[0], cells), np.linspace(low_m[1], high_m[1], cells)
    mesh = height_field(x, y, np.zeros((cells, cells)))
    lengths = rng.uniform(0.7, 4.0, 9)
    angles, phases = rng.uniform(0, 2 * np.pi, 9), rng.uniform(0, 2 * np.pi, 9)
    wave = (2 * np.pi / lengths)[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    pulse = np.sqrt(9.81 * 2 * np.pi / lengths)  # deep water
    height = 0.011 * lengths

    def waves(time_s: float) -> tuple[np.ndarray, np.ndarray]:
        phase = mesh.vertices[:, :2] @ wave.T - pulse * time_s + phases
        along = wave / np.linalg.norm(wave, axis=1, keepdims=True)
        aside = -(np.sin(phase) * height) @ along
        vertices = mesh.vertices + np.column_stack([aside, (np.cos(phase) * height).sum(axis=1)])
        return vertices, smooth_normals(vertices, mesh.faces)

    colours: tuple[Colour, ...] = ((28, 44, 50), (54, 82, 88), (96, 128, 132), (190, 204, 204))
    return Body(mesh, ground(rng, 6, colours, 80, 0.9), waves=waves, thing=Thing("water of a pond"))


def _ball(radii_m: tuple[float, ...], centre_m: tuple[float, float, float]) -> Mesh:
    return placed(ellipsoid(radii_m, 16, 32), rigid(centre_m))


def _shade(brightness: float, rng: np.random.Generator) -> Colour:
    return float(brightness + rng.normal(0, 6)), float(0.85 * brightness), float(0.68 * brightness + rng.normal(0, 6))
