"""The step that says in words what the camera does."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from factory.camera_tags.path import camera_path
from factory.camera_tags.tags import CameraTags, TagBounds
from factory.clip import ClipRecord
from factory.sfm.model.trajectory import Trajectory
from factory.trust.assess import median_depth
from factory.trust.worth import Trust


@dataclass
class TagCamera:
    """Tags what the camera does in the frames that have a pose, also of a solve that is refused, from its rotations.

    Moves are told where the direction of the way can be used, a zoom where there is a focal length a frame.
    Gives: camera_tags, None where fewer than two frames have a pose.
    """

    needs: ClassVar[tuple[str, ...]] = ("trajectory", "trust")
    gives: ClassVar[tuple[str, ...]] = ("camera_tags",)

    bounds: TagBounds = field(default_factory=TagBounds)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        return record.give(camera_tags=self._tags(record["trajectory"], record["trust"]))

    def _tags(self, trajectory: Trajectory, trust: Trust) -> CameraTags | None:
        placed, focal_px = trajectory.registered, trajectory.focal_px_per_frame
        if np.count_nonzero(placed) < 2:
            return None
        depth = median_depth(trajectory) if trust.translation_reliable and not trajectory.rotation_only else None
        path = camera_path(
            trajectory.tracks.times_s[placed],
            trajectory.world_from_cam[placed],
            depth,
            None if focal_px is None else focal_px[placed],
        )
        way = trust.signals.path_by_depth
        short = way is not None and np.degrees(way) < self.bounds.least_deg
        return self.bounds(path, may_move=depth is None and not trajectory.rotation_only and not short)
