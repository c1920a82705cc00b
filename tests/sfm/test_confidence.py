"""The rule that accepts a trajectory: each number alone can refuse it, and says why."""

from dataclasses import replace

import numpy as np
import pytest

from factory.sfm import confidence
from factory.sfm.confidence import AcceptRule, Confidence, objections
from factory.sfm.options import SolveOptions
from factory.sfm.stages import standing
from factory.sfm.trajectory import Trajectory
from factory.tracks import tracks_from

GOOD = Confidence(
    accepted=False,
    reasons=(),
    focal_reliable=True,
    registered=1.0,
    half_ate_percent=0.3,
    half_rotation_deg=0.04,
    half_focal_spread=0.01,
    turn_deg=0.5,
    ring_win=0.8,
    ring_cover=0.6,
    supported=1.0,
    explained=0.8,
    step_ratio=1.2,
)


def test_a_good_solve_has_no_objection():
    assert objections(GOOD, AcceptRule()) == ()


@pytest.mark.parametrize(
    "change, words",
    [
        ({"half_ate_percent": 3.1}, "half_ate_percent: two halves of the tracks disagree by 3.1 % of the path"),
        (
            {"half_rotation_deg": 0.34, "turn_deg": 1.5},
            "half_rotation_deg: two halves of the tracks disagree by 0.34 degrees",
        ),
        (
            {"half_ate_percent": None, "half_rotation_deg": None},
            "half_ate_percent: half of the tracks alone give no solution",
        ),
        ({"ring_win": 0.27}, "ring_win: the solution explains only 27% of the picture's border"),
        ({"supported": 0.9}, "supported_ratio: only 90% of the placed frames"),
        ({"registered": 0.5}, "registered_ratio: only 50% of the frames"),
    ],
)
def test_each_number_alone_refuses(change: dict[str, float], words: str):
    found = objections(replace(GOOD, **change), AcceptRule())
    assert len(found) == 1
    assert words in found[0]


def test_a_camera_that_turns_fast_is_allowed_more():
    assert objections(replace(GOOD, half_rotation_deg=0.2, turn_deg=8.0), AcceptRule()) == ()


def asked(monkeypatch: pytest.MonkeyPatch, scene: Trajectory, ring_win: float) -> list[tuple[int | None, bool]]:
    """Which halves are solved (tracks a frame, with guided sightings or not) where thinned ones fall apart."""
    found: list[tuple[int | None, bool]] = []

    def solves(trajectory: Trajectory, _: SolveOptions, per_frame: int | None, guided: bool) -> list[Trajectory]:
        found.append((per_frame, guided))
        half = trajectory if per_frame is None else standing_nowhere(trajectory)
        return [half, half]

    monkeypatch.setattr(confidence, "_half_solves", solves)
    assert confidence._halves(scene, SolveOptions(), AcceptRule(half_tracks_per_frame=7), ring_win) is not None
    return found


def test_halves_that_do_not_hold_together_when_thinned_are_solved_whole(monkeypatch: pytest.MonkeyPatch):
    assert asked(monkeypatch, moving(), 0.9) == [(7, False), (None, False)]


def test_sightings_found_with_the_solution_count_only_where_the_border_is_explained(monkeypatch: pytest.MonkeyPatch):
    helped = replace(moving(), guided=np.array([False, False, False, True, True]))
    assert asked(monkeypatch, helped, 0.9) == [(7, False), (7, True), (None, False)]
    assert asked(monkeypatch, helped, 0.5) == [(7, False), (None, False)]
    assert helped.unguided().frame.tolist() == [0, 1, 2]


def moving() -> Trajectory:
    poses = np.tile(np.eye(4), (5, 1, 1))
    poses[:, :2, 3] = [[0, 0], [1, 0], [2, 1], [3, 0], [5, 0]]
    times_s = np.arange(5) / 10
    tracks = tracks_from(np.zeros(5, int), np.arange(5), np.zeros((5, 2)), times_s, np.arange(5), (64, 48))
    return replace(standing(tracks), world_from_cam=poses, rotation_only=False)


def standing_nowhere(trajectory: Trajectory) -> Trajectory:
    return replace(trajectory, registered=np.zeros(5, bool))
