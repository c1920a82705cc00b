"""From what two eyes see to how they are held and where they go, in metres."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Interval

from factory.construct import Count, Positive, Share
from factory.geometry.lens import Lens
from factory.sfm.mapping.averaging import thinned
from factory.stereo.odometry import odometry
from factory.stereo.pair import StereoPath, StereoTracks
from factory.stereo.rig_bundle import RigAdjustment, adjust_rig
from factory.stereo.rig_model import RigModel, errors_px, triangulated
from factory.stereo.rig_start import Hold, RigStart, start_rig
from factory.stereo.sighted import Sighted, sighted

LEAST_PLACED = 3  # frames; fewer are no path
LEAST_CLEAR = 0.1  # share of clear parallaxes under which their signs say nothing; a guess


@dataclass(frozen=True)
class Round:
    """cut_px: sightings further off their point do not count. loss_px, iterations: see `RigAdjustment`."""

    cut_px: float
    loss_px: float
    iterations: int


ROUNDS = (Round(4.0, 2.0, 10), Round(1.5, 0.5, 20))  # before the last: wide at first, then near


@dataclass(frozen=True)
class RigOptions:
    """How tracks of two eyes become a path.

    baseline_m: between the eyes; what gives the path its metres. rig: "held", the eyes are exactly rectified;
    "levelled", the same but for what all pairs say of pitch, roll and the baseline's direction; "refined", all of it is
    found. None: levelled where the picture is a pinhole's, else refined. A car's rectified cameras end 0.09 m off (root
    mean square of 60 m) where levelled, 0.15 m refined, 0.16 m held; rendered rectified clips do not care.
    """

    # Between the pupils of people, and the lenses of VR180 cameras. Endoscopes have 4 mm, cars half a metre; what lies
    # far beyond, as 63 does, is in another unit.
    baseline_m: Annotated[float, Interval(ge=0.001, le=10)] = 0.063
    rig: Hold | None = None
    per_frame: Count = 100  # longest tracks in these rounds; 150 end at the same path
    least_share: Share = 0.5  # of a track's sightings that its point explains
    static_share: Share = 0.9  # the same of the last round, of all tracks, whether they counted before or not
    # At 1 px real VR180, whose lenses are not quite what the projection says, keeps 0.45 of a walk, and its halves
    # differ by 0.6 %; at 2 px 0.70 and 0.1 %. Of what is kept on five rendered clips 0.1 to 0.6 % moves, at 1 px 0.0 to
    # 0.2 %.
    static_px: Positive = 2.0
    last_per_frame: Count = 800  # longest static tracks in the last round: all; 300 add a fifth to the path's error
    last_loss: Positive = 1.4  # of its robust loss, by the median error
    least_loss_px: Positive = 0.08  # of it
    # 15 and 30 end within 0.001 % of the path on eight rendered clips, 0.006 % from here on 199 frames of a real walk,
    # where 5 end 0.02 %; 15 take two fifths more time.
    last_iterations: Count = 8


@dataclass(frozen=True)
class RigSolve:
    """path: None where there is none. start: how the pairs of a clip see the rig; None with too few of them. model: of
    `seen`, where there is a path. hold: how the rig was asked. lens_found: the clip itself says what the lens is.
    swapped: what both eyes see lies behind them, so the left one is the right; such a clip is not solved further."""

    seen: Sighted
    hold: Hold
    start: RigStart | None
    model: RigModel | None = None
    path: StereoPath | None = None
    lens_found: bool = False

    @property
    def swapped(self) -> bool:
        return self.start is not None and self.start.clear > LEAST_CLEAR and self.start.ahead < 0.5


def solve_rig(stereo: StereoTracks, lens: Lens, options: RigOptions) -> RigSolve:
    """lens: of the pictures that the points were followed in, both eyes'. What is wrong with them ends in fewer placed
    frames or in none; it raises nothing."""
    seen = sighted(stereo, lens)
    paired = seen.paired
    hold = options.rig or ("levelled" if lens.model == "pinhole" else "refined")
    start = start_rig(seen.left_rays[paired], seen.right_rays[paired], lens.focal_px, hold)
    nothing = RigSolve(seen, hold, start)
    if start is None or nothing.swapped:
        return nothing
    rig = start.left_from_right.copy()
    rig[:3, 3] *= options.baseline_m
    poses = odometry(seen, rig)
    if np.isfinite(poses[:, 0, 0]).sum() < LEAST_PLACED:
        return nothing
    model = solved(seen, poses, rig, hold == "refined", options)
    if model is None:
        return nothing
    explained = model.kept_left & model.kept_right
    path = StereoPath(model.world_from_left, model.left_from_right, model.points, explained)
    return replace(nothing, model=model, path=path)


def solved(
    seen: Sighted, world_from_left: np.ndarray, left_from_right: np.ndarray, free_rig: bool, options: RigOptions
) -> RigModel | None:
    """From first poses to the best: rounds of triangulation and adjustment, the last with every track that stands
    still; these alone have a point afterwards. None where nothing is left to adjust."""
    none = np.zeros(len(seen.tracks.track), bool)
    model = RigModel(world_from_left, left_from_right, np.full((seen.tracks.count, 3), np.nan), none, none)
    for step in ROUNDS:
        model = explaining(seen, triangulated(seen, model, step.cut_px), step.cut_px, options.least_share)
        if not model.kept_left.any():
            return None
        how = RigAdjustment(step.loss_px, step.iterations, free_rig)
        model = _adjusted(seen, model, how, options.per_frame)
    model = explaining(seen, triangulated(seen, model, options.static_px), options.static_px, options.static_share)
    if not model.kept_left.any():
        return None
    errors = np.concatenate([e[kept] for e, kept in _errors(seen, model)])
    loss_px = max(options.last_loss * float(np.median(errors)), options.least_loss_px)
    how = RigAdjustment(loss_px, options.last_iterations, free_rig)
    model = _adjusted(seen, model, how, options.last_per_frame)
    return explaining(seen, triangulated(seen, model, options.static_px), options.static_px, options.static_share)


def explaining(seen: Sighted, model: RigModel, cut_px: float, least_share: float) -> RigModel:
    """The model with the sightings that count: within `cut_px` of their points, of tracks that hold at least
    `least_share` of theirs in both eyes, in two frames or more; other tracks lose their point."""
    tracks = seen.tracks
    left, right = (errors < cut_px for errors in errors_px(seen, model))
    held = left & (right | ~seen.paired)
    there = np.bincount(tracks.track[model.placed[tracks.frame]], minlength=tracks.count)
    count = np.bincount(tracks.track[held], minlength=tracks.count)
    both = np.bincount(tracks.track[held & right], minlength=tracks.count)
    good = (count >= 2) & (both >= 1) & (count >= least_share * there)
    points = np.where(good[:, None], model.points, np.nan)
    return replace(model.keep(left & good[tracks.track], right & good[tracks.track]), points=points)


def _adjusted(seen: Sighted, model: RigModel, how: RigAdjustment, per_frame: int) -> RigModel:
    """By the longest tracks that count."""
    tracks = seen.tracks
    chosen = thinned(tracks, np.isfinite(model.points[:, 0]), per_frame)
    if not chosen.any():  # all of them are too short for it to choose from
        chosen = np.isfinite(model.points[:, 0])
    rows = chosen[tracks.track]
    return adjust_rig(seen, model.keep(model.kept_left & rows, model.kept_right & rows), how)


def _errors(seen: Sighted, model: RigModel) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of both eyes: errors of all sightings, and which count."""
    return list(zip(errors_px(seen, model), (model.kept_left, model.kept_right), strict=True))
