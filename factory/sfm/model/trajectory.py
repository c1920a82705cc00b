"""The answer of the pose phase for one clip: a camera trajectory with its quality."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from factory.geometry.camera import Camera, invert_rigid
from factory.sfm.model.model import Model, errors_px, parallax_deg
from factory.sfm.model.rolling import read_at_once
from factory.tracks import Tracks


@dataclass(frozen=True)
class Trajectory:
    """A model of F sampled frames, what it rests on and what is known of it besides.

    tracks: those of at least three frames (refined, with SIFT tracks and the sightings found with the solution's help);
    static: bool (M,), which of them were taken for background. model: of these tracks; the unit of length is free, and
    all positions are zero and points unknown if `rotation_only`. method: "global", "incremental", "rotation" or
    "still". turning_error_px: median residual of a camera that only turns, None of others.
    centre_px_per_frame: float64 (F, 2), the principal point of each frame where a stabiliser has moved the picture; NaN
    where not registered; None where it stands in the middle. `tracks` are then `recentred`, as of a camera whose
    principal point does not move. moving_crop: the picture is moved so, and by how much could not be found.
    readout_s: of a rolling shutter, from the first row to the last; None where there is none to be seen. `tracks` are
    then `read_at_once`, and poses are of the time at which a picture's middle row is read.
    focal_reliable: whether the clip pins the focal length down; None until `assess` has looked. guided: bool (N,),
    which observations were found with the solution's help and cannot speak for it as the others do; None where there
    are none.
    """

    tracks: Tracks
    static: np.ndarray
    model: Model
    method: str
    rotation_only: bool = False
    turning_error_px: float | None = None
    focal_reliable: bool | None = None
    guided: np.ndarray | None = None
    centre_px_per_frame: np.ndarray | None = None
    moving_crop: bool = False
    readout_s: float | None = None

    @cached_property
    def registered(self) -> np.ndarray:
        """bool (F,)."""
        return self.model.registered

    @cached_property
    def world_from_cam(self) -> np.ndarray:
        """float64 (F, 4, 4), NaN where not registered; OpenCV axes."""
        poses = invert_rigid(self.model.cam_from_world)
        poses[~self.registered] = np.nan
        return poses

    def posed(self, world_from_cam: np.ndarray) -> "Trajectory":
        """The trajectory with other poses, float64 (F, 4, 4); NaN: not registered."""
        return replace(self, model=replace(self.model, cam_from_world=invert_rigid(world_from_cam)))

    @property
    def camera(self) -> Camera:
        """One for all frames; where the lens zooms, with the median focal length."""
        return self.model.camera

    @property
    def focal_px_per_frame(self) -> np.ndarray | None:
        """float64 (F,) where the lens zooms; None where all frames share the camera's."""
        return self.model.focal_px

    @property
    def kept(self) -> np.ndarray:
        """bool (N,), the observations that count."""
        return self.model.kept

    @property
    def points(self) -> np.ndarray:
        """float64 (M, 3), NaN where a track has none."""
        return self.model.points

    @cached_property
    def reprojection_error_px(self) -> float | None:
        """Mean over the kept observations; of a camera that only turns the median residual of its pairs."""
        if self.turning_error_px is not None:
            return self.turning_error_px
        known = self.kept & np.isfinite(self.points[self.tracks.track, 0])
        return float(errors_px(self.tracks, self.model)[known].mean()) if known.any() else None

    @cached_property
    def parallax_median_deg(self) -> float | None:
        """Triangulation angle, the median over the tracks that have a point; None without any."""
        angles = parallax_deg(self.tracks, self.model)
        return float(np.median(angles[angles > 0])) if np.any(angles > 0) else None

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


def middle_px(tracks: Tracks) -> np.ndarray:
    """The middle of the picture, float64 (2,)."""
    return np.array([tracks.width - 1, tracks.height - 1]) / 2


def recentred(tracks: Tracks, centre_px: np.ndarray) -> Tracks:
    """The tracks moved so that each frame's principal point, float64 (F, 2), comes to the middle of the picture; as
    they are in frames where it is NaN."""
    return replace(tracks, xy=tracks.xy - np.nan_to_num(centre_px - middle_px(tracks))[tracks.frame])
