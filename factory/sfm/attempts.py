"""Tracks that need no more work become a trajectory: positions, adjustment, and what to do when the first way fails."""

from dataclasses import replace

import numpy as np

from factory.geometry.camera import Camera, centred_camera, corner_bend, one_to_one
from factory.sfm.lens.bent import bent_start
from factory.sfm.lens.readout import found_readout_s
from factory.sfm.mapping.averaging import global_poses, thinned
from factory.sfm.mapping.bundle import Adjustment, adjust, filtered
from factory.sfm.mapping.incremental import incremental_poses
from factory.sfm.model.model import Model, zooming
from factory.sfm.model.rolling import read_at_once
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.options import SolveOptions
from factory.sfm.pairs.focal import focal_start
from factory.sfm.pairs.relative import RelativePose, inlier_share, relative_poses, stride_pairs
from factory.sfm.rounds import polished
from factory.sfm.zoom.gate import gain
from factory.sfm.zoom.search import steadied
from factory.tracks import Tracks


def solve_tracks(
    tracks: Tracks,
    static: np.ndarray,
    options: SolveOptions,
    focal_px: float | None = None,
    zoom: np.ndarray | None = None,
) -> Trajectory:
    """A trajectory from tracks that need no more work. `focal_px` replaces the search for a starting focal length.

    zoom: float64 (F,), the start of each frame's focal length by the clip's, where every frame gets its own. Where a
    solve explains too little, others start from a shorter and a longer focal length; most observations win.
    """
    steady = tracks if zoom is None else steadied(tracks, zoom)
    start = focal_start(steady.select(static), options.pairs.focal) if focal_px is None else focal_px
    best, method = _curved(tracks, static, _attempt(tracks, static, start, options, zoom), options), "global"
    for factor in options.pairs.other_focals:
        if _explains_enough(tracks, static, best, options):
            break
        other = _attempt(tracks, static, start * factor, options, zoom)
        if other is not None and (best is None or other.kept.sum() > best.kept.sum()):
            best = other
    if best is None or best.registered.mean() < options.mapping.least_registered:
        other = _incremental_attempt(tracks, static, start, options, zoom)
        if other is not None and (best is None or other.registered.sum() > best.registered.sum()):
            best, method = other, "incremental"
    return trajectory(tracks, static, best, centred_camera(start, tracks.width, tracks.height), method)


def solved_from(model: Model, tracks: Tracks, static: np.ndarray, options: SolveOptions, method: str) -> Trajectory:
    """A trajectory of tracks that need no more work from a model of them that is near already."""
    model = polished(tracks, model, least_share(static, options), options)
    return trajectory(tracks, static, model, model.camera, method)


def with_bent_lens(shared: Trajectory, options: SolveOptions) -> Trajectory:
    """The solution of a lens with strong barrel distortion where that explains much more; else the one given."""
    tracks, static = shared.tracks, shared.static
    start = None if options.lens.bent is None else bent_start(tracks, shared.model, options.lens.bent)
    if start is None:
        return shared
    model = polished(tracks, start, least_share(static, options), options, radial=2)
    if not one_to_one(model.camera, tracks.width, tracks.height):
        return shared
    if model.kept.sum() < shared.kept.sum() or model.registered.sum() < shared.registered.sum():
        return shared
    return trajectory(tracks, static, model, model.camera, shared.method)


def _curved(tracks: Tracks, static: np.ndarray, model: Model | None, options: SolveOptions) -> Model | None:
    """The model with distortion where it explains too little without: a strong one bends most tracks out of bounds."""
    if model is None or model.focal_px is not None or _explains_enough(tracks, static, model, options):
        return model
    least = least_share(static, options)
    for terms, least_gain in ((1, options.lens.curved_gain), (2, options.lens.twice_curved_gain)):
        curved = polished(tracks, model, least, options, radial=terms)
        changed = abs(np.log(curved.camera.focal_px / model.camera.focal_px)) > np.log1p(options.lens.curved_focal)
        folded = not one_to_one(curved.camera, tracks.width, tracks.height)
        pushed = corner_bend(curved.camera, tracks.width, tracks.height) < -options.lens.most_push
        if changed or folded or pushed or curved.kept.sum() <= least_gain * model.kept.sum():
            return model
        model = curved
    return model


def _explains_enough(tracks: Tracks, static: np.ndarray, model: Model | None, options: SolveOptions) -> bool:
    if model is None or not model.registered.all():
        return False
    return bool(model.kept[static[tracks.track]].mean() >= options.mapping.least_explained)


def _attempt(
    tracks: Tracks, static: np.ndarray, focal_px: float, options: SolveOptions, zoom: np.ndarray | None
) -> Model | None:
    camera = centred_camera(focal_px, tracks.width, tracks.height)
    steady = tracks if zoom is None else steadied(tracks, zoom)
    model = positioned(steady, static, clip_pairs(steady, static, camera, options), camera, options)
    model = None if model is None else _rough(tracks, _zoomed(model, zoom), options)
    return None if model is None else polished(tracks, model, least_share(static, options), options)


def _incremental_attempt(
    tracks: Tracks, static: np.ndarray, focal_px: float, options: SolveOptions, zoom: np.ndarray | None
) -> Model | None:
    camera = centred_camera(focal_px, tracks.width, tracks.height)
    steady = tracks if zoom is None else steadied(tracks, zoom)
    model = incremental_poses(steady, clip_pairs(steady, static, camera, options), camera)
    return None if model is None else polished(tracks, _zoomed(model, zoom), least_share(static, options), options)


def _zoomed(model: Model, zoom: np.ndarray | None) -> Model:
    """The model of steadied tracks as one of the tracks themselves, with a focal length a frame."""
    return model if zoom is None else zooming(model, model.camera.focal_px * zoom)


def clip_pairs(tracks: Tracks, static: np.ndarray, camera: Camera, options: SolveOptions) -> list[RelativePose]:
    pairs = stride_pairs(tracks.frames, options.pairs.strides)
    return relative_poses(tracks, pairs, camera, options.pairs.error_px, options.pairs.trials, static)


def least_share(static: np.ndarray, options: SolveOptions) -> np.ndarray:
    return np.where(static, options.mapping.least_share, options.mapping.doubted_share)


def positioned(
    tracks: Tracks, static: np.ndarray, poses: list[RelativePose], camera: Camera, options: SolveOptions
) -> Model | None:
    vote = static & (np.nan_to_num(inlier_share(tracks, poses)) >= options.pairs.least_vote)
    return global_poses(tracks, poses, camera, thinned(tracks, vote, options.mapping.positioned_per_frame))


def _rough(tracks: Tracks, model: Model, options: SolveOptions) -> Model | None:
    """The model after rounds of adjustment that first hold rotations and focal length, and need not converge, as others
    follow; None where nothing fits."""
    for cut_px, iterations, free in options.mapping.rough:
        model = filtered(tracks, model, cut_px)
        if not model.kept.any():
            return None
        how = Adjustment("HUBER", 1.0, iterations, focal=free, rotation=free, tolerance=1e-4)
        model = adjust(tracks, model, how)
    return model


def trajectory(tracks: Tracks, static: np.ndarray, model: Model | None, camera: Camera, method: str) -> Trajectory:
    """The model with what it rests on, and the points of its kept observations alone; no registered frame where there
    is no model."""
    if model is None:
        nowhere = np.full((tracks.frames, 4, 4), np.nan)
        model = Model(camera, nowhere, np.full((tracks.count, 3), np.nan), np.zeros(len(tracks.track), bool))
    held = np.isin(np.arange(tracks.count), tracks.track[model.kept])
    return Trajectory(tracks, static, replace(model, points=np.where(held[:, None], model.points, np.nan)), method)


def with_readout(
    tracks: Tracks, static: np.ndarray, shared: Trajectory, options: SolveOptions
) -> tuple[Trajectory, float | None]:
    """The solution of the tracks, as seen, read at once, and the read-out, where a rolling shutter explains clearly
    more; else the one given, which knows of none."""
    search = options.lens.readout
    readout_s = None if search is None else found_readout_s(tracks, shared.model, search)
    if search is None or readout_s is None:
        return shared, None
    answer = solved_from(shared.model, read_at_once(tracks, readout_s), static, options, shared.method)
    better = answer.registered.sum() >= shared.registered.sum() and gain(shared, answer) >= search.gate_gain
    return (answer, readout_s) if better else (shared, None)
