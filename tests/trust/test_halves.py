"""Two halves of the tracks: which are asked, and what it takes for them to agree."""

from dataclasses import replace

import numpy as np
import pytest

from factory.phases.pose_stages import standing
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.options import SolveOptions
from factory.sfm.zoom.rotation_only import solve_rotation
from factory.tracks import Tracks, tracks_from
from factory.trust import halves
from factory.trust.halves import halves_apart, mean_error_px


def asked(monkeypatch: pytest.MonkeyPatch, scene: Trajectory, guided: bool) -> list[tuple[int | None, bool]]:
    """Which halves are solved (tracks a frame, with guided sightings or not) where thinned ones fall apart."""
    found: list[tuple[int | None, bool]] = []

    def solves(trajectory: Trajectory, _: SolveOptions, per_frame: int | None, guided: bool) -> list[Trajectory]:
        found.append((per_frame, guided))
        half = trajectory if per_frame is None else standing_nowhere(trajectory)
        return [half, half]

    monkeypatch.setattr(halves, "_solves", solves)
    apart = halves_apart(scene, SolveOptions(), 7, guided)
    assert apart is not None
    assert apart.ate_percent == pytest.approx(0.0, abs=1e-9)
    return found


def test_halves_that_do_not_hold_together_when_thinned_are_solved_whole(monkeypatch: pytest.MonkeyPatch):
    assert asked(monkeypatch, moving(), True) == [(7, False), (None, False)]


def test_sightings_found_with_the_solution_count_only_where_they_may(monkeypatch: pytest.MonkeyPatch):
    helped = replace(moving(), guided=np.array([False, False, False, True, True]))
    assert asked(monkeypatch, helped, True) == [(7, False), (7, True), (None, False)]
    assert asked(monkeypatch, helped, False) == [(7, False), (None, False)]
    assert helped.unguided().frame.tolist() == [0, 1, 2]


def test_halves_of_a_turn_agree_and_those_of_two_turns_do_not():
    steady = turn(np.full(60, 400.0))
    apart = halves_apart(steady, SolveOptions(), 7, False)
    assert apart is not None
    assert apart.ate_percent == 0.0
    assert apart.rotation_deg < 0.01
    # Half of the tracks belong to something that turns half as fast: either half may follow the other motion.
    torn = turn(np.where(np.random.default_rng(0).random(60) < 0.5, 400.0, 800.0))
    apart = halves_apart(torn, SolveOptions(), 7, False)
    assert apart is None or apart.rotation_deg > 0.05 or apart.focal_spread > 0.05


def turn(focal_px: np.ndarray) -> Trajectory:
    """A camera that turns by 1.5 degrees a frame, solved; every track as seen through its own focal length."""
    rng = np.random.default_rng(1)
    angle = np.radians(1.5 * np.arange(12))
    direction = np.column_stack([rng.uniform(-0.4, 0.7, 60), rng.uniform(-0.4, 0.4, 60), np.ones(60)])
    x = np.cos(angle)[:, None] * direction[:, 0] - np.sin(angle)[:, None] * direction[:, 2]
    z = np.sin(angle)[:, None] * direction[:, 0] + np.cos(angle)[:, None] * direction[:, 2]
    xy = np.stack([focal_px * x / z + 319.5, focal_px * direction[:, 1] / z + 179.5], axis=-1)
    frame, track = np.indices((12, 60))
    tracks = tracks_from(track.ravel(), frame.ravel(), xy.reshape(-1, 2), np.arange(12) / 12, np.arange(12), (640, 360))
    return solve_rotation(tracks, np.ones(60, bool))


def moving() -> Trajectory:
    poses = np.tile(np.eye(4), (5, 1, 1))
    poses[:, :2, 3] = [[0, 0], [1, 0], [2, 1], [3, 0], [5, 0]]
    return replace(standing(one_track()).posed(poses), rotation_only=False)


def one_track() -> Tracks:
    return tracks_from(np.zeros(5, int), np.arange(5), np.zeros((5, 2)), np.arange(5) / 10, np.arange(5), (64, 48))


def standing_nowhere(trajectory: Trajectory) -> Trajectory:
    return trajectory.posed(np.full((5, 4, 4), np.nan))


def test_a_point_so_far_away_that_the_path_does_not_move_it_counts_as_one():
    """Noise puts it behind the cameras, where a triangulated point would not count at all."""
    path = moving()
    far = tracks_from(
        np.zeros(5, int),
        np.arange(5),
        np.array([[30.0, 20.0], [30.2, 20.1], [30.4, 20.0], [30.5, 20.2], [30.8, 20.0]]),
        np.arange(5) / 10,
        np.arange(5),
        (64, 48),
    )
    assert mean_error_px(path, far) < 10.0
    jumping = replace(far, xy=far.xy * np.array([[1], [2], [0.5], [1.8], [1]]))
    assert mean_error_px(path, jumping) == pytest.approx(10.0, abs=2.0)
