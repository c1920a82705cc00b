"""A camera that turns and zooms but does not move: a path explains it well, and is an invention all the same."""

from dataclasses import replace

import numpy as np

from factory.geometry.camera import Camera, invert_rigid
from factory.geometry.directions import mean_directions
from factory.geometry.turning import Matches, fit_rotation, rotation_residual, together, turned
from factory.sfm.mapping.bundle import robust_cost
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.zoom.gate import LOSS_PX
from factory.sfm.zoom.rotation_only import RotationOptions, of_all_tracks, solve_rotation
from factory.sfm.zoom.search import ZoomSearch
from factory.sfm.zoom.zoomed_rotation import fit_zoomed_rotation
from factory.tracks import Tracks

# All figures: the rendered clips of `factory.sfm.zoom.search.ZoomSearch`, and five real ones that move.
PAIRS, STRIDE, MATCHES = 8, 12, 100
GUESS_PX = 3.0  # residual under a guessed focal length: 0.2 to 2.4 px where the camera only turns; real paths 5 to 17
PER_FRAME = 100  # observations of the test
ROUNDS = 25  # 15 to 200 lower the cost of the hardest turn from 2.7 to 2.2 of the path's
MOST_COST = 3.0  # of the path's: 0.9 to 2.6 where the camera only turns, 4.2 and more where it moves
QUICK = RotationOptions(strides=(1, 4, 8), focal_pairs=8)


def turning_instead(tracks: Tracks, static: np.ndarray, path: Trajectory, search: ZoomSearch) -> Trajectory | None:
    """The trajectory of a camera that turns and may zoom, where that explains as much as `path` does; else None.

    Every track is a direction instead of a point; both are compared on observations that the path keeps. In two views
    a zoom looks like an approach to a flat scene; over whole tracks the parallax of an approach shows.
    """
    if not path.kept.any() or not _may_turn(tracks.select(static)):
        return None
    length = np.bincount(tracks.track[path.kept], minlength=tracks.count)
    order = np.random.default_rng(0).permutation(tracks.count)
    order = order[(length[order] >= 5) & static[order]]
    chosen = np.zeros(tracks.count, bool)
    chosen[order[: np.searchsorted(np.cumsum(length[order]), PER_FRAME * tracks.frames) + 1]] = True
    part, kept = tracks.select(chosen), path.kept[chosen[tracks.track]]
    turning = solve_rotation(part, np.ones(part.count, bool), options=QUICK, zooms=True)
    if turning.registered_ratio < path.registered_ratio:
        return None
    turning = _adjusted(part, kept & turning.registered[part.frame], turning)
    whole = path.model
    before = robust_cost(part, replace(whole, points=whole.points[chosen], kept=kept), LOSS_PX)
    after = _cost(part, kept, turning)
    if after > MOST_COST * before:
        return None
    turning = of_all_tracks(turning, tracks, static)
    turning = _adjusted(tracks, turning.kept, turning)
    assert turning.focal_px_per_frame is not None
    each = turning.focal_px_per_frame
    median_px = float(np.median(each[turning.registered]))
    turning = replace(turning, model=replace(turning.model, camera=replace(turning.camera, focal_px=median_px)))
    if search.believed(each[turning.registered]):
        return turning
    return solve_rotation(tracks, static)


def _may_turn(tracks: Tracks) -> bool:
    """A quick look at a few pairs: whether rotation and zoom come near to explaining most of their matches."""
    middle = np.array([tracks.width - 1, tracks.height - 1]) / 2
    side_px = float(max(tracks.width, tracks.height))
    stride = min(STRIDE, tracks.frames - 1)
    pairs = []
    for i in np.unique(np.linspace(0, tracks.frames - 1 - stride, PAIRS).astype(int)).tolist():
        ids, xy_i, xy_j = tracks.pair(i, i + stride)
        if len(ids) >= 30:
            part = np.linspace(0, len(ids) - 1, min(len(ids), MATCHES)).astype(int)
            pairs.append(Matches(xy_i[part] - middle, xy_j[part] - middle))
    if not pairs:
        return False
    rotation, ratio = fit_zoomed_rotation(together(pairs), side_px)
    errors = [
        np.median(rotation_residual(Matches(pair.xy_i, pair.xy_j / r), side_px, turn))
        for pair, turn, r in zip(pairs, rotation, ratio, strict=True)
    ]
    return float(np.median(errors)) < GUESS_PX


def _directions(
    tracks: Tracks, kept: np.ndarray, camera: Camera, world_from_cam: np.ndarray, focal_px: np.ndarray
) -> np.ndarray:
    """Of every track, the mean direction of its kept observations in the world, float64 (M, 3), length 1. focal_px:
    float64 (F,)."""
    track, frame = tracks.track[kept], tracks.frame[kept]
    return mean_directions(tracks.xy[kept], world_from_cam[frame], track, tracks.count, camera, focal_px[frame])


def _adjusted(tracks: Tracks, kept: np.ndarray, turning: Trajectory) -> Trajectory:
    """Directions, then each frame's rotation and focal length, in turns."""
    middle = np.array([turning.camera.cx, turning.camera.cy])
    rows = [np.flatnonzero(kept & (tracks.frame == f)) for f in range(tracks.frames)]
    frames = [f for f, row in enumerate(rows) if len(row) >= 10]
    seen = together([Matches(tracks.xy[rows[f]] - middle, np.zeros((len(rows[f]), 2))) for f in frames])
    xy, present = seen.xy_i, seen.share > 0.0
    track = np.zeros(present.shape, int)
    track[present] = np.concatenate([tracks.track[rows[f]] for f in frames])
    poses, focal_px = turning.world_from_cam.copy(), np.array(turning.focal_px_per_frame)
    for _ in range(ROUNDS):
        directions = _directions(tracks, kept, turning.camera, poses, focal_px)
        there = directions[track] @ poses[frames, :3, :3]  # in the cameras as they are
        focal = focal_px[frames, None, None]
        expected = there[..., :2] / np.maximum(there[..., 2:], 1e-3) * focal
        turn = fit_rotation(Matches(expected, xy, present), focal_px[frames], np.eye(3))
        poses[frames, :3, :3] = poses[frames, :3, :3] @ np.swapaxes(turn, 1, 2)
        goes, _ = turned(expected, focal_px[frames], turn)
        weight = present / (1.0 + np.sum((goes - xy) ** 2, axis=-1) / LOSS_PX**2)
        across, along = (np.sum(weight * np.sum(goes * other, axis=-1), axis=-1) for other in (xy, goes))
        focal_px[frames] *= across / along
    return replace(turning, model=replace(turning.model, cam_from_world=invert_rigid(poses), focal_px=focal_px))


def _cost(tracks: Tracks, kept: np.ndarray, turning: Trajectory) -> float:
    """As for a path: directions are points at a distance of 1 of cameras at the origin."""
    assert turning.focal_px_per_frame is not None
    points = _directions(tracks, kept, turning.camera, turning.world_from_cam, turning.focal_px_per_frame)
    return robust_cost(tracks, replace(turning.model, points=points, kept=kept), LOSS_PX)
