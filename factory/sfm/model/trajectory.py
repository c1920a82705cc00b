"""The answer of the pose phase for one clip: a camera trajectory with its quality."""

from dataclasses import dataclass, replace

import numpy as np

from factory.geometry.camera import Camera, invert_rigid
from factory.sfm.model.model import Model
from factory.sfm.model.rolling import read_at_once
from factory.tracks import Tracks


@dataclass(frozen=True)
class Trajectory:
    """Poses of F sampled frames and what they rest on.

    registered: bool (F,). world_from_cam: float64 (F, 4, 4), NaN where not registered; OpenCV axes; the unit of length
    is free, and all positions are zero if `rotation_only`. camera: one for all frames, of model `camera_model`.
    focal_px_per_frame: float64 (F,) where the lens zooms, `camera` then has the median; None where all frames share
    the camera's.
    centre_px_per_frame: float64 (F, 2), the principal point of each frame where a stabiliser has moved the picture; NaN
    where not registered; None where it stands in the middle. `tracks` are then `recentred`, as of a camera whose
    principal point does not move. moving_crop: the picture is moved so, and by how much could not be found.
    readout_s: of a rolling shutter, from the first row to the last; None where there is none to be seen. `tracks` are
    then `read_at_once`, and poses are of the time at which a picture's middle row is read.
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
    centre_px_per_frame: np.ndarray | None = None
    moving_crop: bool = False
    readout_s: float | None = None

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

    def ideal(self, tracks: Tracks) -> Tracks:
        """Tracks of the clip, as seen, as a camera sees them that reads all rows at once and whose principal point
        stays in the middle."""
        return self.recentred(read_at_once(tracks, self.readout_s))

    def recentred(self, tracks: Tracks) -> Tracks:
        """Tracks of the clip as a camera sees them whose principal point stays in the middle."""
        return tracks if self.centre_px_per_frame is None else recentred(tracks, self.centre_px_per_frame)

    def as_seen(self) -> Tracks:
        """The trajectory's tracks where they lie in the pictures, all rows read at once."""
        if self.centre_px_per_frame is None:
            return self.tracks
        return recentred(self.tracks, middle_px(self.tracks) * 2 - self.centre_px_per_frame)

    def model(self) -> Model:
        """The trajectory as a model of its tracks."""
        cam_from_world = invert_rigid(self.world_from_cam)
        return Model(self.camera, cam_from_world, self.points, self.kept, self.focal_px_per_frame)


def middle_px(tracks: Tracks) -> np.ndarray:
    """The middle of the picture, float64 (2,)."""
    return np.array([tracks.width - 1, tracks.height - 1]) / 2


def recentred(tracks: Tracks, centre_px: np.ndarray) -> Tracks:
    """The tracks moved so that each frame's principal point, float64 (F, 2), comes to the middle of the picture; as
    they are in frames where it is NaN."""
    return replace(tracks, xy=tracks.xy - np.nan_to_num(centre_px - middle_px(tracks))[tracks.frame])
