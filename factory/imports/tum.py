"""TUM trajectories, `<name>.txt` or `<name>.tum.txt`, with `<name>.intrinsics.json` beside where cameras are known."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from factory.errors import StorageError
from factory.export.tum import CAMERA
from factory.imports.posed import Found, Posed
from factory.tum import read_tum


def find(src: Path, fps: float | None) -> Found:
    """One clip a file; its source is called as the file, without endings; `fps` has no use."""
    del fps
    files = [src] if src.is_file() else sorted(src.glob("*.txt"))
    return ((path.name, partial(_read, path)) for path in files)


def _read(path: Path) -> Posed:
    times_s, poses = read_tum(path)
    if not len(times_s):
        raise StorageError(f"{path} holds no pose: leave it out.")
    name = path.name.removesuffix(".txt").removesuffix(".tum")
    beside = path.with_name(f"{name}{CAMERA}")
    camera = _camera(beside, len(times_s)) if beside.is_file() else {}
    return Posed(source=name, times_s=times_s, world_from_cam=poses, **camera)


def _camera(path: Path, count: int) -> dict[str, Any]:
    """What the file beside says of all poses; see `factory.export.tum.intrinsics`."""
    try:
        told = json.loads(path.read_text())
        intrinsics = np.tile(np.eye(3), (count, 1, 1))
        intrinsics[:, 0, 0], intrinsics[:, 1, 1] = _each(told, "focal", "fx"), _each(told, "focal", "fy")
        intrinsics[:, 0, 2], intrinsics[:, 1, 2] = _each(told, "cx", "cx"), _each(told, "cy", "cy")
        return {
            "intrinsics": intrinsics,
            "distortion": np.array([told.get("k1") or 0.0, told.get("k2") or 0.0], float),
            "size": (int(told["width"]), int(told["height"])),
            "focal_reliable": told.get("focal_reliable"),
            "readout_s": told.get("readout_s"),
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(f"{path} tells no camera ({error}): correct it, or take it away.") from error


def _each(told: dict[str, Any], own: str, shared: str) -> np.ndarray:
    """One a pose, or one for all."""
    return np.array(told.get(f"{own}_per_pose_px", told[shared]), float)
