"""How far the solves of two halves of a clip's tracks lie apart: what only noise bends differs by the noise."""

from dataclasses import dataclass, replace

import numpy as np

from factory.geometry.trajectory import align_rigid, align_similarity, path_length, rotation_angle_deg, turns
from factory.stereo.solve import LEAST_PLACED, RigOptions, RigSolve, solve_rig

PER_FRAME, LAST_PER_FRAME = 100, 250  # tracks of a half's rounds: its noise must be its own, not that of few tracks
LEAST_COMMON = 0.9  # of the frames that the whole places


@dataclass(frozen=True)
class Halves:
    """distance_m: root mean square distance of the positions, rigidly aligned: metres are compared with metres.
    path_percent: the same of the path. scale: of one path by the other, 1 where they agree; NaN where there is no path.
    rotation_deg: median difference of the rotation from frame to frame. rig_deg: between the rigs' rotations."""

    distance_m: float
    path_percent: float
    scale: float
    rotation_deg: float
    rig_deg: float


def light(options: RigOptions) -> RigOptions:
    """For solves that are asked for one number and thrown away."""
    return replace(options, per_frame=PER_FRAME, last_per_frame=LAST_PER_FRAME)


def halves_apart(whole: RigSolve, options: RigOptions) -> Halves | None:
    """Both random halves of all tracks are solved from the start, movers among them, each for itself. None where one
    has no path, or they do not place nine tenths of the frames that the whole does."""
    if whole.path is None:
        return None
    tracks = whole.seen.tracks
    first = np.random.default_rng(0).random(tracks.count) < 0.5
    solves = [solve_rig(whole.seen.stereo.select(half), whole.seen.lens, light(options)) for half in (first, ~first)]
    if any(solve.path is None for solve in solves):
        return None
    paths = [solve.path for solve in solves if solve.path is not None]
    placed = np.isfinite(whole.path.world_from_left[:, 0, 0])
    common = placed & np.all([np.isfinite(path.world_from_left[:, 0, 0]) for path in paths], axis=0)
    if common.sum() < max(LEAST_PLACED, LEAST_COMMON * placed.sum()):
        return None
    one, other = (path.world_from_left[common] for path in paths)
    here, there = one[:, :3, 3], other[:, :3, 3]
    distance_m = float(np.sqrt(np.mean(np.sum((align_rigid(here, there).points(here) - there) ** 2, axis=1))))
    path_m = path_length(whole.path.world_from_left[placed])
    rig = paths[0].left_from_right[:3, :3].T @ paths[1].left_from_right[:3, :3]
    return Halves(
        distance_m,
        100.0 * distance_m / path_m if path_m > 0 else np.inf,
        align_similarity(here, there).scale if np.ptp(here, axis=0).max() > 0 else np.nan,
        float(np.median(rotation_angle_deg(np.swapaxes(turns(one), 1, 2) @ turns(other)))),
        float(rotation_angle_deg(rig)),
    )
