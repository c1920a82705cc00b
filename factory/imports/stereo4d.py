"""Stereo4D's annotations as released, or as we export them: an npz a clip, read without running what is in it."""

import io
import zipfile
import zlib
from functools import partial
from pathlib import Path

import numpy as np

from factory.artifacts import BROKEN
from factory.errors import StorageError
from factory.geometry.lens import Lens
from factory.imports.posed import Found, Posed, WorldOf, checked_poses
from factory.pickled import read_texts
from factory.world.lifted import Lifted, quantile_by_track
from factory.world.motion import PAPER_FOCAL_PX, SHARE, scene_motion
from factory.world.tracks import UNKNOWN, WorldTracks

# Scene motion is an angle: it is counted in a picture of all around, as no file tells what the camera's pictures show.
AROUND, AROUND_PX = Lens("fisheye", PAPER_FOCAL_PX, 1500.0, 1500.0), (3001, 3001)  # 1391 px are 180 degrees
FIELDS = (
    *("timestamps", "camera2world", "rectified2rig", "fov_bounds"),
    *("track_lengths", "track_indices", "track_coordinates"),
)


def find(src: Path, fps: float | None) -> Found:
    """One clip an npz, wherever it lies below; its source is called as its `video_id`; `fps` has no use."""
    del fps
    files = [src] if src.is_file() else sorted(src.rglob("*.npz"))
    return ((path.relative_to(src).as_posix() if path != src else path.name, partial(_read, path)) for path in files)


def _read(path: Path) -> Posed:
    try:
        found = _arrays(path)
        cameras = checked_poses(np.asarray(found["camera2world"], float))
        world_from_cam = np.concatenate([cameras, np.tile([[[0.0, 0.0, 0.0, 1.0]]], (len(cameras), 1, 1))], axis=1)
        times_s = np.asarray(found["timestamps"], np.float64) / 1e6
        if times_s.shape != (len(cameras),) or np.any(np.diff(times_s) <= 0):
            raise ValueError("time stamps are not as many as cameras, or do not rise")
        turns, bounds = np.asarray(found["rectified2rig"], float), np.asarray(found["fov_bounds"], float)
        if turns.shape != (2, 3, 3) or bounds.shape != (4,):
            raise ValueError(f"rectified2rig and fov_bounds are of shapes {turns.shape} and {bounds.shape}")
        tracks = _tracks(found, world_from_cam, times_s)
    except (KeyError, ValueError, TypeError) as error:
        raise StorageError(f"{path} is not laid out as Stereo4D's annotations ({error}): leave it out.") from error
    return Posed(
        source=str(found["video_id"].ravel()[0]) if "video_id" in found else path.stem,
        times_s=times_s,
        world_from_cam=world_from_cam,
        world=WorldOf(tracks, turns, bounds if np.isfinite(bounds).all() else None),
    )


def _tracks(found: dict[str, np.ndarray], world_from_cam: np.ndarray, times_s: np.ndarray) -> WorldTracks:
    """What is not told (the lens, places in pictures, noise) stays unknown: neither the paper's pictures, 512 px over
    60 degrees, nor `fov_bounds`, the whole eye's, need be what this file's points were followed in."""
    lengths, frame = (np.asarray(found[name], np.int64) for name in ("track_lengths", "track_indices"))
    points = np.asarray(found["track_coordinates"], np.float64)
    frames, total = len(times_s), int(lengths.sum())
    if lengths.ndim != 1 or np.any(lengths < 1) or frame.shape != (total,) or points.shape != (total, 3):
        raise ValueError(
            f"{len(lengths)} tracks of {total} samples have {frame.shape} frames and {points.shape} points"
        )
    if np.any((frame < 0) | (frame >= frames)) or not np.isfinite(points).all():
        raise ValueError("a track is in a frame that is not there, or its points are not finite")
    track = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    if np.any((np.diff(frame) <= 0) & (np.diff(track) == 0)):
        raise ValueError("the samples of a track are not in the order of time")
    centres = world_from_cam[frame, :3, 3]
    away = points - centres
    ranges = np.linalg.norm(away, axis=1)
    nothing = np.full(total, np.nan)
    rays = away / np.maximum(ranges, 1e-12)[:, None]
    seen = Lifted(track, frame.astype(np.int32), centres, rays, ranges, nothing, nothing, times_s)
    motion_px = quantile_by_track(scene_motion(AROUND, AROUND_PX, seen, world_from_cam), track, SHARE)
    unknown = np.full(len(lengths), np.nan, np.float32)
    return WorldTracks(
        track=track,
        frame=seen.frame,
        xy=np.full((total, 2), np.nan, np.float32),
        range_m=ranges.astype(np.float32),
        sigma_m=nothing.astype(np.float32),
        measured=np.full((total, 3), np.nan, np.float32),
        points=points.astype(np.float32),
        label=np.full(len(lengths), UNKNOWN, np.int8),
        motion_px=motion_px.astype(np.float32),
        chi2=unknown,
        speed_m_s=unknown,
        speed_sigma_m_s=unknown,
        world_from_cam=world_from_cam,
        times_s=times_s,
        frame_index=np.full(len(times_s), -1),
        lens=None,
        width=0,
        height=0,
    )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The fields that are known. Texts may have been saved as objects, which numpy would run: they are only read."""
    found = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name in (*FIELDS, "video_id"):
                if f"{name}.npy" in archive.namelist():
                    found[name] = _array(archive.read(f"{name}.npy"))
    except (*BROKEN, zipfile.BadZipFile, zlib.error) as error:
        raise StorageError(f"{path} cannot be read ({error}): fetch it again.") from error
    return found


def _array(content: bytes) -> np.ndarray:
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = header(file)
    if not kind.hasobject:
        return np.asarray(np.load(io.BytesIO(content), allow_pickle=False))
    return np.array(read_texts(file.read())).reshape(shape)
