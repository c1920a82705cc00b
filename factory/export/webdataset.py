"""Shards of WebDataset: a tar of samples, each a JSON, an MP4 and an npz of one name."""

import io
import json
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from factory.artifacts import pack_arrays
from factory.data.result import ClipResult
from factory.export.clips import POSES, posed_clips, shots
from factory.export.selection import Selection
from factory.export.vipe import RATE_FACTOR
from factory.storage.local import write_atomic
from factory.storage.output import Storage
from factory.video.encode import encode_video

NEEDS = POSES
FILES = ("tracks", "masks", "points")
SHARD_BYTES = 256 << 20  # a shard is closed when it has this many: readers stream some hundred MB at a time, a guess


def export(storage: Storage, phase: str, dest: Path, selection: Selection) -> Counter[str]:
    """Writes `clips-<number, 6 digits>.tar` of whole clips; returns how many by status.

    A sample's key is its clip's id. `<key>.mp4`: all sampled frames, without black bars, one behind the other, H.264.
    `<key>.npz`, of these F frames: `world_from_cam` float64 (F, 4, 4), OpenCV axes, NaN where not `registered` bool
    (F,); `intrinsics` float64 (F, 3, 3) and `distortion` (2,), pixels of the video, centres at integers; `times_s`,
    `frame_index` (F,) in the source; `masks` bool (F, h, w), what moves, where it is known. `<key>.json`: what the
    phase's row says in single values, the source, and its name.
    """
    done: Counter[str] = Counter()
    files: dict[str, bytes] = {}
    shard = 0
    for name, clip in posed_clips(storage, phase, selection):
        files |= _sample(name, clip, phase)
        done[clip.rows[phase]["status"]] += 1
        if sum(map(len, files.values())) >= SHARD_BYTES:
            write_atomic(dest / f"clips-{shard:06d}.tar", _tar(files))
            files, shard = {}, shard + 1
    if files:
        write_atomic(dest / f"clips-{shard:06d}.tar", _tar(files))
    return done


def _sample(name: str, clip: ClipResult, phase: str) -> dict[str, bytes]:
    every = np.arange(len(clip.times_s))
    arrays = {
        "world_from_cam": clip.world_from_cam,
        "registered": clip.registered,
        "intrinsics": clip.intrinsics,
        "distortion": clip.distortion,
        "times_s": clip.times_s,
        "frame_index": clip.frame_index,
    }
    if clip["masks"] is not None:
        arrays["masks"] = clip.masks()
    return {
        f"{clip.clip_id}.json": json.dumps({"name": name, **_values(clip, phase)}, indent=1).encode(),
        f"{clip.clip_id}.mp4": encode_video(shots(clip, every), clip.size, clip["fps"] or 1.0, RATE_FACTOR),
        f"{clip.clip_id}.npz": pack_arrays(**arrays),
    }


def _values(clip: ClipResult, phase: str) -> dict[str, Any]:
    """Single values of the clip's row, but for the paths of files that stay in the output."""
    row = clip.rows[phase].items()
    single = {name: value for name, value in row if isinstance(value, str | int | float) and name not in FILES}
    return {name: value for name, value in single.items() if isinstance(value, str) or np.isfinite(value)}


def _tar(files: dict[str, bytes]) -> bytes:
    """Equal files give equal bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            told = tarfile.TarInfo(name)
            told.size = len(content)
            archive.addfile(told, io.BytesIO(content))
    return buffer.getvalue()
