"""Camera files as RealEstate10K has them, a text a clip."""

from collections import Counter
from pathlib import Path

import numpy as np

from factory.data.result import ClipResult
from factory.export.clips import POSES, posed, posed_clips, whole_frame
from factory.export.names import file_name
from factory.export.selection import Selection
from factory.geometry.camera import invert_rigid
from factory.sfm.model.model import COLMAP_OFFSET_PX
from factory.storage.local import write_atomic
from factory.storage.output import Storage

NEEDS = POSES


def export(storage: Storage, phase: str, dest: Path, selection: Selection) -> Counter[str]:
    """Writes `<name>.txt` a clip: the source's name, then a line a registered frame; returns how many by status.

    A line: time in the source in whole microseconds; fx, fy, cx, cy as shares of width and height, from the corner of
    the frame as players show it, black bars included, as no pictures come with it; two zeros; world-to-camera, 3 x 4 by
    rows, OpenCV axes (Zhou et al., SIGGRAPH 2018). A lens's distortion has no place in it.
    """
    done: Counter[str] = Counter()
    for name, clip in posed_clips(storage, phase, selection):
        write_atomic(dest / file_name(name, ".txt"), camera_text(clip).encode())
        done[clip.rows[phase]["status"]] += 1
    return done


def camera_text(clip: ClipResult) -> str:
    """Of one clip."""
    which, (intrinsics, size) = posed(clip), whole_frame(clip)
    shares = np.column_stack(
        [
            intrinsics[which][:, [0, 1], [0, 1]] / size,
            (intrinsics[which, :2, 2] + COLMAP_OFFSET_PX) / size,
            np.zeros((len(which), 2)),
            invert_rigid(clip.world_from_cam[which])[:, :3].reshape(-1, 12),
        ]
    )
    times_us = np.round(clip.times_s[which] * 1e6).astype(np.int64)
    lines = [f"{at} " + " ".join(f"{v:.9f}" for v in row) for at, row in zip(times_us, shares, strict=True)]
    return "\n".join([clip.clip.source, *lines]) + "\n"
