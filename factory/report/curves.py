"""A clip's numbers over its frames, its way and its points, small enough for a page."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from factory.artifacts import broken, read_arrays, read_masks
from factory.errors import StorageError
from factory.points import read_points
from factory.report.shards import plain
from factory.storage.output import Storage

MOST_POINTS = 600  # of a clip: 20 kB of its shard
MOST_FRAMES = 240  # frames of the way and of curves; of longer clips every n-th
STEPS = 4000  # of a coordinate over the extent: finer than a screen
TRIM = (3.0, 97.0)  # percentiles of the points that are shown: few far ones would make the way a dot

Row = Mapping[str, Any]


def curves(storage: Storage, row: Row) -> dict[str, Any]:
    """row: of the pose phase, or a rig's. What it does not have is left out; files that cannot be read are named in
    `unread`.

    t_s, registered (F,); way: xyz, right and look, (R, 3) of the frames with a pose; focal_px, error_px, moving (F,)
    with nulls; points: xyz (P, 3), rgb (P, 3) 0-255 or null. World coordinates, x right, y down, z forward.
    """
    if row.get("timestamps") is None:
        return {}
    every = slice(None, None, max(1, -(-len(row["timestamps"]) // MOST_FRAMES)))
    told: dict[str, Any] = {"t_s": plain(row["timestamps"][every])}
    unread: list[str] = []
    if row.get("world_from_cam") is not None:
        told |= _way(row, every)
    try:
        if row.get("points") is not None:
            points = read_points(storage.read(storage.artifact(row["points"])))
            told["error_px"] = plain(points.frame_error_px[every].tolist())
            told["points"] = _points(points.xyz, points.rgb)
        elif row.get("stereo_tracks") is not None:
            told["points"] = _points(_standing(storage.read(storage.artifact(row["stereo_tracks"]))), None)
    except StorageError as error:
        unread.append(str(error))
    try:
        if row.get("masks") is not None:
            told["moving"] = plain(_shares(storage.read(storage.artifact(row["masks"])))[every].tolist())
    except StorageError as error:
        unread.append(str(error))
    return {**told, "unread": unread} if unread else told


def _way(row: Row, every: slice) -> dict[str, Any]:
    poses = [pose for pose in row["world_from_cam"][every] if pose is not None]
    matrices = np.array(poses, float).reshape(-1, 4, 4)
    told: dict[str, Any] = {"registered": list((row.get("registered") or [])[every])}
    if len(matrices):
        right, look = (np.round(matrices[:, :3, axis], 3).tolist() for axis in (0, 2))
        told["way"] = {"xyz": coarse(matrices[:, :3, 3]), "right": right, "look": look}
    each = row.get("focal_per_frame_px")
    if each is not None:
        told["focal_px"] = plain(each[every])
    elif row.get("focal_px") is not None:
        told["focal_px"] = [plain(row["focal_px"])] * len(told["registered"])
    return told


def _standing(content: bytes) -> np.ndarray:
    """Points of what stands still between two eyes, float32 (P, 3). Raises StorageError when the content is broken."""
    xyz = read_arrays(content, "points")["points"]
    if xyz.ndim != 2 or xyz.shape[1] != 3 or xyz.dtype.kind != "f":
        raise broken(f"its points are {xyz.dtype} {xyz.shape}")
    return xyz[np.isfinite(xyz).all(axis=1)]


def _points(xyz: np.ndarray, rgb: np.ndarray | None) -> dict[str, Any]:
    """Evenly from all, without the far ones. xyz: float32 (P, 3). rgb: uint8 (P, 3), None where nobody kept any."""
    if not len(xyz):
        return {"xyz": [], "rgb": []}
    low, high = np.percentile(xyz, TRIM, axis=0)
    near = np.flatnonzero(np.all((xyz >= low) & (xyz <= high), axis=1))
    some = near[np.linspace(0, len(near) - 1, min(len(near), MOST_POINTS)).astype(int)]
    return {"xyz": coarse(xyz[some].astype(float)), "rgb": None if rgb is None else rgb[some].tolist()}


def coarse(xyz: np.ndarray) -> list[list[float]]:
    """Rounded to some thousandths of the extent: float64 (N, 3) to short numbers."""
    extent = float(np.ptp(xyz, axis=0).max()) if len(xyz) else 0.0
    digits = int(np.ceil(np.log10(STEPS / extent))) if extent > 0 else 0
    return np.round(xyz, max(digits, 0)).tolist()


def _shares(content: bytes) -> np.ndarray:
    """Share of each frame that moves: float64 (F,). Raises StorageError when the content is broken."""
    masks = read_masks(content)[1]
    return masks.mean(axis=(1, 2)) if masks.size else np.zeros(len(masks))
