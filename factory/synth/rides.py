"""Camera paths along routes: driving, on board of a toy car, behind a car; and in the air."""

import numpy as np

from factory.synth.camera import Track, gazes, shaken, tremor, watching
from factory.synth.route import Progress, Route
from factory.synth.take import Path


def driven(
    rng: np.random.Generator,
    route: Route,
    progress: Progress,
    height_m: float,
    ahead_m: float,
    drop_m: float = 0.0,
    jolt_m: float = 0.01,
    shake_deg: float = 0.25,
    lean_deg: float = 0.0,
) -> Path:
    """On a vehicle, looking at where it will be `ahead_m` later, `drop_m` below eye level.

    jolt_m: RMS of the wheels' jolts (up and down); lean_deg: roll out of a bend of 1 m radius.
    """
    jolt, shake = tremor(rng), tremor(rng)

    def path(times_s: np.ndarray) -> np.ndarray:
        metres = progress(times_s)
        # A vehicle on wheels jolts faster than a hand: three times the tremor's band.
        height = height_m + jolt_m * jolt(3 * times_s)[:, 2]
        position = route.position(metres) + np.outer(height, (0, 0, 1))
        target = route.position(metres + ahead_m) + np.array([0, 0, height_m - drop_m])
        roll = np.outer(lean_deg * np.tanh(route.bend_per_m(metres)), (0, 0, 1))
        return shaken(gazes(position, target), shake_deg * shake(2 * times_s) + roll)

    return path


def chase(
    rng: np.random.Generator,
    route: Route,
    progress: Progress,
    behind_m: float,
    height_m: float,
    ahead_m: float,
    target_height_m: float,
    left_m: float = 0.0,
    sway_m: float = 0.012,
    shake_deg: float = 0.3,
) -> Path:
    """Third person: follows what drives along the route at a distance, looking `ahead_m` beyond it."""

    def position(times_s: np.ndarray) -> np.ndarray:
        return route.beside(progress(times_s) - behind_m, left_m) + np.array([0, 0, height_m])

    def target(times_s: np.ndarray) -> np.ndarray:
        return route.position(progress(times_s) + ahead_m) + np.array([0, 0, target_height_m])

    return watching(rng, position, target, sway_m, shake_deg)


def drone(rng: np.random.Generator, position: Track, target: Track, bank_deg: float) -> Path:
    """Flies along a track looking at another, rolling by `bank_deg` RMS as the wind and its own turns make it."""
    steady, roll = watching(rng, position, target, 0.03, 0.15), tremor(rng)
    along_axis = np.array([0.0, 0.0, bank_deg])

    def path(times_s: np.ndarray) -> np.ndarray:
        return shaken(steady(times_s), roll(0.5 * times_s)[:, 2:] * along_axis)

    return path
