"""Trajectories as TUM text, a file a clip."""

from pathlib import Path

import numpy as np

from factory.export.names import clip_names
from factory.manifest.query import query
from factory.storage.local import write_atomic
from factory.storage.output import Storage
from factory.tum import tum_text


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
