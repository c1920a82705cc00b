"""Relative poses of frame pairs from their common tracks, and each track's vote on whether it is rigid."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pycolmap

from factory.geometry.camera import Camera
from factory.geometry.epipolar import fundamental_matrix, sampson_error
from factory.sfm.model.model import COLMAP_OFFSET_PX, colmap_camera
from factory.tracks import Tracks

LEAST_MATCHES = 15  # COLMAP's own minimum for a pair
MOST_MATCHES = (
    200  # kitchen sweep: 300 of 700 matches halve the time and change no digit that matters; 200 on six real clips
)


@dataclass(frozen=True)
class RelativePose:
    """cam_j_from_i: float64 (4, 4), translation of length 1. ids: the common tracks int (n,). inliers: bool (n,)."""

    i: int
    j: int
    cam_j_from_i: np.ndarray
    ids: np.ndarray
    inliers: np.ndarray


def stride_pairs(frames: int, strides: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Pairs (i, i + stride); of strides from 8 on every second one, in long clips, as neighbours say the same."""
    for stride in strides:
        step = 2 if stride >= 8 and frames > 48 else 1
        for i in range(0, frames - stride, step):
            yield i, i + stride


def relative_poses(
    tracks: Tracks,
    pairs: Iterable[tuple[int, int]],
    camera: Camera,
    max_error_px: float,
    trials: int,
    static: np.ndarray,
) -> list[RelativePose]:
    """A calibrated five-point model with LO-RANSAC for every pair with enough common `static`, bool (M,), tracks."""
    found = []
    for i, j in pairs:
        ids, xy_i, xy_j = tracks.pair(i, j)
        ids, xy_i, xy_j = (values[static[ids]] for values in (ids, xy_i, xy_j))
        pose = relative_pose(xy_i, xy_j, camera, (tracks.width, tracks.height), max_error_px, trials)
        if pose is not None:
            found.append(RelativePose(i, j, pose[0], ids, pose[1]))
    return found


def relative_pose(
    xy_i: np.ndarray, xy_j: np.ndarray, camera: Camera, size_px: tuple[int, int], max_error_px: float, trials: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """cam_j_from_i (4, 4) and the inliers bool (n,) of matches (n, 2); None with too few of either."""
    if len(xy_i) < LEAST_MATCHES:
        return None
    # RANSAC's local optimisation costs as many matches as it is given; a few hundred decide the pose.
    part = np.linspace(0, len(xy_i) - 1, min(len(xy_i), MOST_MATCHES)).astype(int)
    view = colmap_camera(camera, *size_px, camera.radial_terms)
    options = pycolmap.RANSACOptions(
        max_error=max_error_px, min_num_trials=trials // 2, max_num_trials=trials, random_seed=0
    )
    answer = pycolmap.estimate_relative_pose(
        view, xy_i[part] + COLMAP_OFFSET_PX, view, xy_j[part] + COLMAP_OFFSET_PX, options
    )
    if answer is None or answer["num_inliers"] < LEAST_MATCHES:
        return None
    pose = np.vstack([answer["cam2_from_cam1"].matrix(), [0.0, 0.0, 0.0, 1.0]])
    fundamental = fundamental_matrix(pose, camera, camera)
    return pose, sampson_error(fundamental, xy_i, xy_j) < max_error_px


def inlier_share(tracks: Tracks, poses: list[RelativePose]) -> np.ndarray:
    """For each track, the share of its pairs in which it is an inlier: float64 (M,); NaN for tracks of no pair."""
    seen = np.zeros(tracks.count)
    right = np.zeros(tracks.count)
    for pose in poses:
        seen[pose.ids] += 1
        right[pose.ids] += pose.inliers
    return np.divide(right, seen, out=np.full(tracks.count, np.nan), where=seen > 0)
