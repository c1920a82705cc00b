"""The rule that accepts a trajectory: each number alone can refuse it, and says why."""

from dataclasses import replace

import pytest

from factory.sfm.confidence import AcceptRule, Confidence, objections

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
    weakest_win=0.7,
    supported=1.0,
    bridge=300,
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
            "half_rotation_deg: half of the tracks alone give no solution",
        ),
        ({"ring_win": 0.27}, "ring_win: the solution explains only 27% of the picture's border"),
        ({"weakest_win": 0.2}, "weakest_win: at one place the solution explains only 20%"),
        ({"supported": 0.9}, "supported_ratio: only 90% of the placed frames"),
        ({"bridge": 14}, "bridge: only 14 points that fit join the frames"),
        ({"registered": 0.5}, "registered_ratio: only 50% of the frames"),
    ],
)
def test_each_number_alone_refuses(change: dict[str, float], words: str):
    found = objections(replace(GOOD, **change), AcceptRule())
    assert len(found) == 1
    assert words in found[0]


def test_a_camera_that_turns_fast_is_allowed_more():
    assert objections(replace(GOOD, half_rotation_deg=0.2, turn_deg=8.0), AcceptRule()) == ()


def test_a_turning_camera_has_no_path_to_disagree_about():
    turning = replace(GOOD, half_ate_percent=None)
    assert objections(turning, AcceptRule()) == ()
    assert "ring_win" in objections(replace(turning, ring_win=0.1), AcceptRule())[0]
