"""Hand-held in rooms, at tables; what turns, stands still or zooms there."""

import numpy as np

from factory.synth.camera import handheld, moving, pan, tripod, watching
from factory.synth.presets.lenses import fixed, zooming
from factory.synth.scene import Motion, Scene, held, rigid, straight_walk, tumbling
from factory.synth.sets.actors import HELD_BOX, arm, arrival, balloon, parcel, walker
from factory.synth.sets.closeup import TOP_M, table_top
from factory.synth.sets.flat import bare, furnished
from factory.synth.sets.placing import corridor
from factory.synth.sets.things import Photos
from factory.synth.take import Film, Path, Take

SECONDS = 3.0
DIM = Film(shutter_s=1 / 24, noise_levels=6.0)  # a phone at dusk


def _stroll(rng: np.random.Generator, speed_m_s: float = 0.42, shake_deg: float = 0.3) -> Path:
    """From the -y side of a room a metre sideways and a little forward, eyes on its middle."""
    side = rng.choice((-1.0, 1.0))
    start = (-side * rng.uniform(0.5, 0.9), rng.uniform(-2.3, -2.0), rng.uniform(1.35, 1.6))
    velocity = (side * speed_m_s, rng.uniform(0.05, 0.2), rng.uniform(-0.04, 0.04))
    target = (rng.uniform(-0.3, 0.3), 2.0, rng.uniform(0.95, 1.15))
    return handheld(rng, start, velocity, target, (side * 0.1, 0.0, 0.0), shake_deg=shake_deg)


def _across(rng: np.random.Generator, distance_m: float, speed_m_s: float) -> Motion:
    """A walk across the view at y = distance_m - 2.1 (the camera's start), in its middle half way."""
    side, drift = rng.choice((-1.0, 1.0)), rng.uniform(-0.06, 0.06)
    return straight_walk((-side * speed_m_s * SECONDS / 2, distance_m - 2.0), (side * speed_m_s, drift))


def _room(rng: np.random.Generator, path: Path, walk: Motion, photos: Photos) -> Scene:
    clear = corridor(path, SECONDS, [walk], sight_m=1.0)
    return furnished(rng, walker(rng, walk), clear, photos)


def room_walk(rng: np.random.Generator, photos: Photos, distance_m: float) -> Take:
    """Someone walks across, `distance_m` away."""
    path, walk = _stroll(rng), _across(rng, distance_m, 0.19 * distance_m)
    return Take(_room(rng, path, walk, photos), path, fixed(rng.uniform(0.78, 0.92)))


def room_walk_near(rng: np.random.Generator, photos: Photos) -> Take:
    """Walks beside someone who goes the same way, less than a metre away."""
    side = rng.choice((-1.0, 1.0))
    start, velocity = np.array([-side * 0.9, -1.9, 1.45]), np.array([side * 0.5, 0.05, 0.0])
    target = (-side * 0.6, 1.5, 1.15)
    path = handheld(rng, start.tolist(), velocity.tolist(), target, (side * 0.48, 0.0, 0.0))
    walk = straight_walk(start[:2] + np.array([side * rng.uniform(0.0, 0.15), 0.68]), velocity[:2] * (0.92, 1.0))
    return Take(_room(rng, path, walk, photos), path, fixed(0.85))


def room_balloon(rng: np.random.Generator, photos: Photos) -> Take:
    """Walks about a big balloon that tumbles."""
    centre = (0.0, -0.2, 1.35)
    motion = tumbling(centre, (0.16, 0.04, 0.06), 0.8, tuple(rng.uniform(-70, 70, 3)))
    side = rng.choice((-1.0, 1.0))
    start = (-side * 0.35, -1.42, 1.45)
    path = handheld(rng, start, (side * 0.24, 0.02, 0.0), (0.0, 0.0, 1.35), (0.0, 0.0, 0.0))
    scene = furnished(rng, balloon(rng, (0.50, 0.46, 0.48), motion), corridor(path, SECONDS, [motion], 1.0), photos)
    return Take(scene, path, fixed(0.85))


def room_carried(rng: np.random.Generator, photos: Photos) -> Take:
    """A printed box held before the camera, carried along and waved about."""
    path = _stroll(rng, 0.55)
    phase = rng.uniform(0, 6)

    def hand(time_s: float) -> np.ndarray:
        sway = np.array([0.05 * np.sin(2.1 * time_s + phase), 0.03 * np.sin(3.3 * time_s), 0.0])
        turn = rigid(np.array([0.12, 0.08, 0.55]) + sway)
        return turn @ tumbling((0, 0, 0), (0, 0, 0), 1.0, (30, 40, 12))(time_s + phase)

    boxes = parcel(rng, (0.26, 0.20, 0.16), held(path, hand), HELD_BOX)
    scene = furnished(rng, boxes, corridor(path, SECONDS, (), 1.0), photos)
    return Take(scene, path, fixed(0.85))


def room_stops(rng: np.random.Generator, photos: Photos) -> Take:
    """Someone comes in, stops in the middle of the picture and stands there."""
    side = rng.choice((-1.0, 1.0))
    walk, vigour = arrival(np.array([side * 1.9, 0.7]), np.array([side * 0.1, 0.1]), rng.uniform(1.5, 1.8))
    path = _stroll(rng)
    scene = furnished(rng, walker(rng, walk, vigour=vigour), corridor(path, SECONDS, [walk], 1.0), photos)
    return Take(scene, path, fixed(0.85))


def room_dim(rng: np.random.Generator, photos: Photos) -> Take:
    """Someone walks across by lamp light: slow shutter, noise."""
    path, walk = _stroll(rng, shake_deg=0.6), _across(rng, 2.6, 0.5)
    scene = _room(rng, path, walk, photos)
    dim = Scene(scene.bodies, scene.lamp_m, ambient=0.4, daylight=0.13)
    return Take(dim, path, fixed(0.85), DIM)


def plain_walk(rng: np.random.Generator, _photos: Photos) -> Take:
    """Someone walks across a room without texture."""
    path, walk = _stroll(rng), _across(rng, 2.7, 0.5)
    return Take(bare(rng, walker(rng, walk)), path, fixed(0.85))


def plain_parcel(rng: np.random.Generator, _photos: Photos) -> Take:
    """A parcel flies to and fro in a room without texture."""
    motion = tumbling((0.1, 0.0, 1.25), (0.35, 0.1, 0.12), 0.6, tuple(rng.uniform(-80, 80, 3)))
    return Take(bare(rng, parcel(rng, (0.54, 0.42, 0.36), motion)), _stroll(rng), fixed(0.85))


def zoom_walk(rng: np.random.Generator, photos: Photos, ratio: float) -> Take:
    """Someone walks across; the camera walks and zooms."""
    path, walk = _stroll(rng), _across(rng, 2.9, 0.5)
    return Take(_room(rng, path, walk, photos), path, zooming(0.75, ratio, SECONDS))


def dolly_forward(rng: np.random.Generator, photos: Photos) -> Take:
    """Rolls straight ahead, which looks like a zoom but for the parallax."""
    x = rng.uniform(-0.3, 0.3)
    path = watching(rng, moving((x, -2.5, 1.35), (0.0, 0.55, 0.0)), moving((x, 9.0, 1.3)), 0.003, 0.06)
    walk = straight_walk((x + 0.4, 1.1), (0.28, 0.1))
    return Take(_room(rng, path, walk, photos), path, fixed(0.85))


def pan_room(rng: np.random.Generator, photos: Photos) -> Take:
    """Pans about the optical centre; someone walks the same way."""
    path = pan(rng, (0.0, -2.0, 1.5), (-0.9, 2.0, 1.2), rng.uniform(8, 12))
    walk = straight_walk((-1.0, 0.9), (0.75, 0.0))
    return Take(_room(rng, path, walk, photos), path, fixed(0.85))


def static_room(rng: np.random.Generator, photos: Photos) -> Take:
    """On a tripod; someone walks across."""
    path, walk = tripod((rng.uniform(-0.6, 0.6), -2.1, 1.5), (0.0, 2.0, 1.1)), _across(rng, 2.7, 0.7)
    return Take(_room(rng, path, walk, photos), path, fixed(0.85))


def table_macro(rng: np.random.Generator, photos: Photos) -> Take:
    """A slider along a table top, near; a hand moves a box about."""
    side = rng.choice((-1.0, 1.0))
    start = moving((-side * 0.16, -0.62, TOP_M + 0.30), (side * 0.11, 0.01, 0.0))
    path = watching(rng, start, moving((0.0, 0.12, TOP_M + 0.04), (side * 0.05, 0, 0)), 0.002, 0.12)
    shoulder = _hanging((side * 0.05, -0.16, TOP_M + 0.78), 90.0)
    clear = np.stack([np.linspace(-0.25, 0.35, 7) * side, np.full(7, 0.0)], axis=1)
    scene = table_top(rng, clear, arm(rng, shoulder, 14.0, 0.5, 1.2), photos)
    return Take(scene, path, fixed(1.0))


def table_arm(rng: np.random.Generator, photos: Photos) -> Take:
    """Hand-held over a table; an arm with a box swings across, near."""
    side = rng.choice((-1.0, 1.0))
    path = handheld(rng, (-side * 0.2, -0.85, 1.22), (side * 0.15, 0.02, 0.0), (0.0, 0.2, 0.85), (0, 0, 0), 0.006)
    shoulder = _hanging((side * 0.05, -0.40, 1.80), 0.0)
    clear = np.stack([np.linspace(-0.4, 0.4, 9), np.full(9, -0.3)], axis=1)
    scene = table_top(rng, clear, arm(rng, shoulder, 13.0, 0.55, 1.5), photos)
    return Take(scene, path, fixed(0.85, k1=0.05))


def _hanging(at: tuple[float, float, float], yaw_deg: float) -> Motion:
    pose = rigid(at) @ straight_walk((0, 0), (np.cos(np.radians(yaw_deg)), np.sin(np.radians(yaw_deg))))(0.0)
    return lambda _time_s: pose
