"""Camera paths: functions of any times to world_from_cam, float64 (T, 4, 4), OpenCV axes, in a world whose z points up.

What is random in a path is drawn when it is made, so it says the same of a time however often it is asked. Metres,
seconds.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from factory.synth.take import Path

# Hand tremor: sums of sines whose amplitude falls as 1/f. The band is a guess from watching phone videos.
TREMOR_HZ = np.array([0.35, 0.6, 0.95, 1.5, 2.3, 3.4])

Track = Callable[[np.ndarray], np.ndarray]  # times_s (T,) -> points or small vectors float64 (T, 3)


def look_at(position: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The upright pose at `position` (3,) whose optical axis meets `target` (3,), which is not right above or below."""
    return gazes(position[None], target[None])[0]


def gazes(positions: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Upright poses (T, 4, 4) at positions (T, 3) that look at targets (T, 3)."""
    forward = _unit(targets - positions)
    right = _unit(np.cross(forward, (0.0, 0.0, 1.0)))
    poses = np.tile(np.eye(4), (len(positions), 1, 1))
    poses[:, :3, :3] = np.stack([right, np.cross(forward, right), forward], axis=2)
    poses[:, :3, 3] = positions
    return poses


def moving(position: ArrayLike, velocity_m_s: ArrayLike = (0.0, 0.0, 0.0)) -> Track:
    """A point at constant velocity."""
    start, velocity = np.asarray(position, float), np.asarray(velocity_m_s, float)
    return lambda times_s: start + times_s[:, None] * velocity


def tripod(position: Sequence[float], target: Sequence[float]) -> Path:
    """The same pose at all times."""
    pose = look_at(np.asarray(position, float), np.asarray(target, float))
    return lambda times_s: np.repeat(pose[None], len(times_s), axis=0)


def handheld(
    rng: np.random.Generator,
    position: Sequence[float],
    velocity_m_s: Sequence[float],
    target: Sequence[float],
    target_velocity_m_s: Sequence[float],
    sway_m: float = 0.012,
    shake_deg: float = 0.3,
) -> Path:
    """Walks from `position` at `velocity_m_s` looking at a moving `target`, with the sway and shake (RMS) of a hand."""
    return watching(rng, moving(position, velocity_m_s), moving(target, target_velocity_m_s), sway_m, shake_deg)


def watching(
    rng: np.random.Generator, position: Track, target: Track, sway_m: float = 0.012, shake_deg: float = 0.3
) -> Path:
    """Goes along one track looking at another, with the sway and shake (RMS) of a hand."""
    sway, shake = tremor(rng), tremor(rng)

    def path(times_s: np.ndarray) -> np.ndarray:
        poses = gazes(position(times_s) + sway_m * sway(times_s), target(times_s))
        return shaken(poses, shake_deg * shake(times_s))

    return path


def orbit(
    rng: np.random.Generator,
    position: Sequence[float],
    target: Sequence[float],
    rate_deg_s: float,
    shake_deg: float = 0.3,
) -> Path:
    """From `position` round the vertical through `target`, looking at it, with the shake of a hand."""
    centre, arm = np.asarray(target, float), np.asarray(position, float) - np.asarray(target, float)

    def round_it(times_s: np.ndarray) -> np.ndarray:
        return centre + Rotation.from_euler("z", (rate_deg_s * times_s)[:, None], degrees=True).apply(arm)

    return watching(rng, round_it, moving(target), 0.0, shake_deg)


def pan(
    rng: np.random.Generator,
    position: Sequence[float],
    target: Sequence[float],
    rate_deg_s: float,
    shake_deg: float = 0.3,
) -> Path:
    """Turns to the right from looking at `target`, with shake: pure rotation, the optical centre does not move."""
    first, shake = look_at(np.asarray(position, float), np.asarray(target, float)), tremor(rng)

    def path(times_s: np.ndarray) -> np.ndarray:
        poses = np.repeat(first[None], len(times_s), axis=0)
        turns = Rotation.from_euler("z", (-rate_deg_s * times_s)[:, None], degrees=True).as_matrix()
        poses[:, :3, :3] = turns @ first[:3, :3]
        return shaken(poses, shake_deg * shake(times_s))

    return path


def tremor(rng: np.random.Generator) -> Track:
    """Smooth noise (T, 3) of unit RMS per axis over long times, zero at time 0."""
    amplitude = (1 / TREMOR_HZ)[:, None] * rng.uniform(0.6, 1.4, (len(TREMOR_HZ), 3))
    amplitude /= np.sqrt(0.5 * (amplitude**2).sum(axis=0))
    phase = rng.uniform(0, 2 * np.pi, (len(TREMOR_HZ), 3))

    def noise(times_s: np.ndarray) -> np.ndarray:
        angle = 2 * np.pi * TREMOR_HZ[:, None] * np.asarray(times_s)[:, None, None] + phase
        return (amplitude * (np.sin(angle) - np.sin(phase))).sum(axis=1)

    return noise


def shaken(poses: np.ndarray, shake_deg: np.ndarray) -> np.ndarray:
    """The poses (T, 4, 4) turned by rotation vectors (T, 3) about the camera's own axes; positions stay."""
    turned = poses.copy()
    turned[:, :3, :3] = poses[:, :3, :3] @ Rotation.from_rotvec(shake_deg, degrees=True).as_matrix()
    return turned


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
