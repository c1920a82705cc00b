"""Labels under known poses: resting points, some near, against points that move."""

from dataclasses import replace

import numpy as np

from factory.background.choose import labelled
from factory.background.solved_labels import SolvedLabels
from factory.geometry.camera import centred_camera, invert_rigid, project_cam, transform_points
from factory.sfm.model.model import Model
from factory.sfm.model.trajectory import Trajectory
from factory.tracks import Tracks, tracks_from

FRAMES, REST, MOVE = 12, 300, 60


def scene(drift: float) -> tuple[Tracks, Trajectory]:
    """Tracks of points 2 to 10 m away and of some that move by `drift` m a frame, seen by a camera that goes right."""
    rng = np.random.default_rng(0)
    camera = centred_camera(500.0, 640, 360)
    world_from_cam = np.tile(np.eye(4), (FRAMES, 1, 1))
    world_from_cam[:, 0, 3] = 0.05 * np.arange(FRAMES)
    world_from_cam[:, 1, 3] = 0.02 * np.sin(np.arange(FRAMES))
    cam_from_world = invert_rigid(world_from_cam)
    points = np.column_stack(
        [rng.uniform(-1, 1, REST + MOVE), rng.uniform(-0.5, 0.5, REST + MOVE), np.ones(REST + MOVE)]
    )
    points *= rng.uniform(2, 10, (REST + MOVE, 1)) * np.array([0.6, 0.6, 1.0])
    seen = []
    for f in range(FRAMES):
        moved = points + np.array([0.0, drift * f, 0.0]) * (np.arange(REST + MOVE) >= REST)[:, None]
        xy = project_cam(transform_points(np.tile(cam_from_world[f], (len(moved), 1, 1)), moved), camera)
        seen.append(xy + rng.normal(0, 0.2, xy.shape))
    ids = np.tile(np.arange(REST + MOVE), FRAMES)
    frame = np.repeat(np.arange(FRAMES), REST + MOVE)
    tracks = tracks_from(ids, frame, np.concatenate(seen), np.arange(FRAMES) / 12, np.arange(FRAMES), (640, 360))
    rest = np.arange(tracks.count) < REST
    model = Model(camera, cam_from_world, points, rest[tracks.track])
    solved = Trajectory(tracks, rest, model, "global")
    return tracks, solved


def test_near_things_are_freed_and_moving_things_are_found():
    tracks, solved = scene(0.03)
    wrong = labelled(np.where(np.arange(tracks.count) < 200, 1.0, 0.1), 0.7, "guess", {"guess": 1.0})
    found = SolvedLabels()(tracks, wrong, solved)
    assert found.is_background[:REST].mean() > 0.99
    assert found.is_dynamic[REST:].mean() > 0.95
    assert found.scores == wrong.scores


def test_without_a_path_labels_stay():
    tracks, solved = scene(0.03)
    before = labelled(np.full(tracks.count, 0.5), 0.7, "guess", {})
    few = solved.world_from_cam.copy()
    few[2:] = np.nan
    for none in (replace(solved, rotation_only=True), solved.posed(few)):
        assert SolvedLabels()(tracks, before, none) is before


def test_poses_that_leave_the_border_unexplained_change_nothing():
    tracks, solved = scene(0.03)
    turned = solved.world_from_cam.copy()
    turned[::2, 1, 3] += 0.5  # jumps that no resting point follows
    before = labelled(np.full(tracks.count, 0.9), 0.7, "guess", {})
    assert SolvedLabels()(tracks, before, solved.posed(turned)) is before
