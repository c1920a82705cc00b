"""Refined poses of a solve: kept where they explain more, never told to be better than they are."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from factory.background.choose import Background
from factory.clip import ClipRecord
from factory.frames import Frames, Passing
from factory.geometry.camera import centred_camera, invert_rigid, project_cam, transform_points
from factory.geometry.trajectory import pose_errors
from factory.masks.motion import DynamicMasks
from factory.phases.grading import GradeCamera
from factory.phases.refine_pose import graded, refined, suits, with_poses
from factory.refine.refine import Refined
from factory.sfm.model.model import Model
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.options import SolveOptions
from factory.tracks import tracks_from
from factory.trust.moved import widened
from factory.trust.predicted import Predicted
from factory.trust.rule import AcceptRule
from tests.phases.test_mask_labels import CLIP

FRAMES, SIZE = 10, (640, 360)
CAMERA = centred_camera(500.0, *SIZE)


def path(jitter: float = 0.0) -> np.ndarray:
    """Sideways and a little forward, in waves, and turning to and fro, which pins the focal length down. jitter: of
    each position, by the step."""
    t = np.arange(FRAMES)
    poses = np.tile(np.eye(4), (FRAMES, 1, 1))
    poses[:, :3, 3] = np.stack([0.1 * t, 0.05 * np.sin(t), 0.03 * t], axis=1)
    angle = 0.2 * np.sin(0.7 * t)[:, None] * [0.3, 1.0, 0.5]
    poses[:, :3, :3] = Rotation.from_rotvec(angle).as_matrix()
    poses[:, :3, 3] += np.random.default_rng(3).normal(0, 0.1 * jitter, (FRAMES, 3))
    return poses


def solve(poses: np.ndarray, noise_px: float = 0.1) -> Trajectory:
    """Points at 2 to 8, seen by the true path; the solve has `poses`."""
    rng = np.random.default_rng(0)
    xyz = np.column_stack([rng.uniform(-4, 5, 500), rng.uniform(-2, 2, 500), rng.uniform(2, 8, 500)])
    there = transform_points(invert_rigid(path())[:, None], xyz[None])
    xy = project_cam(there, CAMERA) + rng.normal(0, noise_px, (FRAMES, 500, 2))
    inside = np.all((xy >= 0) & (xy <= np.array(SIZE) - 1), axis=2)
    often = inside.sum(axis=0) > 3
    track, frame = np.nonzero(inside.T[often])
    seen = xy.transpose(1, 0, 2)[often][track, frame]
    tracks = tracks_from(track, frame, seen, np.arange(FRAMES) / 12, np.arange(FRAMES), SIZE)
    model = Model(CAMERA, invert_rigid(poses), xyz[often], np.ones(len(track), bool))
    return Trajectory(tracks, np.ones(tracks.count, bool), model, "global", focal_reliable=True)


def record(trajectory: Trajectory) -> ClipRecord:
    rgb = np.zeros((45, 80, 3), np.uint8)
    frames = Frames([Passing(n, n / 12, rgb[..., 0], True, rgb) for n in range(FRAMES)])
    masks = DynamicMasks(np.zeros((FRAMES, 45, 80), bool), np.zeros(FRAMES), np.arange(FRAMES))
    static = np.ones(trajectory.tracks.count, bool)
    given = ClipRecord(CLIP, {"frames": frames, "tracks": trajectory.tracks, "dynamic_masks": masks})
    background = Background(static.astype(float), static, ~static)
    given = given.give(trajectory=trajectory, solve_options=SolveOptions(), background=background)
    trust = GradeCamera(again=None).trust(trajectory, trajectory.tracks, SolveOptions())
    return given.give(trust=replace(trust, quality="gold", reasons=()))


@dataclass
class Moves:
    """What a refinement finds, whatever it is given."""

    poses: np.ndarray
    focal: float = 1.0

    def __call__(self, frames, moving, world_from_cam, camera):
        assert frames.shape == (*moving.shape, 3)
        assert world_from_cam.shape == (FRAMES, 4, 4)
        assert camera.focal_px == pytest.approx(CAMERA.focal_px * 80 / SIZE[0])  # of the small pictures
        return Refined(self.poses, replace(camera, focal_px=self.focal * camera.focal_px), 1.0, 0.5, 999)


def test_poses_that_explain_more_are_kept_and_told_to_be_off_by_what_they_were_moved():
    given = record(solve(path(jitter=0.05)))
    found = refined(given, Moves(path()), GradeCamera(again=None), None)
    assert found["pose_refined"] is True
    assert np.allclose(found["trajectory"].world_from_cam, path())
    moved = pose_errors(path(), given["trajectory"].world_from_cam)
    assert moved.ate_percent > 0.1
    told = found["trust"].predicted
    assert told.ate_percent >= moved.ate_percent  # though they are right: nobody knows
    assert told.ate_percent_bound >= moved.ate_percent
    assert told.rotation_deg >= moved.rpe_rotation_deg
    assert found["trajectory"].reprojection_error_px < 0.2


def test_poses_that_explain_less_are_not_kept():
    given = record(solve(path()))
    found = refined(given, Moves(path(jitter=0.05)), GradeCamera(again=None), None)
    assert found["pose_refined"] is False
    assert found["trajectory"] is given["trajectory"]
    assert found["trust"] is given["trust"]


def test_quality_never_rises_and_a_focal_length_that_ran_off_is_not_relied_on():
    given = record(solve(path(jitter=0.05)))
    bronze = given.give(trust=replace(given["trust"], quality="bronze", focal_reliable=True))
    grade = GradeCamera(rule=AcceptRule(min_quality="bronze"), again=None)
    assert refined(bronze, Moves(path()), grade, None)["trust"].quality == "bronze"
    given = record(solve(path(jitter=0.02)))
    first, trust = given["trajectory"], replace(given["trust"], focal_reliable=True)
    found = Refined(path(), CAMERA, 1.0, 0.5, 999)
    others = [with_poses(first, found, focal * CAMERA.focal_px) for focal in (1.0, 1.03)]
    told = grade.trust(others[0], first.tracks, SolveOptions())  # of both: what else the second loses is not asked
    assert [graded(told, grade, trust, first, other).focal_reliable for other in others] == [True, False]
    doubted = replace(trust, focal_reliable=False)
    assert not graded(told, grade, doubted, first, others[0]).focal_reliable


def test_what_is_refused_or_no_path_of_one_pinhole_is_left_alone():
    given = record(solve(path(jitter=0.05)))
    refused = given.give(trust=replace(given["trust"], reasons=("no",)))
    assert refined(refused, Moves(path()), GradeCamera(again=None), None)["pose_refined"] is None
    whole = given["trajectory"]
    assert suits(whole)
    zooms = replace(whole, model=replace(whole.model, focal_px=np.full(FRAMES, 500.0)))
    for other in (zooms, replace(whole, rotation_only=True), replace(whole, readout_s=0.01)):
        assert not suits(other)


def test_a_prediction_is_widened_by_how_far_poses_were_moved():
    predicted = Predicted(0.3, 0.8, 0.6, 0.03, 0.2)
    still = widened(predicted, path(), path(), 2.0)
    assert still.ate_percent == pytest.approx(0.3)
    assert still.ate_percent_bound == pytest.approx(0.8)
    moved = path(jitter=0.1)
    off = pose_errors(moved, path()).ate_percent
    found = widened(predicted, path(), moved, 2.0)
    assert found.ate_percent == pytest.approx(np.hypot(0.3, off))
    assert found.ate_percent_bound == pytest.approx(0.8 + off)
    assert found.ate_px == pytest.approx(2.0 * np.hypot(0.3, off))
    assert found.translation_deg > 0.2
