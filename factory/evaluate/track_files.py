"""Track files: `<stem>_tracks.npz` or `<stem>.npz`, and what is known of the pictures they are of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from factory.errors import StorageError
from factory.evaluate.trajectories import described as read_json
from factory.geometry.camera import invert_rigid, transform_points
from factory.tum import read_tum


@dataclass(frozen=True)
class TrackFile:
    """K tracks in T frames: xy float64 (K, T, 2) pixels, world_xyz (K, T, 3), either None where the file has none;
    visible bool (K, T). size: width, height; pixel_m: (K, T), how large a pixel is at the true point (depth over focal
    length)."""

    name: str
    path: Path
    xy: np.ndarray | None
    world_xyz: np.ndarray | None
    visible: np.ndarray
    size: tuple[int, int] | None = None
    pixel_m: np.ndarray | None = None


def read_track_files(folder: Path, described: bool = False) -> list[TrackFile]:
    """All below the folder, by name. npz arrays: visible (K, T); xy (K, T, 2) and world_xyz (K, T, 3), one at least.

    described: read size and focal length of `<stem>.json`, poses of `<stem>[-NN].tum.txt`, as `factory synth` writes
    them. Raises StorageError.
    """
    paths = sorted(folder.rglob("*_tracks.npz")) or sorted(folder.rglob("*.npz"))
    if not paths:
        raise StorageError(f"there are no tracks (<stem>_tracks.npz) below {folder}.")
    files = [_read(path) for path in paths]
    names = [file.name for file in files]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise StorageError(f"two files below {folder} hold the tracks of {twice[0]}: rename one.")
    return [_describe(file) for file in files] if described else files


def _read(path: Path) -> TrackFile:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays: dict[str, Any] = {name: file[name] for name in ("xy", "world_xyz", "visible") if name in file.files}
    except (OSError, ValueError) as error:
        raise StorageError(f"{path} cannot be read ({error}).") from error
    visible = arrays.get("visible")
    points = {name: arrays[name].astype(float) for name in ("xy", "world_xyz") if name in arrays}
    if visible is None or visible.ndim != 2 or not points:
        raise StorageError(f"{path} needs the array visible (K, T), and xy (K, T, 2) or world_xyz (K, T, 3).")
    for name, width in (("xy", 2), ("world_xyz", 3)):
        if name in points and points[name].shape != (*visible.shape, width):
            raise StorageError(f"{path}: {name} has the shape {points[name].shape}, visible has {visible.shape}.")
    return TrackFile(
        path.stem.removesuffix("_tracks"), path, points.get("xy"), points.get("world_xyz"), visible.astype(bool)
    )


def _describe(file: TrackFile) -> TrackFile:
    told = read_json(file.path.parent / f"{file.name}.json")
    if not {"width", "height"} <= set(told):
        return file
    size, focal_px = (int(told["width"]), int(told["height"])), (told.get("intrinsics") or {}).get("focal_px")
    pieces = sorted(file.path.parent.glob(f"{file.name}.tum.txt")) or sorted(
        file.path.parent.glob(f"{file.name}-[0-9][0-9].tum.txt")
    )
    pixel_m = None
    if file.world_xyz is not None and pieces and isinstance(focal_px, int | float):
        poses = np.concatenate([read_tum(path)[1] for path in pieces])
        if len(poses) == file.visible.shape[1]:
            z = transform_points(invert_rigid(poses)[None], file.world_xyz)[..., 2]
            pixel_m = np.maximum(z, 0.0) / float(focal_px)
    return TrackFile(file.name, file.path, file.xy, file.world_xyz, file.visible, size, pixel_m)
