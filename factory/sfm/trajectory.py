"""The answer of the pose phase for one clip: a camera trajectory with its quality."""

from dataclasses import dataclass

import numpy as np

from factory.geometry.camera import Camera, invert_rigid
from factory.sfm.model import Model
from factory.tracks import Tracks


@dataclass(frozen=True)
class Trajectory:
    """Poses of F sampled frames and what they rest on.

    registered: bool (F,). world_from_cam: float64 (F, 4, 4), NaN where not registered; OpenCV axes; the unit of length
    is free, and all positions are zero if `rotation_only`. camera: one for all frames, of model `camera_model`.
    focal_px_per_frame: float64 (F,) where the lens zooms, `camera` then has the median; None where all frames share
    the camera's.
    focal_reliable: whether the clip pins the focal length down; None until `assess` has looked. tracks: those of at
    least three frames (refined, with SIFT tracks and the sightings found with the solution's help); static: bool (M,),
    which of them were taken for background; points:
    float64 (M, 3), NaN where a track has none; kept: bool (N,), the observations that count. method: "global",
    "incremental" or "rotation". guided: bool (N,), which observations were found with the solution's help and cannot
    speak for it as the others do; None where there are none.
    """

    registered: np.ndarray
    world_from_cam: np.ndarray
    camera: Camera
    camera_model: str
    focal_reliable: bool | None
    reprojection_error_px: float | None
    parallax_mean_deg: float | None
    parallax_median_deg: float | None
    tracks: Tracks
    static: np.ndarray
    points: np.ndarray
    kept: np.ndarray
    method: str
    rotation_only: bool = False
    focal_px_per_frame: np.ndarray | None = None
    guided: np.ndarray | None = None

    @property
    def registered_ratio(self) -> float:
        return float(self.registered.mean()) if len(self.registered) else 0.0

    @property
    def track_count(self) -> int:
        """Tracks that took part."""
        return self.tracks.count

    @property
    def inlier_count(self) -> int:
        """Tracks that have a point."""
        return len(np.unique(self.tracks.track[self.kept]))

    @property
    def observation_count(self) -> int:
        """Kept observations."""
        return int(self.kept.sum())

    def unguided(self) -> Tracks:
        """The tracks without the guided observations, under the same numbers."""
        return self.tracks if self.guided is None else self.tracks.observations(~self.guided)

    def model(self) -> Model:
        """The trajectory as a model of its tracks."""
        cam_from_world = invert_rigid(self.world_from_cam)
        return Model(self.camera, cam_from_world, self.points, self.kept, self.focal_px_per_frame)
