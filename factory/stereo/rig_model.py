"""The state of a solve of a rig, and how well what both eyes see suits it."""

from dataclasses import dataclass, replace

import numpy as np

from factory.geometry.camera import invert_rigid, transform_points
from factory.geometry.lens import Lens
from factory.geometry.rays import meeting_points
from factory.stereo.sighted import Sighted


@dataclass(frozen=True)
class RigModel:
    """world_from_left: float64 (F, 4, 4), NaN where a frame is not placed. left_from_right: float64 (4, 4). points:
    float64 (M, 3), NaN where a track has none. kept_left, kept_right: bool (N,), the sightings that count."""

    world_from_left: np.ndarray
    left_from_right: np.ndarray
    points: np.ndarray
    kept_left: np.ndarray
    kept_right: np.ndarray

    @property
    def placed(self) -> np.ndarray:
        """bool (F,)."""
        return np.isfinite(self.world_from_left[:, 0, 0])

    def keep(self, left: np.ndarray, right: np.ndarray) -> "RigModel":
        """With other sightings that count, bool (N,)."""
        return replace(self, kept_left=left, kept_right=right)

    def scaled(self, baseline_m: float) -> "RigModel":
        """The same rig and path where the eyes are `baseline_m` apart: pictures say nothing of the unit."""
        scale = baseline_m / float(np.linalg.norm(self.left_from_right[:3, 3]))
        poses, rig = self.world_from_left.copy(), self.left_from_right.copy()
        poses[:, :3, 3] *= scale
        rig[:3, 3] *= scale
        return replace(self, world_from_left=poses, left_from_right=rig, points=scale * self.points)


def triangulated(seen: Sighted, model: RigModel, loss_px: float) -> RigModel:
    """The model with every track's point made anew, from all its sightings in placed frames by both eyes."""
    tracks = seen.tracks
    left = np.flatnonzero(model.placed[tracks.frame])
    right = left[seen.paired[left]]
    from_left, from_right = (
        model.world_from_left[tracks.frame[left]],
        model.world_from_left[tracks.frame[right]] @ model.left_from_right,
    )
    rays = np.concatenate([_turned(from_left, seen.left_rays[left]), _turned(from_right, seen.right_rays[right])])
    centres = np.concatenate([from_left[:, :3, 3], from_right[:, :3, 3]])
    track = tracks.track[np.concatenate([left, right])]
    points = meeting_points(centres, rays, track, tracks.count, loss_px / seen.lens.focal_px)
    return replace(model, points=points)


def errors_px(seen: Sighted, model: RigModel) -> tuple[np.ndarray, np.ndarray]:
    """Reprojection errors of all sightings by the left and by the right eye, float64 (N,) each; inf where pose, point
    or sighting is missing, or the point is out of the lens's sight."""
    tracks = seen.tracks
    known = model.placed[tracks.frame] & np.isfinite(model.points[tracks.track, 0])
    left, right = np.full(len(known), np.inf), np.full(len(known), np.inf)
    rows = np.flatnonzero(known)
    world_from_left = model.world_from_left[tracks.frame[rows]]
    points = transform_points(invert_rigid(world_from_left), model.points[tracks.track[rows]])
    left[rows] = _distances_px(seen.lens, points, tracks.xy[rows])
    both = seen.paired[rows]
    points = transform_points(invert_rigid(model.left_from_right), points[both])
    right[rows[both]] = _distances_px(seen.lens, points, seen.stereo.right_xy[rows[both]])
    return left, right


def _distances_px(lens: Lens, points_cam: np.ndarray, xy: np.ndarray) -> np.ndarray:
    there, sees = lens.project(points_cam)
    return np.where(sees, np.linalg.norm(there - xy, axis=1), np.inf)


def _turned(world_from_cam: np.ndarray, rays: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("nij,nj->ni", world_from_cam[:, :3, :3], rays))
