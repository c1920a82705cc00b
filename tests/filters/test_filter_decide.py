"""The rules: reasons, abstention, the score, and mistakes in the file."""

from pathlib import Path

import pytest
import yaml
from filter_scenes import record
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import ConfigError
from factory.filters.decide import Decide, parse_rules
from factory.filters.distortion import LensDistortion
from factory.filters.drawn import DrawnLook
from factory.filters.drive import DriveShare
from factory.filters.flow import FlowFeatures
from factory.filters.focal import FocalLength
from factory.filters.likeness import TrackLikeness
from factory.filters.moving import MovingShare
from factory.filters.overlay import StaticOverlay
from factory.filters.parallax import Parallax
from factory.filters.presenting import Presenting
from factory.filters.quality import ImageQuality
from factory.filters.sample import SampleFrames
from factory.filters.stability import TrackStability
from factory.filters.tracks import PointTracks
from factory.filters.turning import TurnError
from factory.filters.two_view import TwoView
from factory.filters.zoom import ZoomRate
from factory.stage import Rejected, check_chain

RULES_FILE = Path(__file__).parents[2] / "conf" / "filter" / "dynpose.yaml"
CHAIN = (
    SampleFrames, ImageQuality, DrawnLook, FlowFeatures, StaticOverlay, Presenting, PointTracks, TrackStability,
    TrackLikeness, TurnError, TwoView, MovingShare, Parallax, ZoomRate, DriveShare, FocalLength, LensDistortion,
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


def test_a_value_at_its_bound_passes_with_one_half():
    result = Decide(RULES)(record(flow_peak=0.2))
    assert not isinstance(result, Rejected)
    assert result["score"] == 0.5


@given(peak=st.floats(-1, 10), moving=st.floats(-1, 10))
def test_a_clip_is_kept_exactly_when_its_score_is_one_half_or_more(peak, moving):
    result = Decide(RULES)(record(flow_peak=peak, moving=moving))
    assert 0 <= score_of(result) <= 1
    near_bound = min(abs(peak - 0.2), abs(moving - 0.04)) < 1e-9
    assert near_bound or isinstance(result, Rejected) == (score_of(result) < 0.5)


@given(a=st.floats(0, 10), b=st.floats(0, 10), moving=st.floats(0, 1))
def test_the_score_falls_as_a_feature_gets_worse(a, b, moving):
    better, worse = (score_of(Decide(RULES)(record(flow_peak=v, moving=moving))) for v in sorted((a, b)))
    assert better >= worse


@given(extra=st.floats(0, 10), peak=st.floats(0, 10))
def test_a_later_feature_can_only_lower_the_score(extra, peak):
    early = score_of(Decide(RULES)(record(flow_peak=peak)))
    assert score_of(Decide(RULES)(record(flow_peak=peak, moving=extra))) <= early


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


def test_the_shipped_rules_are_about_features_that_exist():
    check_chain([stage() for stage in CHAIN], given=("path",))
    given_names = {name for stage in CHAIN for name in stage.gives}
    rules = parse_rules(yaml.safe_load(RULES_FILE.read_text()))
    assert {rule.feature for rule in rules} <= given_names
    assert {rule.criterion for rule in rules} == {"C1", "C2", "C3"}
