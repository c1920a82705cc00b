"""TUM trajectories: `timestamp tx ty tz qx qy qz qw`, camera-to-world, OpenCV axes, one registered frame a line."""

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from factory.errors import StorageError


def tum_text(times_s: np.ndarray, world_from_cam: np.ndarray) -> str:
    """TUM lines of times float64 (F,) in seconds and poses float64 (F, 4, 4), 9 decimals."""
    quaternions = Rotation.from_matrix(world_from_cam[:, :3, :3]).as_quat() if len(times_s) else np.empty((0, 4))
    lines = ["# timestamp tx ty tz qx qy qz qw (seconds of the source; camera-to-world, x right, y down, z forward)"]
    for time_s, pose, quaternion in zip(times_s, world_from_cam, quaternions, strict=True):
        lines.append(f"{time_s:.6f} " + " ".join(f"{v:.9f}" for v in (*pose[:3, 3], *quaternion)))
    return "\n".join(lines) + "\n"


def read_tum(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Times float64 (F,) and camera-to-world poses float64 (F, 4, 4) of `time tx ty tz qx qy qz qw` lines, sorted.

    `#` starts a comment; a file without a pose gives F = 0. Raises StorageError on anything else.
    """
    try:
        lines = [line.split("#")[0].split() for line in path.read_text().splitlines()]
        rows = np.array([[float(word) for word in line] for line in lines if line], dtype=float).reshape(-1, 8)
    except (OSError, ValueError) as error:
        raise StorageError(f"{path} is not a TUM trajectory (8 numbers a line): {error}.") from error
    norms = np.linalg.norm(rows[:, 4:], axis=1)
    if not np.all(np.isfinite(rows)) or np.any(norms < 0.5):
        raise StorageError(f"{path} holds a pose that is not a rotation and a position: write it again.")
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    poses = np.tile(np.eye(4), (len(rows), 1, 1))
    poses[:, :3, 3] = rows[:, 1:4]
    if len(rows):
        poses[:, :3, :3] = Rotation.from_quat(rows[:, 4:]).as_matrix()
    return rows[:, 0], poses
