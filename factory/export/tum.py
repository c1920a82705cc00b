"""TUM trajectories: `timestamp tx ty tz qx qy qz qw`, camera-to-world, OpenCV axes, one registered frame a line."""

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from factory.export.names import clip_names
from factory.manifest.query import query
from factory.storage import Storage, write_atomic


def export(storage: Storage, dest: Path, where: str = "true") -> int:
    """Writes `<source stem>.txt`, or `<source stem>-<NN>.txt` where a source has several clips; returns how many.

    Registered frames only; time stamps in seconds of the source. Clips the pose phase rejected are not written.
    """
    columns = "clip_id, source, source_start_s, timestamps, registered, world_from_cam"
    sql = f"SELECT {columns} FROM pose WHERE status = 'ok' AND ({where})"
    rows = query(storage, sql).to_arrow_table().to_pylist()
    names = clip_names(rows)
    for row in rows:
        poses = np.array(row["world_from_cam"], dtype=float).reshape(-1, 4, 4)
        registered = np.array(row["registered"], dtype=bool)
        text = tum_text(np.array(row["timestamps"])[registered], poses[registered])
        write_atomic(dest / f"{names[row['clip_id']]}.txt", text.encode())
    return len(rows)


def tum_text(times_s: np.ndarray, world_from_cam: np.ndarray) -> str:
    """TUM lines of times float64 (F,) in seconds and poses float64 (F, 4, 4), 9 decimals."""
    quaternions = Rotation.from_matrix(world_from_cam[:, :3, :3]).as_quat() if len(times_s) else np.empty((0, 4))
    lines = ["# timestamp tx ty tz qx qy qz qw (seconds of the source; camera-to-world, x right, y down, z forward)"]
    for time_s, pose, quaternion in zip(times_s, world_from_cam, quaternions, strict=True):
        lines.append(f"{time_s:.6f} " + " ".join(f"{v:.9f}" for v in (*pose[:3, 3], *quaternion)))
    return "\n".join(lines) + "\n"
