"""A camera that only turns: rotations and a focal length, no positions, and said so."""

from dataclasses import dataclass, replace

import numpy as np

from factory.geometry.camera import centred_camera
from factory.geometry.turning import Matches, fit_rotation, rotation_residual, together, turning_focal
from factory.sfm.mapping.averaging import global_rotations
from factory.sfm.model.model import Model
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.pairs.relative import RelativePose, stride_pairs
from factory.sfm.zoom.search import ZoomSearch, chained, steadied
from factory.sfm.zoom.zoomed_rotation import fit_zoomed_rotation
from factory.tracks import Tracks


@dataclass(frozen=True)
class RotationOptions:
    """provenance: strides and bounds as measured on three rendered turns (0.003 degrees a frame, focal to 0.1 %)."""

    strides: tuple[int, ...] = (1, 2, 4, 8)
    focal_strides: tuple[int, ...] = (8, 16, 4, 2)
    focal_pairs: int = 16
    least_matches: int = 20
    inlier_px: float = 2.0
    least_rise: float = 1.1  # of the residual when the focal length is 10 % off, for it to count as observed; a guess


def solve_rotation(
    tracks: Tracks,
    background: np.ndarray,
    focal_px: float | None = None,
    options: RotationOptions | None = None,
    zooms: bool = False,
) -> Trajectory:
    """Rotations of the sampled frames from background tracks, bool (M,), all positions at the origin.

    focal_px: the focal length where it is known already, else it is searched. zooms: every frame has its own; the
    factor common to all is not observed without a turn. Frames that no pair reaches are not registered.
    """
    options = options or RotationOptions()
    used = background & (tracks.lengths() >= 2)
    part = tracks.select(used)
    answer = _zooming(part, options) if zooms else _solved(part, focal_px, options)
    return of_all_tracks(answer, tracks, used)


def of_all_tracks(answer: Trajectory, tracks: Tracks, used: np.ndarray) -> Trajectory:
    """A turning camera's trajectory that was found with the tracks `used`, bool (M,), as one of all tracks."""
    kept = used[tracks.track] & answer.registered[tracks.frame]
    model = replace(answer.model, points=np.full((tracks.count, 3), np.nan), kept=kept)
    return replace(answer, tracks=tracks, static=used, model=model)


def _zooming(static: Tracks, options: RotationOptions) -> Trajectory:
    """The ratios of focal lengths first, then rotations of the steadied tracks; twice, as either hangs on the other."""
    zoom, focal_px, answer = np.ones(static.frames), float(max(static.width, static.height)), None
    for _ in range(2):
        zoom = _turning_zoom(static, zoom, focal_px, options)
        answer = _solved(steadied(static, zoom), None, options)
        focal_px = answer.camera.focal_px
    assert answer is not None
    median = float(np.median(zoom))
    camera = replace(answer.camera, focal_px=focal_px * median)
    return replace(answer, model=replace(answer.model, camera=camera, focal_px=focal_px * zoom))


def _turning_zoom(static: Tracks, zoom: np.ndarray, focal_px: float, options: RotationOptions) -> np.ndarray:
    """Focal length of every frame by that of the clip, float64 (F,), of a camera that turns: from pairs of frames.
    zoom, focal_px: what they are taken for so far."""
    pairs, _, matches = _matched(steadied(static, zoom), options)
    if not pairs:
        return zoom
    first, second = np.array(pairs).T
    _, ratio = fit_zoomed_rotation(together(matches), focal_px)
    log_ratio = np.log(ratio) + np.log(zoom[second] / zoom[first])
    return chained(first, second, log_ratio, np.zeros(len(pairs)), static.frames, ZoomSearch())


def _matched(tracks: Tracks, options: RotationOptions) -> tuple[list[tuple[int, int]], list[np.ndarray], list[Matches]]:
    """Pairs of frames with enough matches: their numbers, the tracks, and the matches."""
    middle = np.array([tracks.width - 1, tracks.height - 1]) / 2
    pairs, tracks_of, matches = [], [], []
    for i, j in stride_pairs(tracks.frames, options.strides):
        ids, xy_i, xy_j = tracks.pair(i, j)
        if len(ids) >= options.least_matches:
            pairs.append((i, j))
            tracks_of.append(ids)
            matches.append(Matches(xy_i - middle, xy_j - middle))
    return pairs, tracks_of, matches


def _solved(static: Tracks, focal_px: float | None, options: RotationOptions) -> Trajectory:
    middle = np.array([static.width - 1, static.height - 1]) / 2
    wide = [Matches(a - middle, b - middle) for _, a, b in (static.pair(*at) for at in _wide_pairs(static, options))]
    pairs, tracks_of, matches = _matched(static, options)
    if not wide or not pairs:
        return turning_camera(static, np.full((static.frames, 3, 3), np.nan), max(static.width, static.height))
    if focal_px is None:
        focal_px, _ = turning_focal(wide, max(static.width, static.height))
    poses, residuals = [], []
    for (i, j), ids, pair, turn in zip(
        pairs, tracks_of, matches, fit_rotation(together(matches), focal_px), strict=True
    ):
        cam_j_from_i = np.eye(4)
        cam_j_from_i[:3, :3] = turn
        errors = rotation_residual(pair, focal_px, turn)
        residuals.append(np.median(errors))
        poses.append(RelativePose(i, j, cam_j_from_i, ids, errors < options.inlier_px))
    cam_from_world = global_rotations(static, poses, centred_camera(focal_px, static.width, static.height))
    observed = _residual(wide, 1.1 * focal_px) > options.least_rise * _residual(wide, focal_px)
    answer = turning_camera(static, cam_from_world, focal_px)
    return replace(answer, focal_reliable=observed, turning_error_px=float(np.median(residuals)))


def _wide_pairs(tracks: Tracks, options: RotationOptions) -> list[tuple[int, int]]:
    """Pairs spread over the clip, of the first stride that has enough matches in some."""
    for stride in options.focal_strides:
        pairs = [
            (i, i + stride)
            for i in range(tracks.frames - stride)
            if len(tracks.pair(i, i + stride)[0]) >= options.least_matches
        ]
        if pairs:
            chosen = np.unique(np.linspace(0, len(pairs) - 1, options.focal_pairs).astype(int))
            return [pairs[k] for k in chosen]
    return []


def _residual(matches: list[Matches], focal_px: float) -> float:
    turns = fit_rotation(together(matches), focal_px)
    return float(np.mean([np.median(rotation_residual(m, focal_px, r)) for m, r in zip(matches, turns, strict=True)]))


def turning_camera(tracks: Tracks, cam_from_world: np.ndarray, focal_px: float) -> Trajectory:
    """The trajectory of rotations, float64 (F, 3, 3), NaN where a frame has none: all positions at the origin, no
    points, every observation of a placed frame kept, and nothing claimed of the focal length."""
    poses = np.tile(np.eye(4), (tracks.frames, 1, 1))
    poses[:, :3, :3] = cam_from_world
    registered = np.isfinite(cam_from_world[:, 0, 0])
    poses[~registered] = np.nan
    camera = centred_camera(focal_px, tracks.width, tracks.height)
    model = Model(camera, poses, np.full((tracks.count, 3), np.nan), registered[tracks.frame])
    everything = np.ones(tracks.count, bool)
    return Trajectory(tracks, everything, model, "rotation", rotation_only=True, focal_reliable=False)
