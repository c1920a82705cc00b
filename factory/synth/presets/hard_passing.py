"""Hard: large things pass, wait, start, stop or keep their distance: trains, a lorry, a sliding door."""

from collections.abc import Callable

import numpy as np

from factory.synth.camera import handheld
from factory.synth.mesh import box
from factory.synth.presets.lenses import fixed
from factory.synth.rides import driven
from factory.synth.route import Route, driving, speeds
from factory.synth.scene import Body, Thing, one_thing, rigid
from factory.synth.sets.flat import furnished
from factory.synth.sets.placing import corridor
from factory.synth.sets.street import street
from factory.synth.sets.things import Photos
from factory.synth.take import Path, Take
from factory.synth.textures import picture

SECONDS = 3.0
Way = Callable[[float], float]  # time_s -> metres gone


def steady(speed_m_s: float) -> Way:
    """At one speed."""
    return lambda time_s: speed_m_s * time_s


def starting(speed_m_s: float, at_s: float, takes_s: float = 0.5) -> Way:
    """Stands until `at_s`, then gathers speed for `takes_s`."""

    def way(time_s: float) -> float:
        gone_s = max(time_s - at_s, 0.0)
        return speed_m_s * (gone_s**2 / (2 * takes_s) if gone_s < takes_s else gone_s - takes_s / 2)

    return way


def stopping(speed_m_s: float, at_s: float, takes_s: float = 0.5) -> Way:
    """Goes until `at_s`, then stands within `takes_s`."""
    start = starting(speed_m_s, at_s, takes_s)
    return lambda time_s: speed_m_s * time_s - start(time_s)


def train(rng: np.random.Generator, photos: Photos, way: Way, low_m: float, high_m: float, length_m: float) -> Take:
    """A printed wagon passes on the other side of the street while the camera walks along it: the larger part of the
    picture moves as one, and so passes for the world."""
    side, x, path = _pavement(rng)
    wagon = _wagon(rng, (x, 1.2), side, way, (low_m, high_m), length_m, "printed wagon that passes")
    return Take(street(rng, (wagon,), _track(x), photos), path, fixed(0.85))


def two_trains(rng: np.random.Generator, photos: Photos) -> Take:
    """A low wagon, near, goes one way and a high one behind it the other: of three motions, the world's, in a strip
    between them, has the fewest corners."""
    side, x, path = _pavement(rng)
    near = _wagon(rng, (x, -0.2), side, steady(0.7), (0.0, 1.2), 8.0, "low printed wagon in front")
    far = _wagon(rng, (x, 2.4), -side, steady(0.9), (1.75, 5.0), 14.0, "high printed wagon behind")
    return Take(street(rng, (near, far), _track(x), photos), path, fixed(0.85))


def escort(rng: np.random.Generator, photos: Photos) -> Take:
    """Behind a lorry that keeps its distance, drawing near and falling back a little: its rear hardly moves in the
    picture, as if the camera stood still, and the world passes at the sides."""
    lane_m = -1.7
    way = Route([(0.0, lane_m), (12.0, lane_m), (24.0, lane_m - 0.1), (36.0, lane_m), (60.0, lane_m)])
    pace = speeds((0.0, 1.0, 2.0, 3.0), tuple(3.0 * rng.uniform(0.85, 1.15, 4)), 3.0)
    phase = rng.uniform(0, 6)

    def leading(times_s: np.ndarray) -> np.ndarray:
        return pace(times_s) + 6.4 + 0.25 * np.sin(1.6 * times_s + phase)

    path = driven(rng, way, pace, 1.5, 9.0, 0.05, jolt_m=0.006, shake_deg=0.2)
    drive, print_ = driving(way, leading), picture(rng, 3.0, 2.6, 150)
    chest = Body(box((6.0, 2.4, 2.5)), print_, lambda time_s: drive(time_s) @ rigid((0, 0, 1.75)))
    below = Body(box((5.6, 2.0, 0.35)), print_, lambda time_s: drive(time_s) @ rigid((0, 0, 0.33)))
    lorry = one_thing("printed lorry ahead", (chest, below))
    return Take(street(rng, lorry, corridor(path, SECONDS, [drive]), photos), path, fixed(0.85))


def door(rng: np.random.Generator, photos: Photos, way: Way) -> Take:
    """A printed sliding door hides three borders and 2/3 of the picture; it creeps, and stands from the middle of the
    clip on. No frame tells that it moves: only the bend that it makes of the camera's path would."""
    side = rng.choice((-1.0, 1.0))
    path = handheld(rng, (-side * 0.5, -2.2, 1.5), (side * 0.35, 0.05, 0.0), (0.0, 2.0, 1.0), (side * 0.15, 0.0, 0.0))

    def sliding(time_s: float) -> np.ndarray:
        return rigid((side * (way(time_s) - 1.25), -0.9, 1.2))

    panel = Body(box((2.6, 0.05, 2.4)), picture(rng, 1.6, 1.2, 350), sliding, thing=Thing("printed sliding door"))
    clear = np.concatenate([corridor(path, SECONDS, (), 1.0), np.stack([np.linspace(-3, 3, 13), np.full(13, -0.9)], 1)])
    return Take(furnished(rng, (panel,), clear, photos), path, fixed(0.85))


def _pavement(rng: np.random.Generator) -> tuple[float, float, Path]:
    """Which way along x a walk on a pavement goes, about which x, and its path, eyes on the other side."""
    side = rng.choice((-1.0, 1.0))
    x = rng.uniform(4.0, 10.0)
    path = handheld(rng, (x, -3.0, 1.55), (0.5 * side, 0.1, 0.0), (x + 0.6 * side, 6.0, 1.1), (0.5 * side, 0.0, 0.0))
    return side, x, path


def _wagon(
    rng: np.random.Generator,
    at_m: tuple[float, float],
    side: float,
    way: Way,
    height_m: tuple[float, float],
    length_m: float,
    name: str,
) -> Body:
    """A wagon from height_m[0] to height_m[1] above the ground that rolls to side * x and is at `at_m` half way."""
    low_m, high_m = height_m
    print_ = picture(rng, length_m, 2 * (high_m - low_m), 90)
    start = np.array([at_m[0] - side * way(SECONDS) / 2, at_m[1], (low_m + high_m) / 2])

    def rolling(time_s: float) -> np.ndarray:
        return rigid(start + np.array([side * way(time_s), 0.0, 0.0]))

    return Body(box((length_m, 1.6, high_m - low_m)), print_, rolling, thing=Thing(name))


def _track(x: float) -> np.ndarray:
    """Ground (N, 2) that stays free."""
    return np.stack(np.meshgrid(np.linspace(x - 4, x + 4, 9), np.linspace(-4, 2, 7)), -1).reshape(-1, 2)
