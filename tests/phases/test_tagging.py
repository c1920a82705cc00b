"""The stage that tags: what it takes from a solve, and what it leaves unknown."""

from dataclasses import replace

import numpy as np
import pytest

from factory.clip import Clip, ClipRecord
from factory.declared import Resources
from factory.manifest.schema import COMMON, POSE
from factory.phases.pose import Pose
from factory.phases.pose_stages import standing
from factory.phases.tagging import TagCamera
from factory.sfm.attempts import solve_tracks
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.options import PairOptions, SolveOptions
from factory.stage import Outcome
from factory.trust.assess import Signals, path_by_depth
from factory.trust.predicted import Prediction
from factory.trust.worth import Trust
from tests.sfm.scenes import HEIGHT, WIDTH, scene

FRAMES = 24
CLIP = Clip("c", "c.mp4", 0.0, 2.0, WIDTH, HEIGHT, 24.0, 0, 2 * FRAMES)
PHASE = Pose(stages={}, timeout_s=1.0, shard_size=1, resources=Resources(), min_quality="silver")
MOVES = ("dolly_by_depth", "truck_by_depth", "pedestal_by_depth", "orbit_deg", "dolly_total_by_depth")


@pytest.fixture(scope="module")
def sideways() -> Trajectory:
    """A solve of 1.2 to the right past points that are 3 to 9 away."""
    poses = np.tile(np.eye(4), (FRAMES, 1, 1))
    poses[:, 0, 3] = np.linspace(0, 1.2, FRAMES)
    seen = scene(poses, static=300)
    options = SolveOptions(pairs=PairOptions(strides=(1, 2, 4, 8)))
    return solve_tracks(seen.tracks, np.ones(seen.tracks.count, bool), options)


def row(trajectory: Trajectory, translation_reliable: bool) -> dict:
    """Columns of a solve that is trusted, or not."""
    signals = Signals(FRAMES, 1.0, trajectory.rotation_only, path_by_depth=path_by_depth(trajectory))
    trust = Trust(signals, Prediction()(signals), "gold", (), True, translation_reliable)
    record = TagCamera()(ClipRecord(CLIP, {"trajectory": trajectory, "trust": trust}))
    found = PHASE.rows(Outcome(record, "ok"))[0]
    assert set(found) <= {column.name for column in (*COMMON, *POSE)}
    return found


def test_a_move_is_told_by_the_median_depth(sideways: Trajectory):
    found = row(sideways, translation_reliable=True)
    assert found["camera_tags"] == ["truck"]
    assert found["truck_by_depth"] == pytest.approx(path_by_depth(sideways), rel=0.02)
    assert found["truck_by_depth"] == pytest.approx(0.2, abs=0.05)
    assert found["camera_sentence"] == f"The camera trucks right by {found['truck_by_depth']:.2g} times the depth."
    assert "zoom_factor" not in found


def test_a_way_that_cannot_be_used_is_null_and_the_camera_not_static(sideways: Trajectory):
    found = row(sideways, translation_reliable=False)
    assert found["camera_tags"] == []
    assert not set(MOVES) & set(found)
    assert abs(found["pan_deg"]) < 1.0


def test_a_zoom_is_told_where_there_is_a_focal_length_a_frame(sideways: Trajectory):
    focal_px = sideways.camera.focal_px * np.linspace(1.0, 1.6, FRAMES)
    zooming = replace(sideways, model=replace(sideways.model, focal_px=focal_px))
    found = row(zooming, translation_reliable=True)
    assert set(found["camera_tags"]) == {"zoom", "truck"}
    assert found["zoom_factor"] == pytest.approx(1.6, rel=0.01)


def test_a_camera_that_stands_is_static_and_without_poses_nothing_is_told(sideways: Trajectory):
    still = standing(sideways.tracks)
    found = row(still, translation_reliable=False)
    assert (found["camera_tags"], found["pan_deg"]) == (["static"], 0.0)
    assert not set(MOVES) & set(found)
    nowhere = replace(still.posed(np.full((FRAMES, 4, 4), np.nan)), rotation_only=False)
    assert "camera_tags" not in row(nowhere, translation_reliable=False)


def test_frames_without_a_pose_are_passed_over(sideways: Trajectory):
    poses = sideways.world_from_cam.copy()
    poses[5:9] = np.nan
    gap = sideways.posed(poses)
    gap = replace(gap, model=replace(gap.model, kept=gap.kept & gap.registered[gap.tracks.frame]))
    whole, part = row(sideways, True), row(gap, True)
    assert part["camera_tags"] == whole["camera_tags"]
    assert part["truck_by_depth"] == pytest.approx(whole["truck_by_depth"], rel=0.05)
