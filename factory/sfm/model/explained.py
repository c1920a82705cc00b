"""What a trajectory explains of all tracks of a clip, whatever was taken for background when it was solved."""

import numpy as np

from factory.geometry.directions import mean_directions
from factory.geometry.triangulation import triangulate
from factory.sfm.model.model import Model, errors_px
from factory.sfm.model.trajectory import Trajectory
from factory.tracks import Tracks


def resting_errors_px(trajectory: Trajectory, tracks: Tracks) -> np.ndarray:
    """How far each observation lies from the best resting point of its track, float64 (N,): a direction where the
    camera only turns. Inf behind the camera, NaN in frames that are not registered."""
    rows = np.flatnonzero(trajectory.registered[tracks.frame])
    track, frame, each = tracks.track[rows], tracks.frame[rows], trajectory.focal_px_per_frame
    focal_px = None if each is None else each[frame]
    cam_from_world = trajectory.model.cam_from_world
    if trajectory.rotation_only:
        poses = trajectory.world_from_cam[frame]
        points = mean_directions(tracks.xy[rows], poses, track, tracks.count, trajectory.camera, focal_px)
    else:
        poses = cam_from_world[frame]
        points = triangulate(tracks.xy[rows], poses, track, tracks.count, trajectory.camera, focal_px=focal_px)
    everything = np.ones(len(tracks.track), bool)
    errors = errors_px(tracks, Model(trajectory.camera, cam_from_world, points, everything, each))
    return np.where(trajectory.registered[tracks.frame], errors, np.nan)


def explained_tracks(trajectory: Trajectory, tracks: Tracks, most_px: float) -> np.ndarray:
    """bool (M,): which tracks, background or not, rest under the poses: root mean square error under `most_px` over at
    least two registered frames, in front of every camera."""
    errors = resting_errors_px(trajectory, tracks)
    seen = np.bincount(tracks.track, np.isfinite(errors) | np.isinf(errors), tracks.count)
    square = np.minimum(np.nan_to_num(errors, nan=0.0, posinf=1e6), 1e6) ** 2
    return np.asarray((seen >= 2) & (np.bincount(tracks.track, square, tracks.count) < most_px**2 * seen))


def least_bridge(tracks: Tracks, explained: np.ndarray, registered: np.ndarray) -> int:
    """The fewest explained tracks that join what lies before to what lies after, over all cuts between two registered
    frames: a trajectory is no firmer than that. Zero with fewer than two frames."""
    rows = explained[tracks.track] & registered[tracks.frame]
    place = np.cumsum(registered) - 1
    cuts = int(registered.sum()) - 1
    if cuts < 1:
        return 0
    first, last = np.full(tracks.count, cuts), np.zeros(tracks.count, int)
    np.minimum.at(first, tracks.track[rows], place[tracks.frame[rows]])
    np.maximum.at(last, tracks.track[rows], place[tracks.frame[rows]])
    spans = first < last
    opened, closed = (np.bincount(ends[spans], minlength=cuts + 1) for ends in (first, last))
    return int(np.min((np.cumsum(opened) - np.cumsum(closed))[:cuts]))
