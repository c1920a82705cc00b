"""A first path in metres: points that both eyes see, and where the left eye must be to see them in the next frame."""

from collections.abc import Iterator

import numpy as np
import pycolmap

from factory.geometry.camera import invert_rigid, transform_points
from factory.geometry.rays import midpoints
from factory.sfm.model.model import COLMAP_OFFSET_PX
from factory.stereo.colmap_view import colmap_view
from factory.stereo.rig_start import epipolar_errors
from factory.stereo.sighted import Sighted

LEAST_POINTS = 12  # six points fix a pose; twice as many must agree
MOST_POINTS = 250  # the path that starts from a frame's 800 is the same, on eight rendered clips
ERROR_PX = 2.0  # of points in the next frame; what moves is further off
LEAST_PARALLAX_PX = 0.5  # of a point between the eyes: twice a match's noise, under which its distance may be anything


def odometry(seen: Sighted, left_from_right: np.ndarray) -> np.ndarray:
    """world_from_left, float64 (F, 4, 4), in the unit of the rig; NaN where a frame is not placed.

    Every frame is placed by points seen before, each where both eyes saw it last. What cannot be placed so begins a
    path of its own, if both eyes see enough; the longest is the answer.
    """
    tracks = seen.tracks
    poses, piece = np.full((tracks.frames, 4, 4), np.nan), np.full(tracks.frames, -1)
    view = colmap_view(seen.lens, tracks.width, tracks.height, 1)
    points = np.full((tracks.count, 3), np.nan)
    for frame, rows in _by_frame(seen):
        local = lifted(seen.left_rays[rows], seen.right_rays[rows], left_from_right, seen.lens.focal_px)
        usable = np.isfinite(local[:, 0])
        pose = _placed(tracks.xy[rows], points[tracks.track[rows]], view)
        if pose is None and usable.sum() >= LEAST_POINTS:
            points[:], pose = np.nan, np.eye(4)
            piece[frame:] = piece.max() + 1
        if pose is not None:
            poses[frame] = pose
            points[tracks.track[rows[usable]]] = transform_points(pose, local[usable])
    placed = np.isfinite(poses[:, 0, 0])
    if placed.any():
        poses[piece != np.bincount(piece[placed]).argmax()] = np.nan
    return poses


def lifted(left: np.ndarray, right: np.ndarray, left_from_right: np.ndarray, focal_px: float) -> np.ndarray:
    """Points in the left eye's frame, float64 (N, 3), of rays of both eyes; NaN where they do not meet ahead, clearly
    nearer than infinity."""
    points, _, angle = midpoints(left, right, left_from_right)
    error = np.abs(epipolar_errors(left, right, left_from_right))
    with np.errstate(invalid="ignore"):
        good = (angle * focal_px > LEAST_PARALLAX_PX) & (error * focal_px < ERROR_PX)
    return np.where(good[:, None], points, np.nan)


def _placed(xy: np.ndarray, points: np.ndarray, view: pycolmap.Camera) -> np.ndarray | None:
    """world_from_left of the eye that sees points (N, 3) at pixels (N, 2); None where too few agree on one."""
    known = np.flatnonzero(np.isfinite(points[:, 0]))
    if len(known) < LEAST_POINTS:
        return None
    known = known[np.linspace(0, len(known) - 1, min(len(known), MOST_POINTS)).astype(int)]
    options = pycolmap.AbsolutePoseEstimationOptions()
    options.ransac.max_error = ERROR_PX
    options.ransac.random_seed = 0
    answer = pycolmap.estimate_and_refine_absolute_pose(xy[known] + COLMAP_OFFSET_PX, points[known], view, options)
    if answer is None or answer["num_inliers"] < LEAST_POINTS:
        return None
    return invert_rigid(np.vstack([answer["cam_from_world"].matrix(), [0.0, 0.0, 0.0, 1.0]]))


def _by_frame(seen: Sighted) -> Iterator[tuple[int, np.ndarray]]:
    """Frames in order, and the rows of their sightings."""
    order = np.argsort(seen.tracks.frame, kind="stable")
    begin = np.searchsorted(seen.tracks.frame[order], np.arange(seen.tracks.frames + 1))
    for frame in range(seen.tracks.frames):
        yield frame, order[begin[frame] : begin[frame + 1]]
