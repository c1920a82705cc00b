"""Streets, yards, hills, a pond."""

import numpy as np
from scipy.spatial.transform import Rotation

from factory.synth.camera import handheld, moving, orbit, pan
from factory.synth.presets.lenses import fixed, zooming
from factory.synth.rides import driven, drone
from factory.synth.route import Route, driving, speeds, steady
from factory.synth.scene import Motion, rigid, straight_walk, turned
from factory.synth.sets.actors import car, crowd, dog, swan, walker
from factory.synth.sets.land import Height, hills, pond, wild
from factory.synth.sets.placing import corridor
from factory.synth.sets.street import CROSSING_M, street
from factory.synth.sets.things import Photos
from factory.synth.take import Film, Take

SECONDS = 3.0
EYE_M = 1.35  # of a camera behind a windscreen
LANE_M = -1.7


def street_drive(rng: np.random.Generator, photos: Photos, seconds: float, speed_m_s: float) -> Take:
    """Drives down the street and turns at the crossing, while a car comes the other way and another one crosses."""
    left = rng.random() < 0.5
    turn_m = speed_m_s * seconds * 0.45  # where along the way the bend begins
    way = _turning(CROSSING_M - 4.0 - turn_m, left)
    pace = speeds((0.0, seconds / 2, seconds), (speed_m_s, 0.85 * speed_m_s, speed_m_s))
    path = driven(rng, way, pace, EYE_M, 9.0, 0.1, jolt_m=0.008, shake_deg=0.15, lean_deg=2.0)
    oncoming = Route([(90.0, 1.7), (50.0, 1.7), (10.0, 1.7), (-14.0, 1.7)])
    # It reaches the crossing only when the camera has left it.
    rival = steady(5.0, 90.0 - (CROSSING_M + 10.0) - 5.0 * seconds)
    leader = steady(0.92 * speed_m_s, 9.0)
    cars = (*car(rng, 4.2, oncoming, rival), *car(rng, 4.0, way, leader))
    clear = corridor(path, seconds, [driving(way, leader)])
    return Take(street(rng, cars, clear, photos), path, fixed(rng.uniform(0.7, 0.85)))


def _turning(start_x_m: float, left: bool) -> Route:
    """Along the lane to the crossing and into the side street, in a bend of about 6 m."""
    side = 1.0 if left else -1.0
    x = CROSSING_M + (1.7 if left else -1.7)
    bend = 6.5 if left else 4.2
    straight = [(x, LANE_M) for x in np.linspace(start_x_m, x - bend, 4)]
    arc = [
        (x - bend + bend * np.sin(a), LANE_M + side * bend * (1 - np.cos(a))) for a in np.radians((22.5, 45, 67.5, 90))
    ]
    after = [(x, arc[-1][1] + side * d) for d in (6.0, 14.0, 24.0, 36.0)]
    return Route([*straight, *arc, *after])


def street_stop_and_go(rng: np.random.Generator, photos: Photos) -> Take:
    """Behind a car in a queue: goes, stands for half a second, goes on."""
    way = Route([(0.0, LANE_M), (12.0, LANE_M), (24.0, LANE_M - 0.1), (36.0, LANE_M), (60.0, LANE_M)])
    mine = speeds((0.0, 0.9, 1.5, 2.0, 3.0), (4.0, 2.5, 0.0, 0.0, 3.5), 4.0)
    leader = speeds((0.0, 0.7, 1.3, 1.8, 3.0), (4.0, 2.2, 0.0, 0.0, 4.0), 10.2)
    path = driven(rng, way, mine, EYE_M, 9.0, 0.15, jolt_m=0.004, shake_deg=0.12)
    scene = street(rng, car(rng, 4.2, way, leader), corridor(path, SECONDS, [driving(way, leader)]), photos)
    return Take(scene, path, fixed(0.9))


def _pavement(
    rng: np.random.Generator, speed_m_s: float
) -> tuple[float, tuple[float, float, float], tuple[float, float, float]]:
    """Start x, start and velocity of someone on foot in the middle of the street."""
    x = rng.uniform(2.0, 12.0)
    return x, (x, -3.0, 1.55), (speed_m_s, 0.12, 0.0)


def street_crowd(rng: np.random.Generator, photos: Photos) -> Take:
    """Hand-held across from a crowd that goes both ways."""
    x, start, velocity = _pavement(rng, 0.6)
    path = handheld(rng, start, velocity, (x + 1.5, 6.0, 1.2), (0.6, 0, 0))
    people = crowd(rng, 9, (x - 2.0, 0.4), (x + 5.0, 4.4))
    clear = np.stack(np.meshgrid(np.linspace(x - 4, x + 7, 12), np.linspace(-4, 5.5, 10)), -1).reshape(-1, 2)
    return Take(street(rng, people, clear, photos), path, fixed(0.8))


def street_walk(
    rng: np.random.Generator, photos: Photos, film: Film, ratio: float = 1.0, k1: float = 0.0, distance_m: float = 4.0
) -> Take:
    """Hand-held, walking along, filming someone who walks on the other side; zooms by `ratio`."""
    x, start, velocity = _pavement(rng, 0.9)
    walk = straight_walk((x + rng.uniform(-0.4, 0.2), distance_m - 3.0), (1.15, 0.0))
    path = handheld(rng, start, velocity, (x + 0.8, 5.0, 1.3), (0.95, 0, 0), 0.02, 0.45)
    clear = corridor(path, SECONDS, [walk], 5.0)
    lens = fixed(0.8, k1) if ratio == 1.0 else zooming(0.75, ratio, SECONDS)
    return Take(street(rng, walker(rng, walk), clear, photos), path, lens, film)


def pan_street(rng: np.random.Generator, photos: Photos) -> Take:
    """Pans with a car that drives past: pure rotation."""
    x = rng.uniform(5.0, 15.0)
    path = pan(rng, (x, -4.6, 1.6), (x - 2.2, 6.0, 1.3), 14.0, 0.2)
    way = Route([(x - 10.0, 1.7), (x, 1.7), (x + 12.0, 1.7), (x + 24.0, 1.7)])
    clear = np.stack(np.meshgrid(np.linspace(x - 7, x + 7, 12), np.linspace(-5, 4.4, 10)), -1).reshape(-1, 2)
    return Take(street(rng, car(rng, 4.2, way, steady(3.6, 7.0)), clear, photos), path, fixed(0.75))


def terrain_drone(rng: np.random.Generator, photos: Photos) -> Take:
    """Rises, tilts down and flies over hills where a dog runs."""
    del photos
    land = hills(rng, 2.0)
    heading = rng.uniform(0, 2 * np.pi)
    ahead = np.array([np.cos(heading), np.sin(heading), 0.0])
    ground_m = float(land[1](np.zeros((1, 2)))[0])

    def position(times_s: np.ndarray) -> np.ndarray:
        rise = ground_m + 2.6 + 1.1 * times_s + 0.25 * times_s**2
        return np.outer(3.4 * times_s - 6.0, ahead) + np.outer(rise, (0, 0, 1))

    target = moving(9.0 * ahead + (0, 0, ground_m + 0.5), 2.0 * ahead + (0, 0, -0.3))
    path = drone(rng, position, target, 4.0)
    side = np.array([-ahead[1], ahead[0]])
    run = _over(land[1], 4.5 * ahead[:2] - 1.8 * side, 1.6 * ahead[:2] + 1.3 * side)
    scene = wild(rng, land, dog(rng, run, 1.9), corridor(path, SECONDS, [run]))
    return Take(scene, path, fixed(0.75))


def terrain_orbit(rng: np.random.Generator, photos: Photos, ratio: float = 1.0) -> Take:
    """Round a dog that trots in a circle on a hill top; with `ratio`, zooming meanwhile."""
    del photos
    land = hills(rng, 2.2)
    radius_m = 0.5

    def trot(time_s: float) -> np.ndarray:
        angle = 1.5 * time_s
        at = radius_m * np.array([np.cos(angle), np.sin(angle)])
        return turned(float(np.degrees(angle)) + 90, (*at, float(land[1](at[None])[0])))

    angle = rng.uniform(0, 2 * np.pi)
    base = float(land[1](np.zeros((1, 2)))[0])
    arm_m = 3.1 if ratio == 1.0 else 4.5
    start = (arm_m * np.cos(angle), arm_m * np.sin(angle), base + 1.5)
    path = orbit(rng, start, (0.0, 0.0, base + 0.55), rng.choice((-1.0, 1.0)) * rng.uniform(9, 13))
    clear = np.concatenate(
        [corridor(path, SECONDS), np.zeros((1, 2)), 2 * np.array([[1, 0], [-1, 0], [0, 1], [0, -1.0]])]
    )
    scene = wild(rng, land, dog(rng, trot, 1.3, 1.9), clear, trees=16, half_m=28.0)
    return Take(scene, path, fixed(0.85) if ratio == 1.0 else zooming(0.7, ratio, SECONDS))


def pond_swan(rng: np.random.Generator, photos: Photos) -> Take:
    """Walks along a pond and turns with a swan that swims past."""
    del photos
    side = rng.choice((-1.0, 1.0))
    swim = straight_walk((-side * 1.4, 4.4), (side * 0.8, 0.05))

    def bob(time_s: float) -> np.ndarray:
        roll = Rotation.from_euler("xy", (2.0 * np.sin(2.6 * time_s), 2.5 * np.sin(3.4 * time_s + 1)), degrees=True)
        return swim(time_s) @ rigid((0, 0, 0.02 * np.sin(3.0 * time_s) - 0.02), roll)

    start = (-side * 0.9, -0.6, 1.75)
    path = handheld(rng, start, (side * 0.5, 0.0, 0.0), (-side * 1.1, 5.6, 0.9), (side * 0.8, 0, 0))
    return Take(pond(rng, swan(rng, bob), corridor(path, SECONDS, [bob], 4.0)), path, fixed(0.85))


def _over(height: Height, start_m: np.ndarray, velocity_m_s: np.ndarray) -> Motion:
    """A run at constant velocity (2,) that follows the ground."""
    flat = straight_walk(start_m, velocity_m_s)

    def motion(time_s: float) -> np.ndarray:
        pose = flat(time_s)
        return rigid((0, 0, float(height(pose[None, :2, 3])[0]))) @ pose

    return motion
