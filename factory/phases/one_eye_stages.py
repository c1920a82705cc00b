"""Tracks in the world of clips of one camera: from their poses, depth and masks of what moves."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from factory.clip import ClipRecord
from factory.depth.cameras import COLUMNS, cameras_of
from factory.depth.maps import MonoDepth
from factory.errors import VideoError
from factory.frames import Frames
from factory.masks.motion import DynamicMasks
from factory.masks.resized import resized
from factory.storage.output import Storage
from factory.world.artifact import FILE, pack_world_tracks
from factory.world.follow import Follow
from factory.world.one_eye import Scene, SolveOneEye


@dataclass
class TrackOneEye:
    """Follows points through the sampled frames and places them in the world of the poses. Frames are to be sampled as
    the pose phase samples them.

    Gives: world_tracks; world_seen, how many sightings there were before any was left out; moving_lost, how many tracks
    move and have no depth.
    """

    needs: ClassVar[tuple[str, ...]] = (
        *("frames", "frame_index", "world_from_cam", *COLUMNS),
        *("dynamic_masks", "mono_depth"),
    )
    gives: ClassVar[tuple[str, ...]] = ("world_tracks", "world_seen", "moving_lost")

    follow: Follow = field(default_factory=Follow)
    solve: SolveOneEye = field(default_factory=SolveOneEye)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        frames: Frames = record["frames"]
        numbers = np.asarray(record["frame_index"], np.int64)
        if not np.array_equal(frames.frame_index, numbers):
            raise VideoError("the sampled frames are not those that have poses: sample as the pose phase does.")
        grey = frames.grey
        seeded = self.follow(grey, frames.times_s, numbers)
        cameras = cameras_of({name: record[name] for name in COLUMNS}, len(numbers), grey[0].shape[1])
        placed = [np.full(16, np.nan) if pose is None else pose for pose in record["world_from_cam"]]
        depth: MonoDepth = record["mono_depth"]
        masks: DynamicMasks = record["dynamic_masks"]
        scene = Scene(
            cameras,
            np.array(placed, float).reshape(-1, 4, 4),
            replace(depth, frame=np.searchsorted(numbers, depth.frame)),
            resized(masks.masks, depth.depth.shape[1:]),
        )
        found, lost = self.solve(seeded, scene)
        return record.give(world_tracks=found, world_seen=len(seeded.tracks.track), moving_lost=lost)


@dataclass
class KeepTracks:
    """Writes the tracks beside the manifests. Gives: artifacts."""

    needs: ClassVar[tuple[str, ...]] = ("storage", "artifact_folder", "world_tracks")
    gives: ClassVar[tuple[str, ...]] = ("artifacts",)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        storage: Storage = record["storage"]
        path = f"{record['artifact_folder']}/{FILE}"
        storage.write(storage.artifact(path), pack_world_tracks(record["world_tracks"]))
        return record.give(artifacts={"world_tracks": path})
