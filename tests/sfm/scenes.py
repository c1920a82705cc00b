"""Exact tracks of made-up scenes: cameras, points and moving bodies projected, without a picture."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from factory.tracks import Tracks, tracks_from

WIDTH, HEIGHT, FOCAL_PX = 640, 360, 520.0


@dataclass(frozen=True)
class Scene:
    """Tracks, and which of them are on the moving body: bool (M,)."""

    tracks: Tracks
    is_dynamic: np.ndarray


def walk(frames: int, path: float = 1.2, turn_deg: float = 8.0) -> np.ndarray:
    """world_from_cam (F, 4, 4): sideways and forward by `path` in all, turning by `turn_deg`, with a hand's tremor."""
    share = np.linspace(0, 1, frames)
    tremor = 0.15 * np.stack([np.sin(11 * share), np.cos(13 * share), np.sin(7 * share)], axis=1)
    poses = np.tile(np.eye(4), (frames, 1, 1))
    angles = np.stack([0.3 * tremor[:, 0], np.sin(2 * share), 0 * share], axis=1) * turn_deg
    poses[:, :3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    if path:
        poses[:, :3, 3] = path * (share[:, None] * np.array([0.8, 0.1, 0.6]) + 0.1 * tremor)
    return poses


def scene(
    poses: np.ndarray,
    static: int = 500,
    moving: int = 0,
    *,
    noise_px: float = 0.15,
    spread: tuple[float, float] = (0.8, 0.8),
    velocity: tuple[float, float, float] = (0.9, 0.1, 0.2),
    seed: int = 0,
) -> Scene:
    """Points of a room 3 to 9 away, and a body 2 away of size `spread` that moves by `velocity` in all, and turns.

    The body is carried with the camera, then moves on its own, so that it stays in sight.
    """
    rng = np.random.default_rng(seed)
    frames = len(poses)
    # Spread over the image and beyond, so that points keep entering while others leave.
    depth = rng.uniform(3, 9, 3 * static)
    ray = rng.uniform(-1, 1, (3 * static, 2)) * np.array([1.1, 0.6])
    fixed = np.column_stack([ray * depth[:, None], depth])
    body = rng.uniform(-0.5, 0.5, (moving, 3)) * np.array([*spread, 0.5])
    share = np.linspace(0, 1, frames)
    track, frame, xy = [], [], []
    for f, pose in enumerate(poses):
        spin = Rotation.from_euler("xyz", [10 * share[f], 60 * share[f], 0], degrees=True).as_matrix()
        here = pose[:3, 3] + np.array([-0.45, 0.0, 2.0]) + share[f] * np.array(velocity)
        points = np.concatenate([fixed, body @ spin.T + here])
        seen = (points - pose[:3, 3]) @ pose[:3, :3]
        z = np.maximum(seen[:, 2], 1e-6)
        at = seen[:, :2] / z[:, None] * FOCAL_PX + np.array([WIDTH - 1, HEIGHT - 1]) / 2
        inside = (seen[:, 2] > 0.2) & np.all((at >= 0) & (at <= [WIDTH - 1, HEIGHT - 1]), axis=1)
        ids = np.nonzero(inside)[0]
        track.append(ids)
        frame.append(np.full(len(ids), f))
        xy.append(at[ids] + rng.normal(0, noise_px, (len(ids), 2)))
    tracks = tracks_from(
        np.concatenate(track),
        np.concatenate(frame),
        np.concatenate(xy),
        np.arange(frames) / 12,
        np.arange(frames) * 2,
        (WIDTH, HEIGHT),
        least_frames=1,
    )
    number = np.unique(np.concatenate(track))
    keep = tracks.lengths() >= 3
    return Scene(tracks.select(keep), (number >= len(fixed))[keep])


def rolling(
    path: Callable[[np.ndarray], np.ndarray], frames: int, readout_s: float, *, noise_px: float = 0.15, seed: int = 0
) -> Tracks:
    """Tracks of a room as `scene` has it, seen every twelfth of a second by a camera that reads its rows within
    `readout_s`, with velocities as from 24 pictures a second. path: world_from_cam (T, 4, 4) at times (T,)."""
    rng = np.random.default_rng(seed)
    times_s = np.arange(frames) / 12
    exact = scene(path(times_s), 250, noise_px=0.0, seed=seed).tracks
    ray = (exact.xy - np.array([WIDTH - 1, HEIGHT - 1]) / 2) / FOCAL_PX
    depth = rng.uniform(3, 9, exact.count)
    first = np.searchsorted(exact.track, np.arange(exact.count))
    poses = path(times_s)[exact.frame[first]]
    here = np.column_stack([ray[first], np.ones(exact.count)]) * depth[:, None]
    points = np.einsum("nij,nj->ni", poses[:, :3, :3], here) + poses[:, :3, 3]
    before, now, after = (
        _read(path, points[exact.track], times_s[exact.frame] + off_s, readout_s) for off_s in (-1 / 24, 0.0, 1 / 24)
    )
    noise = rng.normal(0, noise_px, (3, *now.shape))
    velocity = (after + noise[0] - before - noise[1]) * 12
    everything = replace(exact, xy=now + noise[2], velocity_px_s=velocity)
    inside = np.all((now >= 0) & (now <= [WIDTH - 1, HEIGHT - 1]), axis=1)
    tracks = everything.observations(inside)
    return tracks.select(tracks.lengths() >= 3)


def _read(
    path: Callable[[np.ndarray], np.ndarray], points: np.ndarray, times_s: np.ndarray, readout_s: float
) -> np.ndarray:
    """Where pictures of times (n,) show points (n, 3): each at the time at which its row is read."""
    at_s = times_s
    for _ in range(6):
        poses = path(at_s)
        seen = np.einsum("nji,nj->ni", poses[:, :3, :3], points - poses[:, :3, 3])
        xy = seen[:, :2] / seen[:, 2:] * FOCAL_PX + np.array([WIDTH - 1, HEIGHT - 1]) / 2
        at_s = times_s + (np.clip(xy[:, 1] / (HEIGHT - 1), -0.5, 1.5) - 0.5) * readout_s
    return xy
