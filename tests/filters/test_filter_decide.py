"""The verdict: reasons, abstention, where the score cuts, and mistakes in the rules."""

from pathlib import Path

import pytest
import yaml
from filter_scenes import record
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import ConfigError
from factory.filters.coverage import Coverage
from factory.filters.decide import Decide, parse_rules
from factory.filters.distortion import LensDistortion
from factory.filters.drawn import DrawnLook
from factory.filters.field import MotionField
from factory.filters.flow import FlowFeatures
from factory.filters.focal import FocalLength
from factory.filters.likeness import TrackLikeness
from factory.filters.movers import Movers
from factory.filters.moving import MovingShare
from factory.filters.overlay import StaticOverlay
from factory.filters.parallax import Parallax
from factory.filters.presenting import Presenting
from factory.filters.quality import ImageQuality
from factory.filters.sample import SampleFrames
from factory.filters.score import parse_score
from factory.filters.shaken import Shake
from factory.filters.stability import TrackStability
from factory.filters.tracks import PointTracks
from factory.filters.turning import TurnError
from factory.filters.two_view import TwoView
from factory.filters.zoom import ZoomRate
from factory.stage import Rejected, check_chain

PRESET = Path(__file__).parents[2] / "conf" / "filter" / "dynpose.yaml"
CHAIN = (
    SampleFrames, ImageQuality, DrawnLook, FlowFeatures, StaticOverlay, Presenting, PointTracks, TrackStability,
    TrackLikeness, TurnError, TwoView, MovingShare, MotionField, Movers, Coverage, Shake, Parallax, ZoomRate,
    FocalLength, LensDistortion,
)  # fmt: skip


def rule(**changes):
    return {"most": 0.2, "criterion": "C2", "reason": "a jump of {value:.0%}", "provenance": "test", **changes}


RULES = {
    "flow_peak": rule(),
    "nothing_moves": {
        "feature": "moving", "least": 0.04, "criterion": "C2", "reason": "only {value:g} of {bound:g}",
        "provenance": "test",
    },
}  # fmt: skip
SCORE = {
    "least": 0.6,
    "groups": {"camera": {"camera_speed": [[0.01, 0], [0.1, 1]]}, "hand": {"grain": [[0.1, 0], [0.2, 1]]}},
}


def score_of(result):
    return (result.record if isinstance(result, Rejected) else result)["score"]


def test_every_broken_rule_gives_its_reason():
    result = Decide(RULES)(record(flow_peak=0.31, moving=0.01))
    assert isinstance(result, Rejected)
    assert result.reasons == ("flow_peak (C2): a jump of 31%", "nothing_moves (C2): only 0.01 of 0.04")


def test_abstaining_and_missing_features_reject_nothing():
    result = Decide(RULES)(record(flow_peak=None))
    assert not isinstance(result, Rejected)
    assert result["score"] == 1.0


def test_a_value_at_its_bound_passes_and_keeps_its_score():
    result = Decide(RULES)(record(flow_peak=0.2))
    assert not isinstance(result, Rejected)
    assert result["score"] == 1.0


def test_what_no_rule_refuses_is_cut_by_its_score():
    result = Decide(RULES, SCORE)(record(flow_peak=0.05, moving=0.5, camera_speed=0.1))
    assert not isinstance(result, Rejected)
    assert result["score"] == 0.75
    result = Decide(RULES, SCORE)(record(flow_peak=0.05, moving=0.5, camera_speed=0.01))
    assert isinstance(result, Rejected)
    assert result.reasons == (
        "score: 0.250, under 0.6; lowest: camera 0.00 (camera_speed 0.01); hand 0.50 (not measured)",
    )


def test_a_score_that_can_no_longer_reach_the_cut_rejects_before_all_is_measured():
    early = Decide({}, SCORE, more_to_come=True)
    assert score_of(early(record())) == 1.0
    assert not isinstance(early(record(camera_speed=0.1)), Rejected)
    result = early(record(camera_speed=0.01))
    assert isinstance(result, Rejected)
    assert result.reasons == ("score: at most 0.500, under 0.6; lowest: camera 0.00 (camera_speed 0.01)",)


@given(peak=st.floats(-1, 10), moving=st.floats(-1, 10), speed=st.none() | st.floats(0, 1))
def test_a_clip_is_kept_exactly_when_it_breaks_no_rule_and_its_score_reaches_the_cut(peak, moving, speed):
    result = Decide(RULES, SCORE)(record(flow_peak=peak, moving=moving, camera_speed=speed))
    assert 0 <= score_of(result) <= 1
    near_bound = min(abs(peak - 0.2), abs(moving - 0.04)) < 1e-6
    kept = peak <= 0.2 and moving >= 0.04 and score_of(result) >= 0.6
    assert near_bound or isinstance(result, Rejected) != kept


@given(a=st.floats(0, 10), b=st.floats(0, 10), moving=st.floats(0, 1), speed=st.none() | st.floats(0, 1))
def test_the_score_falls_as_a_feature_gets_worse(a, b, moving, speed):
    rest = {"moving": moving, "camera_speed": speed}
    better, worse = (score_of(Decide(RULES, SCORE)(record(flow_peak=v, **rest))) for v in sorted((a, b)))
    assert better >= worse
    slow, fast = (score_of(Decide(RULES, SCORE)(record(camera_speed=v, moving=moving))) for v in sorted((a, b)))
    assert fast >= slow


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        (rule(least=0.1), "either"),
        (rule(mots=0.1), "'mots'"),
        (rule(most=0), "above 0"),
        (rule(criterion="C4"), "C4"),
        (rule(reason="{valeu}"), "reason"),
        ({"most": 1, "criterion": "C1", "reason": "x"}, "provenance"),
    ],
)
def test_a_mistake_in_the_file_is_named(entry, named):
    with pytest.raises(ConfigError, match=named):
        parse_rules({"flow_peak": entry})


def test_the_shipped_rules_and_score_are_about_features_that_exist():
    check_chain(tuple((stage.__name__, stage()) for stage in CHAIN), given=("path",))
    given_names = {name for stage in CHAIN for name in stage.gives}
    shipped = yaml.safe_load(PRESET.read_text())
    rules, score = parse_rules(shipped["rules"]), parse_score(shipped["score"])
    assert {rule.feature for rule in rules} | score.features <= given_names
    assert {rule.criterion for rule in rules} == {"C1", "C2", "C3"}
