"""Camera paths: world_from_cam, float64 (T, 4, 4), OpenCV axes, in a world whose z points up. Metres and seconds."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

# Hand tremor: sums of sines whose amplitude falls as 1/f. The band is a guess from watching phone videos.
TREMOR_HZ = np.array([0.35, 0.6, 0.95, 1.5, 2.3, 3.4])


def look_at(position: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The upright pose at `position` (3,) whose optical axis meets `target` (3,), which is not right above or below."""
    forward = target - position
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    pose[:3, 3] = position
    return pose


def tripod(times_s: np.ndarray, position: Sequence[float], target: Sequence[float]) -> np.ndarray:
    """The same pose at all times."""
    return np.repeat(look_at(np.asarray(position, float), np.asarray(target, float))[None], len(times_s), axis=0)


def handheld(
    times_s: np.ndarray,
    rng: np.random.Generator,
    position: Sequence[float],
    velocity_m_s: Sequence[float],
    target: Sequence[float],
    target_velocity_m_s: Sequence[float],
    sway_m: float = 0.012,
    shake_deg: float = 0.3,
) -> np.ndarray:
    """Walks from `position` at `velocity_m_s` looking at a moving `target`, with the sway and shake (RMS) of a hand."""
    positions = np.asarray(position, float) + times_s[:, None] * np.asarray(velocity_m_s, float)
    positions = positions + sway_m * _tremor(times_s, rng)
    targets = np.asarray(target, float) + times_s[:, None] * np.asarray(target_velocity_m_s, float)
    gazes = [look_at(p, q) for p, q in zip(positions, targets, strict=True)]
    return _shaken(np.stack(gazes), times_s, rng, shake_deg)


def orbit(
    times_s: np.ndarray,
    rng: np.random.Generator,
    position: Sequence[float],
    target: Sequence[float],
    rate_deg_s: float,
    shake_deg: float = 0.3,
) -> np.ndarray:
    """From `position` round the vertical through `target`, looking at it, with the shake of a hand."""
    centre, arm = np.asarray(target, float), np.asarray(position, float) - np.asarray(target, float)
    turns = Rotation.from_euler("z", (rate_deg_s * times_s)[:, None], degrees=True)
    return _shaken(np.stack([look_at(centre + turn.apply(arm), centre) for turn in turns]), times_s, rng, shake_deg)


def pan(
    times_s: np.ndarray,
    rng: np.random.Generator,
    position: Sequence[float],
    target: Sequence[float],
    rate_deg_s: float,
    shake_deg: float = 0.3,
) -> np.ndarray:
    """Turns to the right from looking at `target`, with shake: pure rotation, the optical centre does not move."""
    first = look_at(np.asarray(position, float), np.asarray(target, float))
    poses = np.repeat(first[None], len(times_s), axis=0)
    turns = Rotation.from_euler("z", (-rate_deg_s * times_s)[:, None], degrees=True).as_matrix()
    poses[:, :3, :3] = turns @ first[:3, :3]
    return _shaken(poses, times_s, rng, shake_deg)


def _tremor(times_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise (T, 3) of unit RMS per axis over long times, zero at the first time."""
    amplitude = (1 / TREMOR_HZ)[:, None] * rng.uniform(0.6, 1.4, (len(TREMOR_HZ), 3))
    amplitude /= np.sqrt(0.5 * (amplitude**2).sum(axis=0))
    phase = rng.uniform(0, 2 * np.pi, (len(TREMOR_HZ), 3))
    angle = 2 * np.pi * TREMOR_HZ[:, None] * times_s[:, None, None] + phase
    return (amplitude * (np.sin(angle) - np.sin(phase))).sum(axis=1)


def _shaken(poses: np.ndarray, times_s: np.ndarray, rng: np.random.Generator, shake_deg: float) -> np.ndarray:
    """The poses with small rotations about the camera's own axes; positions stay."""
    shaken = poses.copy()
    shake = Rotation.from_rotvec(shake_deg * _tremor(times_s, rng), degrees=True).as_matrix()
    shaken[:, :3, :3] = poses[:, :3, :3] @ shake
    return shaken
