"""Depth of clips of one camera: from their poses, and from a network where there is one."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from factory.clip import ClipRecord
from factory.depth.cameras import COLUMNS, cameras_of
from factory.depth.cvd import ConsistentDepth
from factory.depth.estimate import ClipDepth
from factory.depth.file import pack_mono_depth
from factory.depth.maps import NONE, MonoDepth
from factory.depth.metric import MetricScale
from factory.depth.posed import Posed, anchors
from factory.errors import ConfigError, VideoError
from factory.frames import Frames
from factory.masks.motion import DynamicMasks
from factory.masks.resized import resized
from factory.models.roles import Depth
from factory.stage import Rejected
from factory.storage.output import Storage


@dataclass
class SweepDepth:
    """Depth of the sampled frames, in the unit of the poses. Gives: mono_depth, a MonoDepth; metres, a Metres, or None
    without a network whose depth is metric.

    Takes the pose phase's columns and its masks and points; frames are to be sampled as it samples them. Rejects clips
    of which no frame is seen from beside, as of a camera that stands or only turns.
    """

    needs: ClassVar[tuple[str, ...]] = (
        *("frames", "frame_index", "world_from_cam", "focal_reliable", *COLUMNS),
        *("points", "dynamic_masks"),
    )
    gives: ClassVar[tuple[str, ...]] = ("mono_depth", "metres")

    estimate: ClipDepth | ConsistentDepth = field(default_factory=ClipDepth)  # the second: depth=cvd
    prior: Depth | None = None  # a network's, that fills what cannot be measured, and what moves
    metric: MetricScale = field(default_factory=MetricScale)

    def __post_init__(self) -> None:
        if isinstance(self.estimate, ConsistentDepth) and self.prior is None:
            raise ConfigError("consistent video depth starts from a network's depth: take depth=cvd, which sets one.")

    def __call__(self, record: ClipRecord) -> ClipRecord | Rejected:
        posed = posed_frames(record)
        network = metres = None
        if self.prior is not None:
            focal_px = np.array([camera.focal_px for camera in posed.cameras])
            network = self.prior.depth(posed.frames, focal_px)
            metres = self.metric(anchors(posed, posed.moving), network)
        found = self.estimate(posed, network, record["focal_reliable"])
        if not np.any(found.origin != NONE):
            return Rejected(record, ("mono_depth: no frame is seen from beside and shows enough points at rest",))
        return record.give(mono_depth=found, metres=metres)


def posed_frames(record: ClipRecord) -> Posed:
    """What SweepDepth's record holds. Raises VideoError where frames and poses are of different frames."""
    frames: Frames = record["frames"]
    masks: DynamicMasks = record["dynamic_masks"]
    numbers, rgb = np.asarray(record["frame_index"], np.int64), frames.rgb
    if not np.array_equal(frames.frame_index, numbers):
        raise VideoError("the sampled frames are not those that have poses: sample as the pose phase does.")
    if masks.frame_index is not None and not np.array_equal(masks.frame_index, numbers):
        raise VideoError("the masks are not of the frames that have poses: run the pose phase again.")
    # The pose phase may have seen larger or smaller pictures, whose height was rounded another way.
    moving = resized(masks.masks, rgb.shape[1:3])
    placed = [np.full(16, np.nan) if pose is None else pose for pose in record["world_from_cam"]]
    cameras = cameras_of({name: record[name] for name in COLUMNS}, len(numbers), rgb.shape[2])
    return Posed(rgb, cameras, np.array(placed, float).reshape(-1, 4, 4), record["points"], moving)


@dataclass
class KeepDepth:
    """Writes the depth beside the manifests. Gives: artifacts."""

    needs: ClassVar[tuple[str, ...]] = ("storage", "artifact_folder", "mono_depth", "frame_index")
    gives: ClassVar[tuple[str, ...]] = ("artifacts",)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        storage: Storage = record["storage"]
        depth: MonoDepth = record["mono_depth"]
        path = f"{record['artifact_folder']}/mono_depth.npz"
        storage.write(storage.artifact(path), pack_mono_depth(depth, np.asarray(record["frame_index"])))
        return record.give(artifacts={"mono_depth": path})
