"""Stereo4D's released annotations: cameras and long tracks of a clip, an npz each."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from factory.artifacts import pack_arrays
from factory.export.names import clip_names, file_name
from factory.export.selection import SCALE, Selection, rows_of
from factory.manifest.read import read_schema
from factory.storage.local import write_atomic
from factory.storage.output import Storage
from factory.world.artifact import read_world_tracks
from factory.world.tracks import UNKNOWN, WorldTracks

NEEDS = "world_tracks"


def export(storage: Storage, phase: str, dest: Path, selection: Selection) -> Counter[str]:
    """Writes `<video>_<first time stamp>.npz` a clip, time stamps in microseconds; returns how many by status.

    Of T frames that have a pose and K tracks, whose samples lie one behind the other, by track, then time: `name`,
    `video_id` (the source's stem); `timestamps` int64 (T,), microseconds in the source; `camera2world` float64
    (T, 3, 4), the rectified left eye, OpenCV axes, metres as far as the baseline is, of one camera the unit of its
    poses; `rectified2rig` float64 (2, 3, 3), left and right, of one camera the identity; `fov_bounds` float64 (4,),
    degrees, NaN where the eyes are not VR180; `track_lengths` int64 (K,); `track_indices` int64 (sum of these,),
    frames; `track_coordinates` float32 (the same, 3), world (Jin et al., CVPR 2025). Labels and ranges have no place in
    it.
    """
    known = set(read_schema(storage, phase).names)  # of one eye there is no rig
    rig = [f"p.{name}" if name in known else f"NULL AS {name}" for name in ("rectified2rig", "fov_bounds")]
    rows = rows_of(storage, phase, selection, NEEDS, f"p.status, p.world_tracks, {', '.join(rig)}")
    sources = {row["source"] for row in rows}
    videos = clip_names([{"clip_id": source, "source": source, "source_start_s": 0.0} for source in sources])
    for row in rows:
        tracks = read_world_tracks(storage.read(storage.artifact(row[NEEDS]))).scaled(row.get(SCALE, 1.0))
        if (
            row["rectified2rig"] is None
        ):  # of one camera a place that is not certain is none, and no label tells it here
            tracks = tracks.select(tracks.label != UNKNOWN)
        arrays = annotations(tracks, videos[row["source"]], row)
        write_atomic(dest / file_name(str(arrays["name"]), ".npz"), pack_arrays(**arrays))
    return Counter(row["status"] for row in rows)


def annotations(tracks: WorldTracks, video: str, row: dict[str, Any]) -> dict[str, np.ndarray]:
    """What is written of one clip. row: its `rectified2rig` and `fov_bounds`."""
    posed = np.isfinite(tracks.world_from_cam).all(axis=(1, 2))
    number = np.cumsum(posed) - 1  # of a frame among those with a pose
    times_us = np.round(tracks.times_s[posed] * 1e6).astype(np.int64)
    seen = posed[tracks.frame]
    lengths = np.bincount(tracks.track[seen], minlength=tracks.count)
    bounds, turns = row["fov_bounds"], row["rectified2rig"]
    return {
        "name": np.array(f"{video}_{times_us[0] if len(times_us) else 0}"),
        "video_id": np.array(video),
        "timestamps": times_us,
        "camera2world": tracks.world_from_cam[posed, :3],
        "rectified2rig": np.array([np.eye(3)] * 2 if turns is None else turns, float).reshape(2, 3, 3),
        "fov_bounds": np.full(4, np.nan) if bounds is None else np.array(bounds, float),
        "track_lengths": lengths[lengths > 0],
        "track_indices": number[tracks.frame[seen]],
        "track_coordinates": tracks.points[seen],
    }
