"""How far tracks move in the scene, in pixels of a camera that stands, as Stereo4D tells the moving from the still."""

import numpy as np

from factory.geometry.camera import invert_rigid, transform_points
from factory.geometry.lens import Lens
from factory.world.lifted import Lifted, blocks

WINDOW_FRAMES = 16  # paper
SHARE = 0.9  # a track's motion is this quantile of its sightings'; paper
# Pixels are those of the paper's pictures, 512 px over 60 degrees, whatever the lens: its bounds of 5, 16 and 20 px are
# angles.
PAPER_FOCAL_PX = 256 / np.tan(np.radians(30))


BLOCK = 20_000  # sightings of whole tracks at a time: what a core's cache holds


def scene_motion(lens: Lens, size: tuple[int, int], seen: Lifted, world_from_cam: np.ndarray) -> np.ndarray:
    """Of each sighting the largest distance between where its track's points of this frame and the 16 before it are
    seen by the camera of this frame, float64 (N,), pixels of 443 a radian (Jin et al., CVPR 2025; released code).

    Points outside the picture of `size` (width, height) do not count. world_from_cam: float64 (F, 4, 4), without NaN
    where a track is seen.
    """
    cam_from_world = invert_rigid(world_from_cam)
    most = [_block(lens, np.array(size), seen.observations(rows), cam_from_world) for rows in blocks(seen.track, BLOCK)]
    return np.concatenate(most) * PAPER_FOCAL_PX / lens.focal_px


def _block(lens: Lens, size: np.ndarray, seen: Lifted, cam_from_world: np.ndarray) -> np.ndarray:
    points, poses = seen.points, cam_from_world[seen.frame]
    here, _ = lens.project(transform_points(poses, points))
    most = np.zeros(len(points))  # squared
    for back in range(1, WINDOW_FRAMES + 1):  # rows: with gaps they are more than so many frames before
        near = seen.track[back:] == seen.track[:-back]
        near &= seen.frame[back:] - seen.frame[:-back] <= WINDOW_FRAMES
        there, shown = lens.project(transform_points(poses[back:], points[:-back]))
        (x, y), (far_x, far_y) = there.T, size - 0.5
        shown &= near & (x >= -0.5) & (x <= far_x) & (y >= -0.5) & (y <= far_y)
        square = (x - here[back:, 0]) ** 2 + (y - here[back:, 1]) ** 2
        most[back:] = np.maximum(most[back:], np.where(shown, square, 0.0))
    return np.sqrt(most)
