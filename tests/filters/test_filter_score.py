"""The score: worths between points, groups that count alike, its cut from a curve, and mistakes in the file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import ConfigError
from factory.filters.aim import aimed
from factory.filters.score import parse_score

GROUPS = {
    "depth": {"parallax": [[0.01, 0], [0.1, 1], [0.2, 1], [0.8, 0]]},
    "mover": {"mover_share": [[0.001, 0], [0.1, 1]], "evident_share": [[0.001, 0], [0.1, 1]]},
}
ROWS = ((0.2, 0.5, 0.9), (0.4, 0.7, 0.8), (0.6, 0.7, 0.6), (0.8, 0.9, 0.3))
CURVE = {
    "provenance": "test",
    "cuts": [{"least": c, "precision": [p, p - 0.1, p + 0.1], "recall": [r, r, r]} for c, p, r in ROWS],
}


def test_worth_is_linear_in_the_logarithm_and_level_outside():
    score = parse_score({"groups": GROUPS})
    for value, worth in ((0.0, 0), (0.01, 0), (0.1**1.5, 0.5), (0.15, 1), (0.4, 0.5), (3.0, 0)):
        assert score.groups[0].worth({"parallax": value}) == pytest.approx(worth, abs=1e-9)


def test_groups_count_alike_and_what_is_not_known_is_left_out():
    score = parse_score({"groups": GROUPS})
    assert score.of({"parallax": 0.15, "mover_share": 0.1, "evident_share": 0.001}) == pytest.approx(0.75)
    assert score.of({"parallax": 0.15, "mover_share": None, "evident_share": 0.1}) == pytest.approx(1.0)
    assert score.of({"parallax": None}) == pytest.approx(0.5)
    assert score.of_features({"parallax"}).of({"parallax": 0.15}) == 1.0


@given(values=st.fixed_dictionaries({name: st.none() | st.floats(0, 10) for g in GROUPS.values() for name in g}))
def test_the_score_is_a_share(values):
    assert 0 <= parse_score({"groups": GROUPS}).of(values) <= 1


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ({"least": 2}, "least"),
        ({"lest": 0.5, "groups": GROUPS}, "unknown 'lest'"),
        ({"least": 0.5}, "no groups"),
        ({"groups": {"a": None}}, "features by group"),
        ({"groups": {"a": {"paralax": [[0.1, 1]]}}}, "'paralax': did you mean parallax"),
        ({"groups": {"a": {"parallax": [0.1, 1]}}}, "points"),
        ({"groups": {"a": {"parallax": [[0.2, 0], [0.1, 1]]}}}, "rise"),
        ({"groups": {"a": {"parallax": [[0, 0], [0.1, 1]]}}}, "above 0"),
        ({"groups": {"a": {"parallax": [[0.1, 2]]}}}, "from 0 to 1"),
    ],
)
def test_a_mistake_in_the_score_is_named(entry, named):
    with pytest.raises(ConfigError, match=named):
        parse_score(entry)


# Of the cuts that reach a target the one that is best at the other figure.
@pytest.mark.parametrize(
    ("target", "least"), [(None, 0.25), ("precision:0.7", 0.4), ("precision:0.8", 0.8), ("recall:0.6", 0.6)]
)
def test_the_cut_is_where_the_curve_reaches_the_target(target, least):
    assert aimed({"least": 0.25, "groups": GROUPS, "curve": CURVE}, target)["least"] == least


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("precision:0.95", "the most is 0.90, at a recall of 0.30"),
        ("recall:1", "the most is 0.90, at a precision of 0.50"),
        ("purity:0.8", "precision:SHARE"),
        ("recall:80", "precision:SHARE"),
    ],
)
def test_a_target_that_cannot_be_is_one_sentence(target, named):
    with pytest.raises(ConfigError, match=named):
        aimed({"groups": GROUPS, "curve": CURVE}, target)


def test_a_target_needs_a_curve():
    with pytest.raises(ConfigError, match="factory calibrate"):
        aimed({"groups": GROUPS}, "recall:0.6")
    with pytest.raises(ConfigError, match="cannot be read"):
        aimed({"groups": GROUPS, "curve": {"provenance": "x", "cuts": [{"least": 0.1}]}}, "recall:0.6")


@given(
    values=st.fixed_dictionaries({name: st.none() | st.floats(0, 10) for g in GROUPS.values() for name in g}),
    known=st.integers(0, 3),
)
def test_the_most_a_score_can_become_is_never_less_than_what_it_becomes(values, known):
    score = parse_score({"groups": GROUPS})
    assert score.most(dict(list(values.items())[:known])) >= score.of(values) - 1e-12


def test_what_is_known_bounds_the_score():
    score = parse_score({"groups": GROUPS})
    assert score.most({}) == 1.0
    assert score.most({"parallax": 0.01}) == 0.5
    assert score.most({"mover_share": 0.001}) == pytest.approx(0.75)
    assert score.most({"parallax": 0.01, "mover_share": None}) == 0.5
