"""Takes made into what a filter must not let through: the same world and actors, and one thing changed."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from factory.geometry.lens import Lens, pinhole
from factory.synth.camera import shaken, tremor
from factory.synth.scene import Body
from factory.synth.take import Film, Path, Take


def emptied(take: Take) -> Take:
    """Whatever moves is taken away."""
    bodies = tuple(body for body in take.scene.bodies if not body.moves)
    return replace(take, scene=replace(take.scene, bodies=bodies))


def frozen(take: Take) -> Take:
    """Whatever moves stands still, as it was in the middle of the take."""
    bodies = tuple(Body(body.at(1.0), body.texture) for body in take.scene.bodies)
    return replace(take, scene=replace(take.scene, bodies=bodies))


def on_tripod(take: Take, time_s: float = 0.6) -> Take:
    """The camera stands where it was at that time."""
    pose = take.path(np.array([time_s]))
    return replace(take, path=lambda times_s: np.repeat(pose, len(times_s), axis=0))


def turning(take: Take, rng: np.random.Generator, rate_deg_s: float, shake_deg: float) -> Take:
    """The camera stays in its place and turns about the vertical, with shake: pure rotation."""
    middle, shake = take.path(np.array([1.0]))[0], tremor(rng)

    def path(times_s: np.ndarray) -> np.ndarray:
        poses = np.repeat(middle[None], len(times_s), axis=0)
        turns = Rotation.from_euler("z", (rate_deg_s * (times_s - 1.0))[:, None], degrees=True).as_matrix()
        poses[:, :3, :3] = turns @ poses[:, :3, :3]
        return shaken(poses, shake_deg * shake(times_s))

    return replace(take, path=path)


def whipped(take: Take, at_s: float, turn_deg: float, lasts_s: float) -> Take:
    """The camera is torn to the side, and what it sees is smeared."""
    steady = take.path

    def path(times_s: np.ndarray) -> np.ndarray:
        share = np.clip((times_s - at_s) / lasts_s, 0, 1)
        turn_rad = np.radians(turn_deg) * share * share * (3 - 2 * share)
        poses = steady(times_s)
        poses[:, :3, :3] = Rotation.from_euler("z", turn_rad[:, None]).as_matrix() @ poses[:, :3, :3]
        return poses

    return replace(take, path=path, film=Film(shutter_s=1 / 100))


def through(take: Take, lens: Callable[[float], Lens]) -> Take:
    """Another lens."""
    return replace(take, lens=lens)


def growing(take: Take, ratio: float, seconds: float) -> Take:
    """The lens zooms to `ratio` times its focal length, evenly on a logarithmic scale."""
    first = take.lens(0.0)
    return replace(take, lens=lambda time_s: replace(first, focal_px=first.focal_px * ratio ** (time_s / seconds)))


def lit(take: Take, daylight: float, noise_levels: float) -> Take:
    """In another light, by a sensor that shows noise."""
    film = replace(take.film, shutter_s=0.0, noise_levels=noise_levels)
    return replace(take, scene=replace(take.scene, daylight=daylight), film=film)


def faster(take: Take, times: float) -> Take:
    """The actors move that much faster; the camera goes its way."""

    def hurried(body: Body) -> Body:
        motion, waves = body.world_from_object, body.waves
        return replace(
            body,
            world_from_object=None if motion is None else (lambda time_s: motion(times * time_s)),
            waves=None if waves is None else (lambda time_s: waves(times * time_s)),
        )

    return replace(take, scene=replace(take.scene, bodies=tuple(hurried(body) for body in take.scene.bodies)))


def along(take: Take, path: Path) -> Take:
    """Another way of the camera."""
    return replace(take, path=path)


def barrel(size: tuple[int, int], focal_per_width: float, k1: float) -> Callable[[float], Lens]:
    """A wide lens with barrel distortion."""
    lens = pinhole(focal_per_width * size[0], size, k1)
    return lambda _time_s: lens
