"""How far tracks move in the scene, in pixels of a camera that stands, as Stereo4D tells the moving from the still."""

import numpy as np

from factory.geometry.lens import Lens
from factory.tracks import Tracks
from factory.world.lifted import row_of

WINDOW_FRAMES = 16  # paper
SHARE = 0.9  # a track's motion is this quantile of its sightings'; paper
# Pixels are those of the paper's pictures, 512 px over 60 degrees, whatever the lens: its bounds of 5, 16 and 20 px are
# angles.
PAPER_FOCAL_PX = 256 / np.tan(np.radians(30))


def scene_motion(lens: Lens, tracks: Tracks, points: np.ndarray, world_from_cam: np.ndarray) -> np.ndarray:
    """Of each sighting the largest distance between where its track's points of this frame and the 16 before it are
    seen by the camera of this frame, float64 (N,), pixels of 443 a radian (Jin et al., CVPR 2025; released code).

    Points outside the picture do not count. points: (N, 3) world, of each sighting. world_from_cam: float64 (F, 4, 4),
    without NaN where a track is seen.
    """
    cam_from_world = np.linalg.inv(np.where(np.isfinite(world_from_cam), world_from_cam, np.eye(4)))
    track, frame, size = tracks.track, tracks.frame, np.array([tracks.width, tracks.height])
    here, _ = lens.project(_seen_by(cam_from_world, frame, points))
    most = np.zeros(len(track))
    for step in range(1, WINDOW_FRAMES + 1):
        before = row_of(track, frame, -step, len(world_from_cam))
        rows = np.flatnonzero((before >= 0) & (frame >= step))
        there, seen = lens.project(_seen_by(cam_from_world, frame[rows], points[before[rows]]))
        seen &= np.all((there >= -0.5) & (there <= size - 0.5), axis=1)
        most[rows] = np.maximum(most[rows], np.where(seen, np.linalg.norm(there - here[rows], axis=1), 0.0))
    return most * PAPER_FOCAL_PX / lens.focal_px


def _seen_by(cam_from_world: np.ndarray, frame: np.ndarray, points: np.ndarray) -> np.ndarray:
    poses = cam_from_world[frame]
    return np.asarray(np.einsum("nij,nj->ni", poses[:, :3, :3], points) + poses[:, :3, 3])
