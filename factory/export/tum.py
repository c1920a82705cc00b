"""Trajectories as TUM text, a file a clip, and the camera beside each."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from factory.export.names import clip_names, file_name
from factory.export.selection import SCALE, Selection, rows_of
from factory.storage.local import write_atomic
from factory.storage.output import Storage
from factory.tum import tum_text

NEEDS = "world_from_cam"
CAMERA = ".intrinsics.json"
COLUMNS = (
    "p.status, p.timestamps, p.registered, p.world_from_cam, p.focal_px, p.focal_per_frame_px, p.cx_px, p.cy_px, "
    "p.cx_per_frame_px, p.cy_per_frame_px, p.k1, p.k2, p.readout_s, p.camera_model, p.focal_reliable, "
    "p.width, p.height, i.crop_x, i.crop_y, i.source_width, i.source_height"
)


def export(storage: Storage, phase: str, dest: Path, selection: Selection) -> Counter[str]:
    """Writes `<name>.txt` and `<name>.intrinsics.json` a clip; returns how many by status.

    name: the source's stem, or `<source stem>-<NN>` where a source has several clips. Registered frames only; time
    stamps in seconds of the source. Clips the phase rejected are left out unless they are asked for.
    """
    rows = rows_of(storage, phase, selection, NEEDS, COLUMNS)
    names = clip_names(rows)
    for row in rows:
        name, registered = names[row["clip_id"]], np.array(row["registered"], dtype=bool)
        placed = [pose for pose in row["world_from_cam"] if pose is not None]
        poses = np.array(placed, dtype=float).reshape(-1, 4, 4)
        poses[:, :3, 3] *= row.get(SCALE, 1.0)
        text = tum_text(np.array(row["timestamps"])[registered], poses)
        stem = file_name(name, CAMERA).removesuffix(CAMERA)
        write_atomic(dest / f"{stem}.txt", text.encode())
        if row["focal_px"] is not None:  # an import may not know it
            write_atomic(dest / f"{stem}{CAMERA}", (json.dumps(intrinsics(row), indent=1) + "\n").encode())
    return Counter(row["status"] for row in rows)


def intrinsics(row: dict[str, Any]) -> dict[str, Any]:
    """The camera in pixels of the whole displayed frame, pixel centres at integers, as `evaluate reprojection` reads
    it: width, height, fx, fy, cx, cy, k1, k2 (x = f (1 + k1 r^2 + k2 r^4) X/Z + c), whether the focal length is
    reliable; one focal length a line of the TUM file where the lens zooms, and one principal point where the picture
    moves; seconds from the first row to the last where they are read in turn, else null. Black bars are part of the
    frame here, unlike in the manifest."""
    left, top = row["crop_x"] or 0, row["crop_y"] or 0
    told = {
        "camera_model": row["camera_model"],
        "width": row["source_width"] or row["width"],
        "height": row["source_height"] or row["height"],
        "fx": row["focal_px"],
        "fy": row["focal_px"],
        "cx": row["cx_px"] + left,
        "cy": row["cy_px"] + top,
        "k1": row["k1"] or 0.0,
        "k2": row["k2"] or 0.0,
        "focal_reliable": row["focal_reliable"],
        "readout_s": _readout_s(row),
    }
    moved = {"focal_per_pose_px": 0, "cx_per_pose_px": left, "cy_per_pose_px": top}
    return told | {name: [value + moved[name] for value in values] for name, values in per_pose(row).items()}


def _readout_s(row: dict[str, Any]) -> float | None:
    """Of the whole displayed frame: black bars are read too."""
    if row["readout_s"] is None:
        return None
    return float(row["readout_s"] * ((row["source_height"] or row["height"]) - 1) / (row["height"] - 1))


def per_pose(row: Mapping[str, Any]) -> dict[str, list[float]]:
    """What a row of the pose manifest has for each sampled frame, of the frames that have a pose."""
    found = {}
    for name in ("focal", "cx", "cy"):
        if (values := row[f"{name}_per_frame_px"]) is not None:
            each = zip(values, row["registered"], strict=True)
            found[f"{name}_per_pose_px"] = [value for value, placed in each if placed]
    return found
