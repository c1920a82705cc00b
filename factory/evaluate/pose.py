"""Camera trajectories against truth: ATE and RPE through evo, by the protocol of DynPose-100K's Lightspeed table.

A sequence with less than 80 % of its frames posed has failed. Two blocks of columns: over all sequences, where a failed
one is replaced by identity rotations and random positions, and over those on which every method compared succeeded.
What the paper leaves open is chosen here: Sim(3) alignment (Umeyama) unless another is asked for, root mean square, RPE
between successive posed frames, all pairs (ParticleSfM's protocol); positions of the replacement are normal with unit
variance an axis and frame, from a fixed seed, and aligned like any other estimate.
"""

import zlib
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from factory.evaluate.report import need
from factory.evaluate.sampling import LEAST_POSED, associate, expected_frames, sampling_interval
from factory.evaluate.trajectories import Trajectory, Truth, candidates
from factory.geometry.trajectory import Similarity, align_rigid, align_similarity, path_length

# What an estimate may be moved by before it is compared: sim3 where its unit is unknown, se3 where it claims the
# truth's (metres), none where it claims its world, too.
Align = Literal["sim3", "se3", "none"]


@dataclass(frozen=True)
class PoseScore:
    """One method on one sequence. ate, rpe_translation: the truth's unit, None for a truth without a path. posed,
    expected: frames with a pose, and frames the sampling would have looked at."""

    clip: str
    posed: int
    expected: int
    solved: bool
    motionless: bool
    ate: float | None = None
    ate_percent: float | None = None
    rpe_translation: float | None = None
    rpe_rotation_deg: float | None = None
    note: str = ""

    @property
    def share(self) -> float:
        return min(1.0, self.posed / self.expected) if self.expected else 0.0


def score_method(
    truths: list[Truth], estimates: list[Trajectory], fps: float | None, usual_s: float, seed: int, align: Align
) -> list[PoseScore]:
    """Scores of every truth, in their order. A truth without an estimate has failed: none is left out.

    fps: the rate the estimates were sampled at; None finds it from each estimate. usual_s: the interval at which failed
    sequences are replaced.
    """
    return [score_clip(truth, candidates(truth, estimates), fps, usual_s, seed, align) for truth in truths]


def score_clip(
    truth: Truth, found: list[Trajectory], fps: float | None, usual_s: float, seed: int = 0, align: Align = "sim3"
) -> PoseScore:
    """Of several estimates (pieces of a long video, each in a frame of its own) the longest stands for all; frames only
    the others pose count as missing."""
    true_s = truth.trajectory.times_s
    if not found or not len(found[0].times_s):
        note = (found[0].note or "no pose") if found else "no estimate"
        expected = len(expected_frames(true_s, usual_s))
        return _replaced(
            PoseScore(truth.name, 0, expected, False, truth.motionless, note=note), truth, usual_s, seed, align
        )
    estimate = thinned(found[0], fps)
    interval_s = interval_of(estimate, fps)
    ours, theirs = associate(estimate.times_s, true_s)
    expected = len(expected_frames(true_s, interval_s))
    note = f"the longest of {len(found)} pieces" if len(found) > 1 else ""
    score = PoseScore(truth.name, len(ours), expected, True, truth.motionless, note=note)
    if score.share < LEAST_POSED or len(ours) < 3:
        note = f"{len(ours)} of {expected} frames posed"
        return _replaced(replace(score, solved=False, note=note), truth, interval_s or usual_s, seed, align)
    poses, true_poses = estimate.world_from_cam[ours], truth.trajectory.world_from_cam[theirs]
    errors = trajectory_errors(poses, true_poses, true_s[theirs], truth.motionless, align)
    return replace(score, **errors)


def thinned(estimate: Trajectory, fps: float | None) -> Trajectory:
    """The estimate at `fps` where it is denser than that."""
    if fps is None:
        return estimate
    keep = expected_frames(estimate.times_s, 1 / fps)
    return replace(estimate, times_s=estimate.times_s[keep], world_from_cam=estimate.world_from_cam[keep])


def interval_of(estimate: Trajectory, fps: float | None) -> float:
    """Seconds between the frames an estimate looked at; 0 where it has too few to say."""
    if fps is not None:
        return 1 / fps
    return sampling_interval(estimate.times_s if estimate.sampled_s is None else estimate.sampled_s)


def baseline(truth: Truth, interval_s: float, seed: int, align: Align) -> PoseScore:
    """Identity rotations and random positions, scored like an estimate."""
    chosen = expected_frames(truth.trajectory.times_s, interval_s)
    count = len(chosen)
    return _replaced(PoseScore(truth.name, count, count, True, truth.motionless), truth, interval_s, seed, align)


def trajectory_errors(
    estimate: np.ndarray, truth: np.ndarray, times_s: np.ndarray, motionless: bool = False, align: Align = "sim3"
) -> dict[str, Any]:
    """Errors of camera-to-world poses (F, 4, 4), frame by frame, after `align`: ate, ate_percent (of the true path),
    rpe_translation, rpe_rotation_deg, each a root mean square. Without a true path only the rotation is scored."""
    metrics, paths = need("evo.core.metrics"), need("evo.core.trajectory")
    fitted = estimate if motionless else aligned(estimate, truth, align)
    pair = tuple(paths.PoseTrajectory3D(poses_se3=list(p), timestamps=times_s) for p in (truth, fitted))

    def rms(metric: Any) -> float:
        metric.process_data(pair)
        return float(metric.get_statistic(metrics.StatisticsType.rmse))

    def step(relation: Any) -> float:
        return rms(metrics.RPE(relation, delta=1, delta_unit=metrics.Unit.frames, all_pairs=True))

    rotation_deg = step(metrics.PoseRelation.rotation_angle_deg)
    if motionless:
        return {"rpe_rotation_deg": rotation_deg}
    ate = rms(metrics.APE(metrics.PoseRelation.translation_part))
    return {
        "ate": ate,
        "ate_percent": 100 * ate / path_length(truth),
        "rpe_translation": step(metrics.PoseRelation.translation_part),
        "rpe_rotation_deg": rotation_deg,
    }


def aligned(estimate: np.ndarray, truth: np.ndarray, align: Align = "sim3") -> np.ndarray:
    """The estimate, (F, 4, 4), after the Sim(3) (or SE(3), or nothing) that fits its positions to the truth's best.

    Positions on a line, which evo refuses, are fitted too: what is left free is a turn about the line, which changes
    no error here. Positions that coincide (a camera taken to only turn) are put at the middle of the true ones.
    """
    if align == "none":
        return estimate
    points, wanted = estimate[:, :3, 3], truth[:, :3, 3]
    if align == "se3":
        return align_rigid(points, wanted).poses(estimate)
    if np.linalg.norm(points - points.mean(axis=0), axis=1).max() < 1e-12:
        return Similarity(0.0, np.eye(3), wanted.mean(axis=0)).poses(estimate)
    geometry = need("evo.core.geometry")
    try:
        rotation, translation, scale = geometry.umeyama_alignment(points.T, wanted.T, with_scale=True)
    except geometry.GeometryException:
        return align_similarity(points, wanted).poses(estimate)
    return Similarity(float(scale), rotation, translation).poses(estimate)


def _replaced(score: PoseScore, truth: Truth, interval_s: float, seed: int, align: Align) -> PoseScore:
    chosen = expected_frames(truth.trajectory.times_s, interval_s)
    rng = np.random.default_rng([seed, zlib.crc32(truth.name.encode())])
    poses = np.tile(np.eye(4), (len(chosen), 1, 1))
    poses[:, :3, 3] = rng.standard_normal((len(chosen), 3))
    times_s, true_poses = truth.trajectory.times_s[chosen], truth.trajectory.world_from_cam[chosen]
    return replace(score, **trajectory_errors(poses, true_poses, times_s, truth.motionless, align))


def as_values(score: PoseScore) -> dict[str, Any]:
    return {**asdict(score), "share": score.share}
