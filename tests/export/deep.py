"""An output with depth of a clip, written beside its poses without running anything."""

import os
import shutil
from pathlib import Path

import numpy as np

from factory.data import Output
from factory.depth.file import pack_mono_depth
from factory.depth.maps import FILLED, FUSED, NONE, PRIOR, SWEPT, MonoDepth
from factory.manifest.phases import coming_from
from factory.manifest.schema import COMMON, schema
from factory.manifest.write import parquet_of_rows
from factory.phases.depthmaps import DEPTH
from factory.phases.one_eye import ONE_EYE
from factory.storage.output import Storage, artifact_folder
from factory.world.artifact import pack_world_tracks
from factory.world.tracks import WorldTracks

SIZE = (160, 90)  # width and height; the clip's picture has four times that
WITHOUT = (0, 1, 17)  # sampled frames that have no depth
SCALE_M = 0.25


def depth_of(frames: int) -> MonoDepth:
    """A slope, 6 on the left to 12 on the right, in each frame a little farther; its left eighth is not known, then a
    strip each is filled and the network's; one pixel is 5000 away."""
    frame = np.setdiff1d(np.arange(frames), WITHOUT)
    depth = np.tile(np.linspace(6, 12, SIZE[0]), (len(frame), SIZE[1], 1)) + 0.01 * frame[:, None, None]
    origin = np.full(depth.shape, SWEPT, np.uint8)
    origin[:, 70:], origin[:, :, 20:40], origin[:, :, 40:60], origin[:, :, :20] = FUSED, FILLED, PRIOR, NONE
    depth[origin == NONE] = np.nan
    depth[:, 80, 150] = 5000.0
    return MonoDepth(frame, depth.astype(np.float32), origin, 0.75, False)


def with_depth(
    posed: Output, place: Path, name: str = "good.", found: MonoDepth | None = None, **changes: object
) -> Output:
    """A copy of `posed` with the phase depthmaps, whose only row is of one clip. found: its depth, in place of the
    slope. changes: of that row."""
    root = place / "out"
    shutil.copytree(posed.storage.root, root, copy_function=os.link)
    storage, clip = Storage.at(root), posed.find(name)
    path = f"{artifact_folder(clip.clip_id, 'depthmaps', 'f')}/mono_depth.npz"
    found = depth_of(len(clip.times_s)) if found is None else found
    storage.write(storage.artifact(path), pack_mono_depth(found, clip.frame_index))
    common = {name: clip.rows["ingest"][name] for name in ("clip_id", "source", "source_start_s", "source_end_s")}
    row = {**common, "status": "ok", "reasons": [], "fingerprint": "f", "attempt": 1, "mono_depth": path}
    shares = {"sure": SWEPT, "fused": FUSED, "filled": FILLED, "network": PRIOR}
    row |= {f"{name}_ratio": float(np.mean(found.origin == kind)) for name, kind in shares.items()}
    row |= {"depth_frames": len(found.frame), "agreement": 0.75, "focal_reliable": False}
    row |= {"scale_m": SCALE_M, "scale_spread": 0.04, **changes}
    columns = coming_from(schema(*COMMON, *DEPTH), "pose")
    storage.write(storage.part("depthmaps", "1"), parquet_of_rows([row], columns))
    return Output.at(root)


def with_tracks(deep: Output, name: str, tracks: WorldTracks) -> Output:
    """The same output with the phase world, whose only row is of one clip."""
    storage, clip = Storage.at(deep.storage.root), deep.find(name)
    path = f"{artifact_folder(clip.clip_id, 'world', 'f')}/world_tracks.npz"
    storage.write(storage.artifact(path), pack_world_tracks(tracks))
    common = {name: clip.rows["ingest"][name] for name in ("clip_id", "source", "source_start_s", "source_end_s")}
    row = {**common, "status": "ok", "reasons": [], "fingerprint": "g", "attempt": 1, "world_tracks": path}
    columns = coming_from(schema(*COMMON, *ONE_EYE), "depthmaps")
    storage.write(storage.part("world", "1"), parquet_of_rows([row], columns))
    return Output.at(deep.storage.root)
