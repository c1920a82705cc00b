"""How far the solves of two halves of a clip's tracks lie apart: what mixes two motions does not hold together."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from factory.geometry.trajectory import pose_errors, rotation_angle_deg, turns
from factory.sfm.averaging import thinned
from factory.sfm.model import undistorted
from factory.sfm.options import SolveOptions
from factory.sfm.rotation_only import solve_rotation
from factory.sfm.solve import solve_tracks, with_shift
from factory.sfm.trajectory import Trajectory


@dataclass(frozen=True)
class Apart:
    """ate_percent: of the path; 0 where the camera only turns. rotation_deg: median difference of the rotation from
    frame to frame. focal_spread: log ratio of the focal lengths."""

    ate_percent: float
    rotation_deg: float
    focal_spread: float


def halves_apart(
    trajectory: Trajectory, options: SolveOptions, per_frame: int, guided: bool, agree: Callable[[Apart], bool]
) -> Apart | None:
    """How far the solves of two random halves of the static tracks lie apart; None where they do not place the frames.

    They start from focal lengths below and above the solution, so that a focal length that nothing holds shows too.
    Halves are thinned to `per_frame` tracks a frame; where those do not `agree`, sightings found with the solution's
    help join them if they are worth being heard (`guided`), and then all tracks.
    """
    if trajectory.rotation_only:
        return _apart(trajectory, _turning_halves(trajectory))
    trials: list[tuple[int | None, bool]] = [(per_frame, False)]
    if guided and trajectory.guided is not None and trajectory.registered.all():
        trials.append((per_frame, True))
    trials.append((None, False))
    apart = None
    for thinning, with_guided in trials:
        apart = _apart(trajectory, _half_solves(trajectory, options, thinning, with_guided)) or apart
        if apart is not None and agree(apart):
            break
    return apart


def _half_solves(
    trajectory: Trajectory, options: SolveOptions, per_frame: int | None, guided: bool
) -> list[Trajectory]:
    """Solves of both halves, thinned to `per_frame` tracks a frame; of all their tracks if None: where few tracks last,
    thinned halves may not hold together though the halves do. Distortion is taken from the solution."""
    tracks = undistorted(trajectory.tracks if guided else trajectory.unguided(), trajectory.camera)
    if trajectory.centre_px_per_frame is not None:  # nor do halves know where the principal points are
        tracks = trajectory.as_seen()
    # With 20 last iterations a half of a fast drive ends 1.7 % off its own solution, with 60 the two agree to 0.1 %.
    light = replace(options, rounds=((16.0, 15), (4.0, 15), (1.0, 60)), other_focals=(), pair_trials=40)
    solves = []
    for half, factor in zip(_halves(trajectory), (0.85, 1.2), strict=True):
        part = tracks.select(half if per_frame is None else thinned(tracks, half, per_frame))
        start_px = factor * trajectory.camera.focal_px
        solve = solve_tracks(part, np.ones(part.count, bool), light, start_px, _zoom_start(trajectory, factor))
        solves.append(solve if trajectory.centre_px_per_frame is None else with_shift(solve, light))
    return solves


def _turning_halves(trajectory: Trajectory) -> list[Trajectory]:
    zooms = trajectory.focal_px_per_frame is not None
    return [solve_rotation(trajectory.tracks, half, zooms=zooms) for half in _halves(trajectory)]


def _halves(trajectory: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """Two halves of the tracks that the solution rests on, bool (M,) each; what was voted out decides nothing here."""
    tracks = trajectory.tracks
    used = trajectory.static & (np.bincount(tracks.track[trajectory.kept], minlength=tracks.count) > 0)
    first = np.random.default_rng(0).random(tracks.count) < 0.5
    return used & first, used & ~first


def _zoom_start(trajectory: Trajectory, factor: float) -> np.ndarray | None:
    """Where a half of a zooming clip starts: the solution's focal lengths by their median, a tilt of 2 % either way on
    top, so that a zoom that nothing holds shows too."""
    if trajectory.focal_px_per_frame is None:
        return None
    tilt = np.linspace(-0.02, 0.02, len(trajectory.focal_px_per_frame)) * np.sign(factor - 1.0)
    return np.asarray(trajectory.focal_px_per_frame / trajectory.camera.focal_px * np.exp(tilt))


def _apart(trajectory: Trajectory, solves: list[Trajectory]) -> Apart | None:
    """None where the halves do not place nine tenths of the solution's frames, or have no path."""
    common = solves[0].registered & solves[1].registered & trajectory.registered
    if common.sum() < max(3, 0.9 * trajectory.registered.sum()):
        return None
    first, second = (solve.world_from_cam[common] for solve in solves)
    ate_percent = 0.0 if trajectory.rotation_only else pose_errors(first, second).ate_percent
    if ate_percent is None:
        return None
    rotation_deg = rotation_angle_deg(np.swapaxes(turns(first), 1, 2) @ turns(second))
    return Apart(ate_percent, float(np.median(rotation_deg)), _focal_spread(*solves))


def _focal_spread(first: Trajectory, second: Trajectory) -> float:
    """Log ratio of the focal lengths of two solves; where they zoom, the median over frames."""
    each = [
        np.log(s.camera.focal_px if s.focal_px_per_frame is None else s.focal_px_per_frame) for s in (first, second)
    ]
    return float(np.median(np.abs(each[0] - each[1])))
