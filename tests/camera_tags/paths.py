"""Camera paths of known motion, by plain geometry and not by the code under test: 21 kinds, each with its true tags."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

SHAKE_HZ = np.array([1.3, 2.1, 3.4, 4.6])


@dataclass(frozen=True)
class Known:
    """A path and what it shows. amounts: net, by kind, in degrees, median depths and log focal length."""

    times_s: np.ndarray
    world_from_cam: np.ndarray
    registered: np.ndarray
    median_depth: float
    tags: frozenset[str]
    amounts: dict[str, float]
    focal_px: np.ndarray | None = None


@dataclass(frozen=True)
class Plan:
    """How much of each kind there is in all, and how it is spread over time; sizes vary by seed, and signs do, but for
    dolly and zoom. Turns and orbit in degrees, moves in median depths, zoom in log focal length. pitch_deg: the camera
    looks down so much. way: of all, tilt_way: of the tilt, from the share of the time (F,)."""

    tags: frozenset[str]
    pan: float = 0.0
    tilt: float = 0.0
    roll: float = 0.0
    dolly: float = 0.0
    truck: float = 0.0
    pedestal: float = 0.0
    orbit: float = 0.0
    zoom: float = 0.0
    shake_deg: float = 0.0
    pitch_deg: float = 0.0
    way: Callable[[np.ndarray], np.ndarray] = lambda share: share
    tilt_way: Callable[[np.ndarray], np.ndarray] | None = None


def there_and_back(share: np.ndarray) -> np.ndarray:
    return np.sin(np.pi * share)


def first(share: np.ndarray) -> np.ndarray:
    return np.clip(2 * share, 0, 1)


def then(share: np.ndarray) -> np.ndarray:
    return np.clip(2 * share - 1, 0, 1)


def kinds(*tags: str) -> frozenset[str]:
    return frozenset(tags)


PLANS = {
    "tripod": Plan(kinds("static")),
    "held_still": Plan(kinds("hand-held"), shake_deg=0.4),
    "pan": Plan(kinds("pan"), pan=40),
    "pan_looking_down": Plan(kinds("pan"), pan=60, pitch_deg=30),
    "pan_and_back": Plan(kinds("pan"), pan=30, way=there_and_back),
    "tilt": Plan(kinds("tilt"), tilt=25),
    "roll": Plan(kinds("roll"), roll=25),
    "dolly": Plan(kinds("dolly"), dolly=0.5),
    "dolly_and_back": Plan(kinds("dolly"), dolly=0.4, way=there_and_back),
    "truck": Plan(kinds("truck"), truck=0.4),
    "pedestal": Plan(kinds("pedestal"), pedestal=0.3),
    "orbit": Plan(kinds("orbit"), orbit=50),
    "zoom": Plan(kinds("zoom"), zoom=0.5),
    "pan_and_dolly": Plan(kinds("pan", "dolly"), pan=30, dolly=0.5),
    "orbit_and_pedestal": Plan(kinds("orbit", "pedestal"), orbit=60, pedestal=0.4),
    "pan_after_the_truck": Plan(kinds("pan", "truck"), pan=25, truck=0.4),
    "pan_then_tilt": Plan(kinds("pan", "tilt"), pan=40, tilt=25, way=first, tilt_way=then),
    "dolly_zoom": Plan(kinds("dolly", "zoom"), dolly=-0.5, zoom=0.4),
    "walk": Plan(kinds("dolly", "hand-held"), dolly=0.6, shake_deg=0.5),
    "drive_round_a_bend": Plan(kinds("dolly", "pan"), dolly=2.0, pan=45),
    "held_orbit": Plan(kinds("orbit", "hand-held"), orbit=60, shake_deg=0.4),
}
SEEDS = (0, 1, 2)


def known_path(name: str, seed: int) -> Known:
    """A clip of 3 to 8 s at 12 frames a second in a world of any unit and orientation. Its poses have the noise of a
    solve: 0.05 degrees and 0.2 % of the depth, a slow drift of 0.3 degrees, and with one seed a tenth is missing."""
    plan, rng = PLANS[name], np.random.default_rng([seed, *map(ord, name)])
    size, side = rng.uniform(0.7, 1.4), rng.choice([-1.0, 1.0])
    times_s = np.arange(int(12 * rng.uniform(3, 8))) / 12 + 7.5
    share = (times_s - times_s[0]) / (times_s[-1] - times_s[0])
    share = rng.choice([0, 1]) * (share**2 * (3 - 2 * share) - share) + share  # eased in and out, or steady
    way = size * plan.way(share)
    pan, roll = side * plan.pan * way, side * plan.roll * way
    tilt = side * plan.tilt * (way if plan.tilt_way is None else size * plan.tilt_way(share))
    # Going right round what is ahead, the camera turns left.
    orbit = side * plan.orbit * way
    turns = np.stack([pan - orbit, tilt - plan.pitch_deg, roll], axis=1)
    rotation = Rotation.from_euler("YXZ", turns, degrees=True)
    heading = np.radians(pan - orbit)
    ahead = np.stack([np.sin(heading), np.zeros_like(heading), np.cos(heading)], axis=1)
    right = np.stack([np.cos(heading), np.zeros_like(heading), -np.sin(heading)], axis=1)
    steps = np.diff(way, prepend=way[0])[:, None]
    moved = np.cumsum(steps * (plan.dolly * ahead + side * plan.truck * right), axis=0)
    moved[:, 1] -= side * plan.pedestal * way
    if plan.orbit:
        moved += [0, 0, 1] - ahead
    position = moved + rng.normal(0, 0.002, moved.shape)
    drift = 0.3 * np.sin(2 * np.pi * (0.15 * times_s[:, None] + rng.random(3)))
    shake = plan.shake_deg * hand(times_s, rng) + rng.normal(0, 0.05, (len(times_s), 3)) + drift
    rotation = rotation * Rotation.from_rotvec(shake, degrees=True)
    world, unit = Rotation.random(random_state=seed), rng.uniform(0.1, 50)
    poses = np.tile(np.eye(4), (len(times_s), 1, 1))
    poses[:, :3, :3] = (world * rotation).as_matrix()
    poses[:, :3, 3] = unit * world.apply(position) + rng.uniform(-9, 9, 3)
    registered = rng.random(len(times_s)) > (0.1 if seed == 2 else 0.0)
    poses[~registered] = np.nan
    end = way[-1] - way[0]
    amounts = {"pan": pan[-1] - orbit[-1], "tilt": tilt[-1], "roll": roll[-1], "orbit": orbit[-1]}
    amounts |= {"dolly": plan.dolly * end, "pedestal": side * plan.pedestal * end}
    amounts["truck"] = side * plan.truck * end + np.radians(orbit[-1])
    focal_px = None
    if plan.zoom:
        log_focal = plan.zoom * way
        amounts["zoom"] = log_focal[-1] - log_focal[0]
        focal_px = 700 * np.exp(log_focal + rng.normal(0, 0.005, len(way)))
    return Known(times_s, poses, registered, unit, plan.tags, amounts, focal_px)


def hand(times_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The shake of a hand (F, 3), of 1 RMS an axis."""
    size = rng.uniform(0.5, 1.5, (len(SHAKE_HZ), 3))
    size /= np.sqrt(0.5 * (size**2).sum(axis=0))
    angle = 2 * np.pi * (SHAKE_HZ[:, None] * times_s[:, None, None] + rng.random((len(SHAKE_HZ), 3)))
    return (size * np.sin(angle)).sum(axis=1)
