"""The published refinement of a solve that stands, and whether it is kept."""

import math
from dataclasses import replace

import numpy as np

from factory.clip import ClipRecord
from factory.geometry.camera import invert_rigid, scaled
from factory.geometry.triangulation import triangulate
from factory.masks.motion import DynamicMasks
from factory.masks.resized import resized
from factory.phases.grading import GradeCamera
from factory.refine.refine import Refined, RefinePoses
from factory.sfm.model.trajectory import Trajectory
from factory.trust.halves import mean_error_px
from factory.trust.moved import widened
from factory.trust.rule import QUALITIES
from factory.trust.worth import Trust


def refined(record: ClipRecord, refine: RefinePoses, grade: GradeCamera, masks: DynamicMasks | None) -> ClipRecord:
    """Gives pose_refined: whether the refined poses are kept, None where nothing was refined; trajectory and trust anew
    where they are. masks: as of `GradeCamera.graded`.

    Only what is accepted is refined, and only the path of one pinhole that reads a picture at once. The refined poses
    stand where the solve's own tracks, which the refinement has not seen, rest better under them; and where they are
    accepted themselves. They are told to be off by all that they were moved besides, are of no better quality than the
    solve, and their focal length is relied on where it has hardly changed.
    """
    first: Trajectory = record["trajectory"]
    trust: Trust = record["trust"]
    if trust.reasons or not suits(first):
        return record.give(pose_refined=None)
    placed = first.registered
    rgb = record["frames"].rgb
    camera = scaled(first.camera, rgb.shape[2] / first.tracks.width)
    moving = resized(record["dynamic_masks"].masks, rgb.shape[1:3])
    found = refine(rgb[placed], moving[placed], first.world_from_cam[placed], camera)
    other = with_poses(first, found, first.camera.focal_px * found.camera.focal_px / camera.focal_px)
    seen = first.tracks.select(first.static)
    if not mean_error_px(other, seen) < mean_error_px(first, seen):
        return record.give(pose_refined=False)
    told = graded(grade.trust(other, record["tracks"], record["solve_options"], masks), grade, trust, first, other)
    if told.reasons:
        return record.give(pose_refined=False)
    other = replace(other, focal_reliable=told.focal_reliable)
    return record.give(pose_refined=True, trajectory=other, trust=told)


def suits(trajectory: Trajectory) -> bool:
    """Whether it is a path of one pinhole, with no more to it than the refinement knows of."""
    more = (trajectory.focal_px_per_frame, trajectory.centre_px_per_frame, trajectory.readout_s)
    moves = not trajectory.rotation_only and trajectory.method != "still"
    return moves and all(each is None for each in more) and int(trajectory.registered.sum()) > 2


def with_poses(trajectory: Trajectory, found: Refined, focal_px: float) -> Trajectory:
    """The trajectory with refined poses, and its points where its kept observations then cross. focal_px: of its own
    frame size."""
    poses = np.full_like(trajectory.world_from_cam, np.nan)
    poses[trajectory.registered] = found.world_from_cam
    tracks, rows = trajectory.tracks, np.flatnonzero(trajectory.kept)
    camera = replace(trajectory.camera, focal_px=focal_px)
    cam_from_world = invert_rigid(poses)
    frame, track = tracks.frame[rows], tracks.track[rows]
    points = triangulate(tracks.xy[rows], cam_from_world[frame], track, tracks.count, camera)
    kept = trajectory.kept & np.isfinite(points[tracks.track, 0])
    model = replace(trajectory.model, camera=camera, cam_from_world=cam_from_world, points=points, kept=kept)
    return replace(trajectory, model=model)


def graded(told: Trust, grade: GradeCamera, trust: Trust, first: Trajectory, other: Trajectory) -> Trust:
    """What refined poses are worth: `told` by their own signals, `trust` of the solve they came from."""
    if told.reasons:
        return told
    rule, placed = grade.rule, first.registered
    moved = first.world_from_cam[placed], other.world_from_cam[placed]
    predicted = widened(told.predicted, *moved, told.signals.px_by_percent)
    qualities = (rule.quality(told.signals, predicted), trust.quality)
    worst = None if None in qualities else max((q for q in qualities if q), key=QUALITIES.index)
    focal = abs(math.log(other.camera.focal_px / first.camera.focal_px)) <= rule.most_focal_spread
    return Trust(
        told.signals,
        predicted,
        worst,
        rule.reasons(told.signals, predicted),
        trust.focal_reliable and focal and rule.focal_reliable(told.signals, predicted),
        trust.translation_reliable and rule.translation_reliable(told.signals, predicted),
    )
