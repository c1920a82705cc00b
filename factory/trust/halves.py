"""How far the solves of two halves of a clip's tracks lie apart, and how each half's poses suit the other's tracks.

What mixes two motions does not hold together; what only noise bends differs by the noise. Both halves start from the
solution's focal length: what is known of that is asked apart, see `trust.focal`.
"""

from dataclasses import dataclass, replace

import numpy as np

from factory.geometry.camera import invert_rigid
from factory.geometry.trajectory import pose_errors, rotation_angle_deg, turns
from factory.sfm.attempts import solve_tracks
from factory.sfm.mapping.averaging import thinned
from factory.sfm.model.explained import resting_errors_px
from factory.sfm.model.model import undistorted
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.moving_crop import with_shift
from factory.sfm.options import SolveOptions
from factory.sfm.zoom.rotation_only import solve_rotation
from factory.tracks import Tracks
from factory.trust.scale import to_720p

FAR_PX = 10.0  # at 720p, as which an error counts at the most: one lost track says no more than that
ENOUGH_PERCENT = 1.5  # apart: nearer halves change no grade, so the trials that cost more are spared
STEPS = (4, 8)  # samples between the frames whose translations are compared


@dataclass(frozen=True)
class Apart:
    """ate_percent: of the path; 0 where the camera only turns. rotation_deg: median difference of the rotation from
    frame to frame. translation_deg: median angle between the directions of the camera's way over a third and two thirds
    of a second; None where it only turns. focal_spread: log ratio of the focal lengths. cross_px: mean error of each
    half's tracks under the other's poses, of the worse half, px at 720p; cross_ratio: the same by that under the whole
    solution's."""

    ate_percent: float
    rotation_deg: float
    translation_deg: float | None
    focal_spread: float
    cross_px: float
    cross_ratio: float


def halves_apart(
    trajectory: Trajectory, options: SolveOptions, per_frame: int, guided: bool, thorough: bool = True
) -> Apart | None:
    """How far the solves of two random halves of the static tracks lie apart; None where they do not place the frames.

    Halves are thinned to `per_frame` tracks a frame; where those do not agree, and if `thorough`, all their tracks are
    taken, with the sightings found with the solution's help if they are worth being heard (`guided`). The nearest
    halves count: more tracks only lessen the noise.
    """
    trials: list[tuple[int | None, bool]] = [(per_frame, False), (None, False)]
    if trajectory.rotation_only or not thorough:
        trials = trials[:1]
    elif guided and trajectory.guided is not None and trajectory.registered.all():
        trials.insert(1, (per_frame, True))
    best = None
    for thinning, with_guided in trials:
        apart = _apart(trajectory, _halves(trajectory), _solves(trajectory, options, thinning, with_guided))
        if apart is not None and (best is None or apart.ate_percent < best.ate_percent):
            best = apart
        if best is not None and best.ate_percent < ENOUGH_PERCENT:
            break
    return best


def _solves(trajectory: Trajectory, options: SolveOptions, per_frame: int | None, guided: bool) -> list[Trajectory]:
    """Solves of both halves, thinned to `per_frame` tracks a frame; of all their tracks if None: where few tracks last,
    thinned halves may not hold together though the halves do. Distortion is taken from the solution."""
    halves = _halves(trajectory)
    if trajectory.rotation_only:
        zooms = trajectory.focal_px_per_frame is not None
        return [solve_rotation(trajectory.tracks, half, zooms=zooms) for half in halves]
    tracks = undistorted(trajectory.tracks if guided else trajectory.unguided(), trajectory.camera)
    if trajectory.centre_px_per_frame is not None:  # nor do halves know where the principal points are
        tracks = trajectory.as_seen()
    # With 20 last iterations a half of a fast drive ends 1.7 % off its own solution, with 60 the two agree to 0.1 %.
    light = replace(
        options,
        pairs=replace(options.pairs, other_focals=(), trials=40),
        mapping=replace(options.mapping, rounds=((16.0, 15), (4.0, 15), (1.0, 60))),
    )
    zoom = None
    if trajectory.focal_px_per_frame is not None:
        zoom = trajectory.focal_px_per_frame / trajectory.camera.focal_px
    solves = []
    for half in halves:
        part = tracks.select(half if per_frame is None else thinned(tracks, half, per_frame))
        solve = solve_tracks(part, np.ones(part.count, bool), light, trajectory.camera.focal_px, zoom)
        solves.append(solve if trajectory.centre_px_per_frame is None else with_shift(solve, light))
    return solves


def _halves(trajectory: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """Two halves of the tracks that the solution rests on, bool (M,) each; what was voted out decides nothing here."""
    tracks = trajectory.tracks
    used = trajectory.static & (np.bincount(tracks.track[trajectory.kept], minlength=tracks.count) > 0)
    first = np.random.default_rng(0).random(tracks.count) < 0.5
    return used & first, used & ~first


def _apart(trajectory: Trajectory, halves: tuple[np.ndarray, np.ndarray], solves: list[Trajectory]) -> Apart | None:
    """None where the halves do not place nine tenths of the solution's frames, or have no path."""
    common = solves[0].registered & solves[1].registered & trajectory.registered
    if common.sum() < max(3, 0.9 * trajectory.registered.sum()):
        return None
    first, second = (solve.world_from_cam[common] for solve in solves)
    ate_percent = 0.0 if trajectory.rotation_only else pose_errors(first, second).ate_percent
    if ate_percent is None:
        return None
    rotation_deg = rotation_angle_deg(np.swapaxes(turns(first), 1, 2) @ turns(second))
    cross_px, cross_ratio = _crossed(trajectory, halves, solves)
    return Apart(
        ate_percent,
        float(np.median(rotation_deg)),
        None if trajectory.rotation_only else translation_apart_deg(first, second),
        _focal_spread(*solves),
        cross_px,
        cross_ratio,
    )


def translation_apart_deg(first: np.ndarray, second: np.ndarray) -> float | None:
    """Median angle between the directions in which two trajectories (F, 4, 4) move, each in its own camera's frame;
    steps under a tenth of the median, where a direction means nothing, are left out. None without any."""
    angles: list[np.ndarray] = []
    for step in STEPS:
        if len(first) <= step:
            continue
        ways = [(invert_rigid(poses[:-step]) @ poses[step:])[:, :3, 3] for poses in (first, second)]
        lengths = [np.linalg.norm(way, axis=1) for way in ways]
        goes = np.all([length > max(0.1 * np.median(length), 1e-12) for length in lengths], axis=0)
        cosine = np.sum(ways[0] * ways[1], axis=1)[goes] / (lengths[0] * lengths[1])[goes]
        angles.append(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
    every = np.concatenate(angles) if angles else np.zeros(0)
    return float(np.median(every)) if len(every) else None


def _crossed(
    trajectory: Trajectory, halves: tuple[np.ndarray, np.ndarray], solves: list[Trajectory]
) -> tuple[float, float]:
    """cross_px and cross_ratio of `Apart`."""
    tracks = trajectory.unguided() if trajectory.centre_px_per_frame is None else trajectory.tracks
    ideal, worst, ratio = undistorted(tracks, trajectory.camera), 0.0, 0.0
    for solve, other in zip(solves, (halves[1], halves[0]), strict=True):
        seen = _as_seen_by(solve, trajectory, ideal).select(other)
        errors = mean_error_px(solve, seen)
        own = mean_error_px(trajectory, tracks.select(other))
        worst, ratio = max(worst, errors), max(ratio, errors / max(own, 1e-3))
    return worst, ratio


def _as_seen_by(solve: Trajectory, trajectory: Trajectory, ideal: Tracks) -> Tracks:
    """Tracks without distortion, as the half's cameras see them: where the picture moves, each half has found principal
    points of its own, or none."""
    return ideal if trajectory.centre_px_per_frame is None else solve.recentred(trajectory.as_seen())


def mean_error_px(trajectory: Trajectory, tracks: Tracks) -> float:
    """Mean over placed frames of the mean error of their observations from resting points, px at 720p, none counted as
    more than `FAR_PX`."""
    errors = resting_errors_px(trajectory, tracks)
    if not trajectory.rotation_only:  # a point may lie so far away that the path makes nothing of it
        turning = trajectory.world_from_cam.copy()
        turning[:, :3, 3] = np.where(trajectory.registered[:, None], 0.0, np.nan)
        far = replace(trajectory.posed(turning), rotation_only=True)
        errors = np.fmin(errors, resting_errors_px(far, tracks))
    errors = np.minimum(to_720p(tracks) * errors, FAR_PX)
    known = np.isfinite(errors)
    count = np.bincount(tracks.frame[known], minlength=tracks.frames)
    total = np.bincount(tracks.frame[known], errors[known], tracks.frames)
    return float(np.mean(total[count > 0] / count[count > 0])) if known.any() else FAR_PX


def _focal_spread(first: Trajectory, second: Trajectory) -> float:
    """Log ratio of the focal lengths of two solves; where they zoom, the median over frames."""
    each = [
        np.log(s.camera.focal_px if s.focal_px_per_frame is None else s.focal_px_per_frame) for s in (first, second)
    ]
    return float(np.median(np.abs(each[0] - each[1])))
