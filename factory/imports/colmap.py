"""COLMAP's sparse models, text or binary, read by pycolmap: a model is a clip."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pycolmap

from factory.errors import StorageError
from factory.export.colmap import CLIP
from factory.geometry.camera import invert_rigid
from factory.imports.posed import Found, Posed
from factory.sfm.model.model import COLMAP_OFFSET_PX

USUAL = re.compile(r"\d+|sparse|colmap")  # folders between a clip's and its model
LAST_NUMBER = re.compile(r"(\d+)\D*$")
RADIAL = {  # models whose terms a manifest has: where fx, fy, cx, cy, k1, k2 stand; None: 0
    "SIMPLE_PINHOLE": (0, 0, 1, 2, None, None),
    "PINHOLE": (0, 1, 2, 3, None, None),
    "SIMPLE_RADIAL": (0, 0, 1, 2, 3, None),
    "RADIAL": (0, 0, 1, 2, 3, 4),
    "OPENCV": (0, 1, 2, 3, 4, 5),
}


def find(src: Path, fps: float | None) -> Found:
    """One clip a folder with `cameras.bin` or `cameras.txt`; its source and times are told by `clip.json` of our own
    exports, else by the name of the folder and the numbers in the pictures' names, `fps` of them a second."""
    models = sorted({path.parent for kind in ("bin", "txt") for path in src.rglob(f"cameras.{kind}")})
    return ((model.relative_to(src).as_posix(), partial(_read, model, src, fps)) for model in models)


def _read(folder: Path, src: Path, fps: float | None) -> Posed:
    try:
        model = pycolmap.Reconstruction(str(folder))
    except (ValueError, RuntimeError, OSError, IndexError) as error:
        raise StorageError(f"{folder} is not a model of COLMAP ({str(error).splitlines()[-1]}).") from error
    images = sorted((image for image in model.images.values() if image.has_pose), key=lambda image: image.name)
    if not images:
        raise StorageError(f"{folder} holds no image with a pose: leave it out.")
    cameras = [model.camera(image.camera_id) for image in images]
    if len(sizes := {(camera.width, camera.height) for camera in cameras}) > 1:
        raise StorageError(f"the pictures of {folder} are of {len(sizes)} sizes: one clip has one.")
    intrinsics, distortion = map(np.array, zip(*map(_lens, cameras), strict=True))
    if np.ptp(distortion, axis=0).any():
        raise StorageError(f"the cameras of {folder} distort differently: one clip has one lens.")
    poses = np.stack([np.vstack([image.cam_from_world().matrix(), [0.0, 0.0, 0.0, 1.0]]) for image in images])
    told = _told(folder, src, [image.name for image in images], fps)
    order = np.argsort(told["times_s"], kind="stable")
    told |= {name: told[name][order] for name in ("times_s", "frame_index") if told.get(name) is not None}
    return Posed(
        world_from_cam=invert_rigid(poses)[order],
        intrinsics=intrinsics[order],
        distortion=distortion[0],
        size=(int(cameras[0].width), int(cameras[0].height)),
        **told,
    )


def _lens(camera: pycolmap.Camera) -> tuple[np.ndarray, np.ndarray]:
    """K, float64 (3, 3), pixel centres at integers, and k1, k2."""
    places, params = RADIAL.get(camera.model.name), camera.params
    if places is None or (camera.model.name == "OPENCV" and np.any(params[6:])):
        raise StorageError(f"a camera of COLMAP's model {camera.model.name} has no place in a manifest: undistort it.")
    fx, fy, cx, cy, k1, k2 = (0.0 if place is None else float(params[place]) for place in places)
    intrinsics = np.array([[fx, 0.0, cx - COLMAP_OFFSET_PX], [0.0, fy, cy - COLMAP_OFFSET_PX], [0.0, 0.0, 1.0]])
    return intrinsics, np.array([k1, k2])


def _told(folder: Path, src: Path, names: list[str], fps: float | None) -> dict[str, Any]:
    """Source, times and what else is known besides the model."""
    home = next((up for up in (folder, *folder.parents) if not USUAL.fullmatch(up.name) or up == src), src)
    if (home / CLIP).is_file():
        return _of_export(home / CLIP, names)
    numbers = [LAST_NUMBER.search(Path(name).stem) for name in names]
    if fps is None or not all(numbers):
        raise StorageError(f"{folder} does not tell times: number its pictures, and give --fps.")
    times_s = np.array([int(number[1]) for number in numbers if number], float) / fps
    return {"source": home.name, "times_s": times_s}


def _of_export(path: Path, names: list[str]) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text())
        crop, full = told["crop"], told["source_size"]
        return {
            "source": str(told["source"]),
            "times_s": np.array([told["times_s"][name] for name in names], float),
            "frame_index": np.array([int(Path(name).stem) for name in names]),
            "span_s": (float(told["source_start_s"]), float(told["source_end_s"])),
            "crop": None if crop is None else (int(crop[0]), int(crop[1])),
            "source_size": (int(full[0]), int(full[1])),
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError(f"{path} does not tell of its clip ({error}): take it away, and give --fps.") from error
