"""Frames that the global solvers lost, or placed where nothing fits, put in place from the points the others made."""

from dataclasses import replace

import numpy as np
import pycolmap
from scipy.sparse.csgraph import connected_components

from factory.sfm.model.model import COLMAP_OFFSET_PX, Model, colmap_camera
from factory.tracks import Tracks

LEAST_POINTS = 12  # six points fix a pose; twice as many must agree
# A frame that keeps less than this share of its observations, by the median frame's, is asked again: a first frame with
# 0.7 was a metre's fifth and 1.2 degrees off, and fitted what it kept.
FAIR_SHARE = 0.8


def resected(tracks: Tracks, model: Model, least_kept: int, max_error_px: float) -> Model:
    """The model with new poses for frames that keep fewer than `least_kept` observations, or a far smaller share of
    theirs than others do, where points allow a pose that more of them agree on.

    A frame that finds no pose stays as it is. Points come from observations kept in other frames.
    """
    held = np.bincount(tracks.frame[model.kept], minlength=tracks.frames)
    share = held / np.maximum(np.bincount(tracks.frame, minlength=tracks.frames), 1)
    unfair = share < FAIR_SHARE * np.median(share[model.registered]) if model.registered.any() else share < 0.0
    weak = np.flatnonzero((held < least_kept) | unfair | ~model.registered)
    strong = model.kept & ~np.isin(tracks.frame, weak)
    usable = np.bincount(tracks.track[strong], minlength=tracks.count) >= 2
    poses, kept = model.cam_from_world.copy(), model.kept.copy()
    options = pycolmap.AbsolutePoseEstimationOptions()
    options.ransac.max_error = max_error_px
    options.ransac.random_seed = 0
    for f in weak:
        rows = np.flatnonzero((tracks.frame == f) & usable[tracks.track])
        if len(rows) < LEAST_POINTS:
            continue
        view = colmap_camera(model.camera_at(int(f)), tracks.width, tracks.height, model.camera.radial_terms)
        answer = pycolmap.estimate_and_refine_absolute_pose(
            tracks.xy[rows] + COLMAP_OFFSET_PX, model.points[tracks.track[rows]], view, options
        )
        if answer is not None and answer["num_inliers"] >= max(LEAST_POINTS, held[f] + 1):
            poses[f] = np.vstack([answer["cam_from_world"].matrix(), [0.0, 0.0, 0.0, 1.0]])
            kept[rows[np.asarray(answer["inlier_mask"], dtype=bool)]] = True
    return replace(model, cam_from_world=poses, kept=kept)


def connected(tracks: Tracks, model: Model, least_shared: int) -> Model:
    """Only the largest set of frames that hang together by `least_shared` kept tracks a pair: parts joined by less
    have no common scale, and their relative place is an invention."""
    registered = np.flatnonzero(model.registered)
    rows = np.flatnonzero(model.kept)
    seen = np.zeros((tracks.frames, tracks.count), np.float32)
    seen[tracks.frame[rows], tracks.track[rows]] = 1.0
    shared = seen @ seen.T >= least_shared
    part = _largest_component(shared[np.ix_(registered, registered)])
    poses = model.cam_from_world.copy()
    lost = np.setdiff1d(registered, registered[part])
    poses[lost] = np.nan
    kept = model.kept & ~np.isin(tracks.frame, lost)
    # What is left of a track in one or two frames is no support, and no adjustment takes a point of one observation.
    kept &= (np.bincount(tracks.track[kept], minlength=tracks.count) >= 3)[tracks.track]
    return replace(model, cam_from_world=poses, kept=kept)


def _largest_component(adjacent: np.ndarray) -> np.ndarray:
    if len(adjacent) == 0:
        return np.zeros(0, bool)
    _, label = connected_components(adjacent, directed=False)
    return np.asarray(label == np.bincount(label).argmax())
