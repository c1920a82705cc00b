"""Clips that other software has posed, as rows of an output: of ingest what is known of the clip, of pose its cameras,
of world its tracks where it has some.

What is not known stays null, sources need not be there: rows name them. A run tells what it made by fingerprints; those
of imports are the format's.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from factory.clip import stable_id
from factory.engine.work import Row
from factory.errors import StorageError
from factory.geometry.camera import Camera
from factory.manifest.phases import coming_from
from factory.manifest.schema import COMMON, INGEST, POSE, ROOT, schema
from factory.manifest.stereo_columns import WORLD
from factory.manifest.write import parquet_of_rows
from factory.storage.output import Storage, artifact_folder
from factory.world.artifact import FILE, pack_world_tracks
from factory.world.tracks import WorldTracks

PHASE, WORLD_PHASE = "pose", "world"
PART_CLIPS = 1000  # of some 20 kB each
VERSION = 2  # another one where the same files would give other rows
# Of fx by fy and of poses from rotations: a tenth of a pixel at the border of a 720p picture, a guess.
SQUARE_PIXELS = 1e-4
RIGID = 1e-3


@dataclass(frozen=True)
class WorldOf:
    """Tracks of a clip, seen by the left one of two rectified eyes. rectified2rig: float64 (2, 3, 3). fov_bounds:
    float64 (4,), degrees."""

    tracks: WorldTracks
    rectified2rig: np.ndarray
    fov_bounds: np.ndarray | None


@dataclass(frozen=True, kw_only=True)
class Posed:
    """A clip of F frames; None is what is not known.

    source: name of its video. times_s: float64 (F,) ascending, seconds in the source. world_from_cam: float64
    (F, 4, 4), OpenCV axes, NaN without a pose. intrinsics: float64 (F, 3, 3), pixels of a picture of `size` (width,
    height), centres at integers; distortion: float64 (2,), k1 and k2. frame_index: int64 (F,), numbers in the source.
    span_s: its start and end in the source. crop, source_size: where the picture lies in a frame of which size. extra:
    what else is told, as text.
    """

    source: str
    times_s: np.ndarray
    world_from_cam: np.ndarray
    intrinsics: np.ndarray | None = None
    distortion: np.ndarray | None = None
    size: tuple[int, int] | None = None
    frame_index: np.ndarray | None = None
    span_s: tuple[float, float] | None = None
    crop: tuple[int, int] | None = None
    source_size: tuple[int, int] | None = None
    focal_reliable: bool | None = None
    readout_s: float | None = None
    world: WorldOf | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


Found = Iterable[tuple[str, Callable[[], Posed]]]  # names, and what reads each; it raises StorageError


def import_clips(storage: Storage, kind: str, found: Found) -> tuple[int, int]:
    """Writes what is found in a format; returns how many clips were read, and how many could not be: these are `failed`
    rows of ingest. Done again it replaces its own rows."""
    clips = iter(found)
    read = failed = 0
    while part := list(islice(clips, PART_CLIPS)):
        rows = [_rows(storage, kind, name, load) for name, load in part]
        for phase, columns in COLUMNS.items():
            if made := [each[phase] for each in rows if phase in each]:
                shard = stable_id(*(row["clip_id"] for row in made))
                storage.write(storage.part(phase, shard), parquet_of_rows(made, columns))
        posed = sum(PHASE in each for each in rows)
        read, failed = read + posed, failed + len(rows) - posed
    return read, failed


COLUMNS = {
    ROOT: schema(*COMMON, *INGEST),
    PHASE: coming_from(schema(*COMMON, *POSE), ROOT),
    WORLD_PHASE: coming_from(schema(*COMMON, *WORLD), PHASE),
}


def _rows(storage: Storage, kind: str, name: str, load: Callable[[], Posed]) -> dict[str, Row]:
    """Of one clip, by phase; its tracks are written beside."""
    common: Row = {"clip_id": stable_id("import", kind, name), "reasons": [], "attempt": 1}
    common["fingerprint"] = stable_id("import", kind, VERSION)
    try:
        posed = load()
        camera = _camera(posed)
    except StorageError as error:
        told = {"status": "failed", "failed_stage": "import", "error_type": "StorageError", "error": str(error)}
        return {ROOT: {**common, **told, "source": name, "source_start_s": 0.0, "source_end_s": 0.0}}
    start_s, end_s = posed.span_s or _span(posed.times_s)
    common |= {"status": "ok", "source": posed.source, "source_start_s": start_s, "source_end_s": end_s}
    width, height = posed.size or (None, None)
    full = posed.source_size or (None if posed.crop else posed.size) or (None, None)
    left, top = posed.crop or (None, None)
    extra = list({**posed.extra, "imported_as": kind, "imported_from": name}.items())
    ingest: Row = {"width": width, "height": height, "source_width": full[0], "source_height": full[1]}
    ingest |= {"crop_x": left, "crop_y": top, "extra": extra}
    registered = ~np.isnan(posed.world_from_cam).any(axis=(1, 2))
    pose = {
        "timestamps": posed.times_s.tolist(),
        "frame_index": None if posed.frame_index is None else posed.frame_index.tolist(),
        "fps": _rate(posed.times_s),
        "width": width,
        "height": height,
        "registered": registered.tolist(),
        "registered_ratio": float(registered.mean()),
        "world_from_cam": [None if np.isnan(pose).any() else pose.ravel().tolist() for pose in posed.world_from_cam],
        "focal_reliable": posed.focal_reliable,
        "readout_s": posed.readout_s,
        **camera,
    }
    rows: dict[str, Row] = {ROOT: {**common, **ingest}, PHASE: {**common, **pose}}
    return rows if posed.world is None else rows | {WORLD_PHASE: {**common, **_world(storage, common, posed.world)}}


def _world(storage: Storage, common: Row, world: WorldOf) -> Row:
    """Columns of its tracks, which are written."""
    path = f"{artifact_folder(common['clip_id'], WORLD_PHASE, common['fingerprint'])}/{FILE}"
    storage.write(storage.artifact(path), pack_world_tracks(world.tracks))
    bounds = world.fov_bounds
    told = {"rectified2rig": world.rectified2rig.ravel().tolist(), "track_count": world.tracks.count}
    return {**told, "fov_bounds": None if bounds is None else bounds.tolist(), "world_tracks": path}


def checked_poses(cam_from_world: np.ndarray) -> np.ndarray:
    """3 x 4 matrices as float64 (F, 3, 4), some may be NaN. Raises StorageError where they are no rigid motions, or
    there are none."""
    known = cam_from_world
    if known.ndim == 3:
        known = known[np.isfinite(known).all(axis=(1, 2))]
    if not len(known) or known.shape[1:] != (3, 4):
        raise StorageError(f"it holds no 3 x 4 pose (shape {cam_from_world.shape}): leave it out.")
    turns = known[:, :, :3]
    if np.abs(turns @ turns.transpose(0, 2, 1) - np.eye(3)).max() > RIGID or np.linalg.det(turns).min() < 0:
        raise StorageError("it holds a pose that is not a rotation and a position: leave it out.")
    return cam_from_world.astype(float)


def _camera(posed: Posed) -> Row:
    """Columns of its camera."""
    if posed.intrinsics is None:
        return {}
    known = posed.intrinsics[np.isfinite(posed.intrinsics).all(axis=(1, 2))]
    if not len(known) or known[:, [0, 1], [0, 1]].min() <= 0:
        raise StorageError("its camera has no focal length: leave the camera or the clip out.")
    skewed = np.abs(known[:, 0, 0] / known[:, 1, 1] - 1).max()
    if skewed > SQUARE_PIXELS:
        raise StorageError(f"its pixels are not square (fx and fy differ by {skewed:.2%}): resize pictures and camera.")
    k1, k2 = (0.0, 0.0) if posed.distortion is None else map(float, posed.distortion)
    row: dict[str, Any] = {"k1": k1, "k2": k2, "camera_model": Camera(1.0, 0.0, 0.0, k1, k2).colmap_model}
    for name, at in {"focal": (0, 0), "cx": (0, 2), "cy": (1, 2)}.items():
        each = known[:, at[0], at[1]]
        row[f"{name}_px"] = float(np.median(each))
        if np.ptp(each) > 0:
            values = posed.intrinsics[:, at[0], at[1]].tolist()
            row[f"{name}_per_frame_px"] = [value if np.isfinite(value) else None for value in values]
    return row


def _rate(times_s: np.ndarray) -> float | None:
    return float((len(times_s) - 1) / (times_s[-1] - times_s[0])) if times_s[-1] > times_s[0] else None


def _span(times_s: np.ndarray) -> tuple[float, float]:
    """To where the frame after the last would be."""
    rate = _rate(times_s)
    return float(times_s[0]), float(times_s[-1] + (0.0 if rate is None else 1 / rate))
