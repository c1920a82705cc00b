"""Trajectories and folders the tests of evaluation share."""

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from factory.tum import tum_text

FPS = 24


def curved(count: int = 72) -> np.ndarray:
    """world_from_cam (F, 4, 4) along a bent, turning path of about two metres."""
    t = np.linspace(0, 1, count)
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3, 3] = np.stack([2 * t, np.sin(3 * t), 0.3 * np.cos(5 * t)], axis=1)
    poses[:, :3, :3] = Rotation.from_euler(
        "yx", np.stack([30 * t, 10 * np.sin(4 * t)], axis=1), degrees=True
    ).as_matrix()
    return poses


def moved(poses: np.ndarray, scale: float = 3.0) -> np.ndarray:
    """The same trajectory in another world."""
    turn = Rotation.from_euler("xyz", [40, -20, 70], degrees=True).as_matrix()
    other = poses.copy()
    other[:, :3, :3] = turn @ poses[:, :3, :3]
    other[:, :3, 3] = scale * poses[:, :3, 3] @ turn.T + np.array([5.0, -2.0, 1.0])
    return other


def write(path: Path, poses: np.ndarray, step: int = 1, first: int = 0, start_s: float = 0.0) -> None:
    """TUM lines of every `step`-th pose from `first` on, at 24 fps."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = np.arange(first, len(poses), step)
    path.write_text(tum_text(start_s + frames / FPS, poses[frames]))
