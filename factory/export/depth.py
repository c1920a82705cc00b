"""Depth maps as pictures: 16-bit PNGs, where each pixel has its depth from, on demand OpenEXR, and a JSON a clip."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from factory.data.result import ClipResult
from factory.depth.levels import LEVELS, levels_of, unit_of
from factory.depth.maps import FILLED, FUSED, NONE, PRIOR, SWEPT, MonoDepth
from factory.export.clips import named, whence
from factory.export.depth_pictures import exr_of, openexr, png_of
from factory.export.names import file_name
from factory.export.selection import Selection, rows_of
from factory.storage.local import write_atomic
from factory.storage.output import Storage

NEEDS = "mono_depth"
EXR = {"half": np.float16, "float": np.float32}  # as users call them
ORIGINS = {
    "none": NONE,
    "measured and confirmed": SWEPT,
    "measured in other frames": FUSED,
    "filled": FILLED,
    "network": PRIOR,
}


def export(storage: Storage, phase: str, dest: Path, selection: Selection, exr: str | None = None) -> Counter[str]:
    """Writes `<name>/depth/<frame number, 5 digits>.png`, `<name>/origin/<the same>.png` and `<name>/depth.json` a
    clip, with `exr` (half or float) `<name>/exr/<the same>.exr` too; returns how many by status.

    depth: uint16, along the optical axis, times `unit` in the unit of the poses, with `--metres` in metres; 0 where it
    is not known, or farther than 65535 levels reach (see `factory.depth.levels`; EXR has these). origin: uint8, see
    ORIGINS. exr: the channel Z in the same unit of length, not in levels; NaN where unknown. Pixels are those of the
    clip's picture without black bars, shrunk to `size`; `fx, fy, cx, cy` of each frame count them, centres at integers.
    """
    if exr is not None:
        openexr()
    done: Counter[str] = Counter()
    for name, clip in named(storage, rows_of(storage, phase, selection, NEEDS, "p.status"), selection):
        folder, found = dest / file_name(name, ""), clip.mono_depth()
        unit = unit_of(found.depth)
        for number, depth, origin in zip(found.frame.tolist(), found.depth, found.origin, strict=True):
            levels = levels_of(depth, unit)
            write_atomic(folder / "depth" / f"{number:05d}.png", png_of(levels))
            shown = np.where(levels > 0, origin, NONE).astype(np.uint8)
            write_atomic(folder / "origin" / f"{number:05d}.png", png_of(shown))
            if exr is not None:
                write_atomic(folder / "exr" / f"{number:05d}.exr", exr_of(depth, EXR[exr]))
        told = described(clip, found, unit, selection.metres)
        write_atomic(folder / "depth.json", (json.dumps(told, indent=1) + "\n").encode())
        done[clip.rows[phase]["status"]] += 1
    return done


def described(clip: ClipResult, found: MonoDepth, unit: float, metric: bool) -> dict[str, Any]:
    """The content of depth.json: what the pictures hold, and of each frame its time, camera and pose."""
    height, width = found.depth.shape[1:]
    at = np.searchsorted(clip.frame_index, found.frame)
    cameras, poses = clip.intrinsics_at(width)[at], clip.world_from_cam[at]
    known = found.depth[np.isfinite(found.depth)]
    return {
        **whence(clip),
        "picture_size": clip.size,
        "size": (width, height),
        "unit": unit,
        "length": "metres" if metric else "unit of the poses",
        "metric": metric,
        "scale_m": clip["scale_m"] if clip.has("scale_m") else None,
        "scale_spread": clip["scale_spread"] if clip.has("scale_spread") else None,
        "rounding": 0.5 * unit,
        "beyond_ratio": float(np.mean(known > unit * (LEVELS + 0.5))) if len(known) else 0.0,
        "focal_reliable": found.focal_reliable,
        "agreement": found.agreement,
        "origins": ORIGINS,
        "k1": clip.distortion.tolist()[0],
        "k2": clip.distortion.tolist()[1],
        "frames": [
            {
                "frame": number,
                "time_s": time_s,
                "fx": camera[0, 0],
                "fy": camera[1, 1],
                "cx": camera[0, 2],
                "cy": camera[1, 2],
                "world_from_cam": pose.tolist(),
            }
            for number, time_s, camera, pose in zip(
                found.frame.tolist(), clip.times_s[at].tolist(), cameras, poses, strict=True
            )
        ],
    }
