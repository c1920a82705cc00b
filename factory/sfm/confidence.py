"""How far a trajectory can be trusted: named numbers, and the rule that refuses wrong solves with a reason.

No single number separates right from wrong. A solve that mixes two motions shows in halves of the tracks that disagree;
a clean solve of the wrong body shows only in what it leaves unexplained at the border of the picture.
"""

from dataclasses import dataclass, replace

import numpy as np

from factory.geometry.camera import Camera, invert_rigid, unproject
from factory.geometry.trajectory import path_length, pose_errors, rotation_angle_deg
from factory.geometry.triangulation import triangulate
from factory.sfm.averaging import thinned
from factory.sfm.background import border_score
from factory.sfm.model import Model, errors_px
from factory.sfm.options import SolveOptions
from factory.sfm.solve import solve_tracks
from factory.sfm.trajectory import Trajectory
from factory.tracks import Tracks


@dataclass(frozen=True)
class AcceptRule:
    """Bounds of a solve that is accepted.

    provenance: 37 solves of 14 rendered and real clips with known error: 15 right (< 1 % of the path) all accepted, 15
    wrong (> 5 %) all refused. The allowance for turning was read off the 1 Hz office (0.16 of 8.2 degrees, right) and a
    mixture of two motions (0.34 of 1.5). On rendered clips (tests/bench/trust.py, 85 solves): with the labels that the
    pipeline chooses none of 3 wrong ones is accepted and none of 30 right ones refused; with labels falsified on
    purpose 2 of 23 wrong ones pass. `least_registered` is DynPose-100K's, `most_focal_spread` a guess.
    """

    least_ring_win: float = 0.38
    most_half_ate_percent: float = 1.5
    most_half_rotation_deg: float = 0.15
    half_rotation_share: float = 0.02  # and this much of what the camera turns in a frame
    least_supported: float = 0.98
    least_registered: float = 0.8
    explained_px: float = 2.0
    explained_per_frame: int = 20
    half_tracks_per_frame: int = 80  # 60 refuse a kitchen sweep that is right (1.5 %)
    most_focal_spread: float = 0.05
    guided_ring_win: float = 0.6  # a mixture of two cars and the road had 0.50, right solves that need it 0.68 and more

    def allowed_rotation_deg(self, turn_deg: float) -> float:
        """How far halves may differ a frame where the camera turns by `turn_deg` a frame."""
        return self.most_half_rotation_deg + self.half_rotation_share * turn_deg


@dataclass(frozen=True)
class Confidence:
    """What speaks for a trajectory and against it; None where a number could not be had.

    half_ate_percent, half_rotation_deg: how far solves of two halves of the tracks lie apart, in % of the path and as
    the median difference of the rotation from frame to frame. turn_deg: median of that rotation. half_focal_spread:
    log ratio of the halves' focal lengths. ring_win, ring_cover: share of the occupied and of all cells at the left,
    right and top border where most, any, tracks are explained. supported: share of registered frames with enough
    explained tracks. explained: share of all observations on explained tracks. step_ratio: largest step by the median
    step; a warning only, as hand-held cameras stop and go. reasons: sentences, empty when accepted.
    """

    accepted: bool
    reasons: tuple[str, ...]
    focal_reliable: bool
    registered: float
    half_ate_percent: float | None
    half_rotation_deg: float | None
    half_focal_spread: float | None
    turn_deg: float | None
    ring_win: float
    ring_cover: float
    supported: float
    explained: float
    step_ratio: float | None


def assess(trajectory: Trajectory, options: SolveOptions | None = None, rule: AcceptRule | None = None) -> Confidence:
    """Solves two random halves of the static tracks and looks at what the trajectory explains. Not for rotations."""
    options, rule = options or SolveOptions(), rule or AcceptRule()
    tracks = trajectory.unguided()
    registered = float(trajectory.registered.mean()) if tracks.frames else 0.0
    if trajectory.registered.sum() < 3:
        reason = "registered_ratio: fewer than three frames could be placed, there is no trajectory"
        return Confidence(False, (reason,), False, registered, None, None, None, None, 0.0, 0.0, 0.0, 0.0, None)
    explained = explained_tracks(trajectory, rule.explained_px)
    win = border_score(tracks, explained, 0.0)
    per_frame = np.bincount(tracks.frame, explained[tracks.track], tracks.frames)[trajectory.registered]
    halves = _halves(trajectory, options, rule, win)
    numbers = Confidence(
        accepted=False,
        reasons=(),
        focal_reliable=halves is not None and halves[2] <= rule.most_focal_spread,
        registered=registered,
        half_ate_percent=None if halves is None else halves[0],
        half_rotation_deg=None if halves is None else halves[1],
        half_focal_spread=None if halves is None else halves[2],
        turn_deg=_median_turn_deg(trajectory.world_from_cam[trajectory.registered]),
        ring_win=win,
        ring_cover=border_score(tracks, explained, 1.0) - win,
        supported=float((per_frame >= rule.explained_per_frame).mean()),
        explained=float(explained[tracks.track].mean()),
        step_ratio=_step_ratio(trajectory.world_from_cam[trajectory.registered]),
    )
    reasons = objections(numbers, rule)
    return replace(numbers, accepted=not reasons, reasons=reasons)


def objections(numbers: Confidence, rule: AcceptRule) -> tuple[str, ...]:
    """What speaks against accepting, one sentence each."""
    found = []
    if numbers.registered < rule.least_registered:
        found.append(f"registered_ratio: only {numbers.registered:.0%} of the frames could be placed")
    if numbers.half_ate_percent is None or numbers.half_rotation_deg is None:
        found.append("half_ate_percent: half of the tracks alone give no solution, it hangs on too little")
    else:
        if numbers.half_ate_percent > rule.most_half_ate_percent:
            found.append(
                f"half_ate_percent: two halves of the tracks disagree by {numbers.half_ate_percent:.1f} % of the path, "
                "the solution cannot be trusted"
            )
        if numbers.half_rotation_deg > rule.allowed_rotation_deg(numbers.turn_deg or 0.0):
            found.append(
                f"half_rotation_deg: two halves of the tracks disagree by {numbers.half_rotation_deg:.2f} degrees "
                "a frame, the solution cannot be trusted"
            )
    if numbers.ring_win < rule.least_ring_win:
        found.append(
            f"ring_win: the solution explains only {numbers.ring_win:.0%} of the picture's border, "
            "it may follow a moving object"
        )
    if numbers.supported < rule.least_supported:
        found.append(f"supported_ratio: only {numbers.supported:.0%} of the placed frames see enough points that fit")
    return tuple(found)


def explained_tracks(trajectory: Trajectory, most_px: float) -> np.ndarray:
    """bool (M,): which of ALL tracks, background or not, are points at rest under the poses: root mean square error
    under `most_px` over at least two registered frames, in front of every camera."""
    tracks, each = trajectory.unguided(), trajectory.focal_px_per_frame
    cam_from_world = invert_rigid(trajectory.world_from_cam)
    rows = np.flatnonzero(trajectory.registered[tracks.frame])
    points = triangulate(
        tracks.xy[rows],
        cam_from_world[tracks.frame[rows]],
        tracks.track[rows],
        tracks.count,
        trajectory.camera,
        focal_px=None if each is None else each[tracks.frame[rows]],
    )
    everything = np.ones(len(tracks.track), bool)
    errors = errors_px(tracks, Model(trajectory.camera, cam_from_world, points, everything, each))[rows]
    seen = np.bincount(tracks.track[rows], minlength=tracks.count)
    with np.errstate(invalid="ignore"):
        square = np.bincount(tracks.track[rows], np.minimum(errors, 1e6) ** 2, tracks.count) / np.maximum(seen, 1)
    return np.asarray((seen >= 2) & (square < most_px**2))


def _halves(
    trajectory: Trajectory, options: SolveOptions, rule: AcceptRule, ring_win: float
) -> tuple[float, float, float] | None:
    """ATE in %, rotation in degrees a frame and log focal ratio between the solves of two halves of the static tracks.

    They start from focal lengths below and above the solution, so that a focal length that nothing holds shows too.
    """
    # A focal length a frame hangs on more tracks than thinned halves have.
    thinnings = (rule.half_tracks_per_frame, None) if trajectory.focal_px_per_frame is None else (None,)
    # What was found with the solution's help may speak for it only where the border of the picture clearly does.
    trials = [(per_frame, False) for per_frame in thinnings]
    if trajectory.guided is not None and trajectory.registered.all() and ring_win >= rule.guided_ring_win:
        trials = [trials[0], (thinnings[0], True), *trials[1:]]
    apart, allowed_deg = (
        None,
        rule.allowed_rotation_deg(_median_turn_deg(trajectory.world_from_cam[trajectory.registered])),
    )
    for per_frame, guided in trials:
        solves = _half_solves(trajectory, options, per_frame, guided)
        common = solves[0].registered & solves[1].registered & trajectory.registered
        if common.sum() >= max(3, 0.9 * trajectory.registered.sum()):
            apart = _apart(solves, common) or apart
        if apart is not None and apart[0] <= rule.most_half_ate_percent and apart[1] <= allowed_deg:
            break
    return apart


def _half_solves(
    trajectory: Trajectory, options: SolveOptions, per_frame: int | None, guided: bool
) -> list[Trajectory]:
    """Solves of both halves, thinned to `per_frame` tracks a frame; of all their tracks if None: where few tracks last,
    thinned halves may not hold together though the halves do. Distortion is taken from the solution."""
    tracks = _undistorted(trajectory.tracks if guided else trajectory.unguided(), trajectory.camera)
    # The tracks that were voted out decide nothing here either.
    held = np.bincount(trajectory.tracks.track[trajectory.kept], minlength=tracks.count) > 0
    used = trajectory.static & held
    first = np.random.default_rng(0).random(tracks.count) < 0.5
    light = replace(options, rounds=((16.0, 15), (4.0, 15), (1.0, 20)), other_focals=(), pair_trials=40)
    solves = []
    for half, factor in ((first, 0.85), (~first, 1.2)):
        part = tracks.select(used & half if per_frame is None else thinned(tracks, used & half, per_frame))
        start_px = factor * trajectory.camera.focal_px
        solves.append(solve_tracks(part, np.ones(part.count, bool), light, start_px, _zoom_start(trajectory, factor)))
    return solves


def _undistorted(tracks: Tracks, camera: Camera) -> Tracks:
    """The tracks as the camera would see them without its distortion."""
    if camera.k1 == 0.0:
        return tracks
    xy = unproject(tracks.xy, camera)[:, :2] * camera.focal_px + np.array([camera.cx, camera.cy])
    return replace(tracks, xy=xy)


def _zoom_start(trajectory: Trajectory, factor: float) -> np.ndarray | None:
    """Where a half of a zooming clip starts: the solution's focal lengths by their median, a tilt of 2 % either way on
    top, so that a zoom that nothing holds shows too."""
    if trajectory.focal_px_per_frame is None:
        return None
    tilt = np.linspace(-0.02, 0.02, len(trajectory.focal_px_per_frame)) * np.sign(factor - 1.0)
    return np.asarray(trajectory.focal_px_per_frame / trajectory.camera.focal_px * np.exp(tilt))


def _focal_spread(first: Trajectory, second: Trajectory) -> float:
    """Log ratio of the focal lengths of two solves; where they zoom, the median over frames."""
    each = [
        np.log(s.camera.focal_px if s.focal_px_per_frame is None else s.focal_px_per_frame) for s in (first, second)
    ]
    return float(np.median(np.abs(each[0] - each[1])))


def _apart(solves: list[Trajectory], common: np.ndarray) -> tuple[float, float, float] | None:
    """How far two solves lie apart, as in `_halves`, over the frames `common`."""
    first_half, second_half = (solve.world_from_cam[common] for solve in solves)
    ate_percent = pose_errors(first_half, second_half).ate_percent
    if ate_percent is None:
        return None
    apart = np.swapaxes(_turns(first_half), 1, 2) @ _turns(second_half)
    return ate_percent, float(np.median(rotation_angle_deg(apart))), _focal_spread(*solves)


def _turns(world_from_cam: np.ndarray) -> np.ndarray:
    """Rotations between successive poses, float64 (F - 1, 3, 3)."""
    rotation = world_from_cam[:, :3, :3]
    return np.asarray(np.swapaxes(rotation[:-1], 1, 2) @ rotation[1:])


def _median_turn_deg(world_from_cam: np.ndarray) -> float:
    return float(np.median(rotation_angle_deg(_turns(world_from_cam))))


def _step_ratio(world_from_cam: np.ndarray) -> float | None:
    steps = np.linalg.norm(np.diff(world_from_cam[:, :3, 3], axis=0), axis=1)
    return float(steps.max() / np.median(steps)) if path_length(world_from_cam) > 0 and np.median(steps) > 0 else None
