"""What a trajectory is worth, in numbers that a rule can judge: from halves of its tracks, and from all of them."""

from dataclasses import dataclass, field, replace

import numpy as np

from factory.background.border import border_cells, border_score, weakest_win
from factory.geometry.camera import invert_rigid
from factory.geometry.trajectory import path_length, rotation_angle_deg, turns
from factory.masks.inside import inside
from factory.masks.motion import DynamicMasks
from factory.sfm.model.explained import explained_tracks, least_bridge
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.options import SolveOptions
from factory.tracks import Tracks
from factory.trust.focal import focal_log_sd
from factory.trust.halves import Apart, halves_apart
from factory.trust.lower_border import LowerBorder
from factory.trust.parallax import parallax_px
from factory.trust.rival import BorderRival
from factory.trust.scale import to_720p

LEAST_PLACED = 3  # frames; fewer are no trajectory


@dataclass(frozen=True)
class Signals:
    """What speaks for a trajectory and against it; None where a number could not be had.

    placed: frames that are; registered: their share. apart: of halves of the tracks, see `trust.halves`. turn_deg:
    median rotation from frame to frame. path_by_depth: length of the path by the median depth of the points.
    px_by_percent: how far, in px at 720p, a point at that depth moves in the picture with 1 % of the path.
    parallax_px: median distance that the best rotation leaves, see `trust.parallax`. focal_log_sd: standard
    deviation of the logarithm of the focal length that the clip leaves; focal_open: that cannot be told.
    border_rival: see `trust.rival`, lower_rival: see `trust.lower_border`; rolling: a rolling shutter is corrected for,
    which else looks like one. ring_win, ring_cover: share of the occupied and of all cells at the left, right and top
    border where most, any, tracks are explained; None where masks leave none of it. weakest_win: the first by the
    tracks that go from one frame to the next, least over frames. supported: share of registered frames with enough
    explained tracks. bridge: the fewest explained tracks that join the frames before a cut to those after it.
    explained: share of all observations on explained tracks. step_ratio: largest step by the median step; a warning
    only, as hand-held cameras stop and go.
    """

    placed: int
    registered: float
    rotation_only: bool
    apart: Apart | None = None
    turn_deg: float | None = None
    path_by_depth: float | None = None
    px_by_percent: float | None = None
    parallax_px: float | None = None
    focal_log_sd: float | None = None
    focal_open: bool = False
    border_rival: float | None = None
    lower_rival: float | None = None
    ring_win: float | None = 0.0
    ring_cover: float | None = 0.0
    weakest_win: float | None = None
    supported: float = 0.0
    bridge: int = 0
    explained: float = 0.0
    step_ratio: float | None = None
    moving_crop: bool = False
    rolling: bool = False


@dataclass(frozen=True)
class Measure:
    """How the signals are taken; numbers as they were when the bounds of the rule were set."""

    explained_px: float = 2.0
    explained_per_frame: int = 20
    weakest_cells: int = 10  # fewer say nothing; guess
    least_cells: int = 5  # of the border, of 52, that masks have to leave for it to say anything; a guess
    least_masked: float = 0.25  # of a track's observations in masks, for it to be none of the world's; the study's
    half_tracks_per_frame: int = 80  # 60 refuse a kitchen sweep that is right (1.5 %)
    guided_ring_win: float = 0.6  # a mixture of two cars and the road had 0.50, right solves that need it 0.68 and more
    rival: BorderRival = field(default_factory=BorderRival)
    lower: LowerBorder = field(default_factory=LowerBorder)

    def body(self, trajectory: Trajectory, every: Tracks, masks: DynamicMasks | None = None) -> Signals:
        """What tells whether the solve is of the world, not for cameras that stand still: all but what halves of the
        tracks and other focal lengths say. every: all tracks of the clip, as the tracker gave them, whatever the solver
        took. masks: of what is known to move, from elsewhere than the tracks: what lies in them is not asked."""
        tracks = trajectory.unguided()
        if masks is not None:
            tracks, every = (some.select(inside(some, masks) < self.least_masked) for some in (tracks, every))
        count, registered = int(trajectory.registered.sum()), trajectory.registered_ratio
        if count < LEAST_PLACED:
            return Signals(count, registered, trajectory.rotation_only)
        explained = explained_tracks(trajectory, tracks, self.explained_px)
        shown = masks is None or border_cells(tracks) >= self.least_cells
        win = border_score(tracks, explained, 0.0) if shown else None
        per_frame = np.bincount(tracks.frame, explained[tracks.track], tracks.frames)[trajectory.registered]
        placed = trajectory.world_from_cam[trajectory.registered]
        path = None if trajectory.rotation_only else path_by_depth(trajectory)
        focal_px = trajectory.camera.focal_px * to_720p(tracks)
        seen = trajectory.ideal(every)
        return Signals(
            placed=count,
            registered=registered,
            rotation_only=trajectory.rotation_only,
            turn_deg=float(np.median(rotation_angle_deg(turns(placed)))),
            path_by_depth=path,
            px_by_percent=None if path is None else 0.01 * path * focal_px,
            parallax_px=None if trajectory.rotation_only else parallax_px(trajectory, tracks, explained),
            border_rival=self.rival(trajectory, seen).border,
            lower_rival=self.lower(trajectory, seen),
            ring_win=win,
            ring_cover=None if win is None else border_score(tracks, explained, 1.0) - win,
            weakest_win=weakest_win(tracks, explained, self.weakest_cells),
            supported=float((per_frame >= self.explained_per_frame).mean()),
            bridge=least_bridge(tracks, explained, trajectory.registered),
            explained=float(explained[tracks.track].mean()),
            step_ratio=_step_ratio(placed),
            moving_crop=trajectory.moving_crop,
            rolling=trajectory.readout_s is not None,
        )

    def error(self, trajectory: Trajectory, body: Signals, options: SolveOptions, thorough: bool = True) -> Signals:
        """The signals of `body` and what tells how far the solve is off. thorough: where thinned halves do not agree,
        ask more of their tracks; not worth its time where the solve is refused anyway."""
        if body.placed < LEAST_PLACED:
            return body
        # A focal length that has run to a bound of the search is none, and principal points that move take part of it:
        # with them held, as in its profile, it looks surer than it is.
        low, high = (
            bound * max(trajectory.tracks.width, trajectory.tracks.height) for bound in options.lens.focal_bounds
        )
        bounded = not 1.02 * low < trajectory.camera.focal_px < 0.98 * high
        guided = body.ring_win is None or body.ring_win >= self.guided_ring_win
        return replace(
            body,
            apart=halves_apart(trajectory, options, self.half_tracks_per_frame, guided, thorough),
            focal_log_sd=focal_log_sd(trajectory),
            focal_open=bounded or trajectory.centre_px_per_frame is not None,
        )

    def __call__(self, trajectory: Trajectory, every: Tracks, options: SolveOptions) -> Signals:
        """All signals of a solve."""
        return self.error(trajectory, self.body(trajectory, every), options)


def median_depth(trajectory: Trajectory) -> float | None:
    """Of the kept observations, in the trajectory's unit; None without any."""
    tracks, rows = trajectory.tracks, np.flatnonzero(trajectory.kept)
    if not len(rows):
        return None
    points = np.column_stack([trajectory.points[tracks.track[rows]], np.ones(len(rows))])
    return float(
        np.median(np.einsum("nj,nj->n", invert_rigid(trajectory.world_from_cam)[tracks.frame[rows], 2], points))
    )


def path_by_depth(trajectory: Trajectory) -> float | None:
    """Length of the path by the median depth of the kept observations; None without any."""
    depth = median_depth(trajectory)
    return None if depth is None else path_length(trajectory.world_from_cam[trajectory.registered]) / depth


def _step_ratio(world_from_cam: np.ndarray) -> float | None:
    steps = np.linalg.norm(np.diff(world_from_cam[:, :3, 3], axis=0), axis=1)
    return float(steps.max() / np.median(steps)) if path_length(world_from_cam) > 0 and np.median(steps) > 0 else None
