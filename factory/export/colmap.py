"""COLMAP's sparse models, written by pycolmap, with the pictures beside: what splatting and its tools read."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pycolmap

from factory.data.result import ClipResult
from factory.export.clips import (
    POSES,
    intrinsics_vary,
    picture_names,
    posed,
    posed_clips,
    whence,
    write_pictures,
)
from factory.export.names import file_name
from factory.export.selection import Selection
from factory.geometry.camera import Camera, invert_rigid
from factory.points import ScenePoints
from factory.sfm.model.model import COLMAP_OFFSET_PX, Model, to_colmap
from factory.storage.local import write_atomic
from factory.storage.output import Storage
from factory.tracks import Tracks

NEEDS = POSES
CLIP = "clip.json"


def export(storage: Storage, phase: str, dest: Path, selection: Selection) -> Counter[str]:
    """Writes `<name>/sparse/0/*.bin`, `<name>/images/<frame number, 6 digits>.jpg` and `<name>/clip.json` a clip;
    returns how many by status.

    Registered frames only. The pictures are the clip's, without black bars, and so are the cameras, whose pixels count
    from the corner as COLMAP's do. Where the lens zooms, or a stabiliser moves the picture, each frame has a camera. A
    camera that does not move has no points. Of a rolling shutter (`readout_s`) COLMAP knows nothing: poses are those of
    the middle row. `clip.json`: source, span and times, for which the model has no place.
    """
    done: Counter[str] = Counter()
    for name, clip in posed_clips(storage, phase, selection):
        folder = dest / file_name(name, "")
        write_pictures(clip, posed(clip), folder / "images")
        with TemporaryDirectory() as made:
            reconstruction(clip).write_binary(made)
            for path in sorted(Path(made).iterdir()):
                write_atomic(folder / "sparse" / "0" / path.name, path.read_bytes())
        write_atomic(folder / CLIP, (json.dumps(_told(clip), indent=1) + "\n").encode())
        done[clip.rows[phase]["status"]] += 1
    return done


def reconstruction(clip: ClipResult) -> pycolmap.Reconstruction:
    """Of the registered frames, numbered from 1 in time, in pixels of the clip's pictures; images are called as their
    pictures."""
    which, intrinsics = posed(clip), clip.intrinsics
    first, own = intrinsics[which[0]], intrinsics_vary(clip)
    camera = Camera(float(first[0, 0]), float(first[0, 2]), float(first[1, 2]), *map(float, clip.distortion))
    tracks, points = _seen(clip, which)
    positions = np.empty((0, 3)) if points is None else points.xyz.astype(float)
    poses, kept = invert_rigid(clip.world_from_cam[which]), np.ones(len(tracks.track), bool)
    model = Model(camera, poses, positions, kept, intrinsics[which, 0, 0] if own else None)
    made = to_colmap(tracks, model, camera.radial_terms)
    for number, name in enumerate(picture_names(clip, which), 1):
        made.image(number).name = name
    for number, centre in enumerate(intrinsics[which, :2, 2] + COLMAP_OFFSET_PX, 1) if own else ():
        params = made.camera(number).params
        made.camera(number).params = [params[0], *centre, *params[3:]]
    if points is not None:
        for number in np.unique(tracks.track).tolist():
            made.point3D(number + 1).color = points.rgb[number]
        made.update_point_3d_errors()
    return made


def _seen(clip: ClipResult, which: np.ndarray) -> tuple[Tracks, ScenePoints | None]:
    """Where the clip's points were seen in frames `which`, in pixels of its pictures, a track a point; and the points,
    where there are any."""
    size, times_s = clip.size, clip.times_s[which]
    nothing = np.empty(0, np.int32), np.empty(0, np.int32), np.empty((0, 2))
    empty = Tracks(*nothing, times_s, clip.frame_index[which], *size)
    if clip["points"] is None:
        return empty, None
    points = clip.points()
    known = clip.registered[points.frame]
    frame = np.searchsorted(which, points.frame[known]).astype(np.int32)
    xy = (points.xy[known].astype(float) + 0.5) * (size[0] / points.width) - 0.5
    return replace(empty, track=points.point[known], frame=frame, xy=xy), points


def _told(clip: ClipResult) -> dict[str, Any]:
    which = posed(clip)
    return {
        **whence(clip),
        "times_s": dict(zip(picture_names(clip, which), clip.times_s[which].tolist(), strict=True)),
    }
