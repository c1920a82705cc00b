"""Toy cars that race: seen from on board, from behind, by day and by night, in a loft and in a yard."""

from dataclasses import replace
from typing import Literal

import numpy as np

from factory.synth.presets.lenses import fixed
from factory.synth.rides import chase, driven
from factory.synth.route import Route, driving, speeds
from factory.synth.scene import Body, Lamp
from factory.synth.sets.actors import car
from factory.synth.sets.flat import loft
from factory.synth.sets.land import park
from factory.synth.sets.things import Photos
from factory.synth.take import Film, Take

SHARP = Film()
DIM = Film(shutter_s=1 / 30, noise_levels=5.0)  # a phone in a dim hall


def race(
    rng: np.random.Generator,
    photos: Photos,
    *,
    place: Literal["loft", "yard"],
    behind_m: float | None = None,
    rivals: tuple[tuple[float, float], ...] = (),
    aim_m: float = 0.3,
    toy_m: float = 0.42,
    speed_m_s: float = 3.0,
    night: bool = False,
    k1: float = 0.0,
    film: Film = SHARP,
) -> Take:
    """One round of a track.

    behind_m: how far the camera follows the first car, looking `aim_m` beyond it; None: it is on board of one.
    rivals: cars, each (metres ahead of the one that is followed or ridden, metres to its left). toy_m: length of a car.
    """
    track = circuit(rng, (5.0, 3.7) if place == "loft" else (6.6, 5.2))
    start_m = rng.uniform(0.5, 3.0)
    way = speeds((0.0, 1.2, 2.2, 3.0), tuple(speed_m_s * rng.uniform(0.85, 1.15, 4)), start_m)
    cars: list[Body] = []
    lamps: list[Lamp] = []
    ahead = rivals if behind_m is None else ((0.0, 0.0), *rivals)
    for lead_m, left_m in ahead:

        def rival(times_s: np.ndarray, lead_m: float = lead_m) -> np.ndarray:
            # Rivals draw near and fall back a little: they are not bolted to the camera.
            return way(times_s) + lead_m * (1 + 0.12 * np.sin(1.7 * times_s))

        cars.extend(car(rng, toy_m * rng.uniform(0.95, 1.05), track, rival, left_m))
        if night:
            lamps.append(Lamp((0.55 * toy_m, 0, 0.10), 1.2, 1.2, 38.0, driving(track, rival, left_m)))
    if behind_m is None:
        path = driven(rng, track, way, rng.uniform(0.12, 0.17), 1.1, 0.03, jolt_m=0.004, shake_deg=0.5, lean_deg=6.0)
        focal_per_width = 0.62
        if night:
            lamps.append(Lamp((0.0, 0, 0.22), 0.9, 1.8, 50.0, driving(track, way)))
    else:
        high_m = rng.uniform(0.30, 0.38) * behind_m + 0.08
        path = chase(rng, track, way, behind_m, high_m, aim_m, 0.08, sway_m=0.01)
        focal_per_width = 0.85
    build = loft if place == "loft" else park
    scene = build(rng, track, tuple(cars), photos, night, tuple(lamps))
    if film is DIM:
        scene = replace(scene, daylight=0.12)
    return Take(scene, path, fixed(focal_per_width, k1), film)


def circuit(rng: np.random.Generator, half_m: tuple[float, float]) -> Route:
    """A bent oval about the origin, a round and a half of it."""
    count = 9
    angles = 2 * np.pi * (np.arange(count) + rng.uniform(-0.15, 0.15, count)) / count
    radius = rng.uniform(0.72, 1.0, count)
    corners = np.stack([half_m[0] * radius * np.cos(angles), half_m[1] * radius * np.sin(angles)], axis=1)
    corners = np.roll(corners, int(rng.integers(count)), axis=0)
    return Route(np.concatenate([corners, corners[: count // 2 + 1]]))
