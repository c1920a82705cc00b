"""nerfstudio's transforms.json, with pictures, depth and a sparse cloud of points beside."""

import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from factory.data.result import ClipResult
from factory.depth.levels import LEVELS, levels_of
from factory.export.clips import POSES, intrinsics_vary, picture_names, posed, posed_clips, write_pictures
from factory.export.colmap import reconstruction
from factory.export.depth_pictures import depth_of, png_of
from factory.export.names import file_name
from factory.export.selection import Selection
from factory.sfm.model.model import COLMAP_OFFSET_PX
from factory.storage.local import write_atomic
from factory.storage.output import Storage

NEEDS = POSES
OPENGL_FROM_OPENCV = np.diag([1.0, -1.0, -1.0, 1.0])  # axes of a camera: y up, z backward
CLOUD = "sparse_pc.ply"
DEPTH_UNIT = 0.001  # nerfstudio's `depth_unit_scale_factor`, where nobody sets it
LEAST_LEVELS = 500  # that the median depth has: rounding is off by a thousandth of it
FITS_PERCENT = 99.9  # of the depths, that have a level; what is farther becomes unknown


def export(storage: Storage, phase: str, dest: Path, selection: Selection) -> Counter[str]:
    """Writes `<name>/transforms.json`, `<name>/images/<frame number, 6 digits>.jpg` where the camera moves
    `<name>/sparse_pc.ply`, and where there is depth `<name>/depths/<the same>.png` a clip; returns how many by status.

    Registered frames only, whose pictures are without black bars. `transform_matrix` is camera-to-world with OpenGL's
    axes (x right, y up, z backward) in the world of the manifest, which is not turned (`applied_transform` says so);
    pixels count from the corner. `time_s` of a frame is ours, nerfstudio does not read it.
    depths: uint16, along the optical axis, as small as depth is measured (nerfstudio brings it to the picture's size);
    times `depth_unit_scale_factor` of transforms.json, which nerfstudio does not read but takes as an option, it is in
    the unit of the poses. 0 is not known; frames that have no depth are all 0, as its parser wants a file for each.
    """
    done: Counter[str] = Counter()
    for name, clip in posed_clips(storage, phase, selection):
        folder, told = dest / file_name(name, ""), transforms(clip)
        write_pictures(clip, posed(clip), folder / "images")
        if clip.has("mono_depth"):
            told |= _write_depths(clip, told["frames"], folder)
        if clip["points"] is not None:
            with TemporaryDirectory() as made:
                reconstruction(clip).export_PLY(f"{made}/{CLOUD}")
                write_atomic(folder / CLOUD, Path(made, CLOUD).read_bytes())
            told["ply_file_path"] = CLOUD
        write_atomic(folder / "transforms.json", (json.dumps(told, indent=1) + "\n").encode())
        done[clip.rows[phase]["status"]] += 1
    return done


def transforms(clip: ClipResult) -> dict[str, Any]:
    """The content of transforms.json but for the points."""
    which = posed(clip)
    poses = clip.world_from_cam[which] @ OPENGL_FROM_OPENCV
    cameras = [_pixels(matrix) for matrix in clip.intrinsics[which]]
    shared = {} if intrinsics_vary(clip) else cameras[0]
    k1, k2 = clip.distortion.tolist()
    frames = [
        {
            "file_path": f"images/{name}",
            "transform_matrix": pose.tolist(),
            "time_s": time_s,
            **({} if shared else camera),
        }
        for name, pose, time_s, camera in zip(
            picture_names(clip, which), poses, clip.times_s[which].tolist(), cameras, strict=True
        )
    ]
    return {
        "camera_model": "OPENCV",
        "w": clip.size[0],
        "h": clip.size[1],
        **shared,
        "k1": k1,
        "k2": k2,
        "p1": 0.0,
        "p2": 0.0,
        "applied_transform": np.eye(4)[:3].tolist(),
        "frames": frames,
    }


def _write_depths(clip: ClipResult, frames: list[dict[str, Any]], folder: Path) -> dict[str, float]:
    """Names them in the frames, too."""
    found, which = clip.mono_depth(), posed(clip)
    unit = depth_unit(found.depth)
    for frame, name, depth in zip(frames, picture_names(clip, which), depth_of(clip, found, which), strict=True):
        frame["depth_file_path"] = f"depths/{Path(name).stem}.png"
        write_atomic(folder / frame["depth_file_path"], png_of(levels_of(depth, unit)))
    return {"depth_unit_scale_factor": unit}


def depth_unit(depth: np.ndarray) -> float:
    """What a level is, in the depth's unit: nerfstudio's own where the depths fit it, else another power of ten."""
    known = depth[np.isfinite(depth)]
    if not len(known):
        return DEPTH_UNIT
    middle, far = np.percentile(known, [50, FITS_PERCENT]).tolist()
    if far <= LEVELS * DEPTH_UNIT and middle >= LEAST_LEVELS * DEPTH_UNIT:
        return DEPTH_UNIT
    return float(10.0 ** np.ceil(np.log10(far / LEVELS)))


def _pixels(intrinsics: np.ndarray) -> dict[str, float]:
    x, y = (intrinsics[:2, 2] + COLMAP_OFFSET_PX).tolist()
    return {"fl_x": float(intrinsics[0, 0]), "fl_y": float(intrinsics[1, 1]), "cx": x, "cy": y}
