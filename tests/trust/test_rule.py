"""The rule that accepts a trajectory: each sign of a wrong body alone refuses it, and errors only grade it."""

from dataclasses import replace

import pytest

from factory.trust.assess import Signals
from factory.trust.halves import Apart
from factory.trust.predicted import Prediction
from factory.trust.rule import AcceptRule

AGREE = Apart(ate_percent=0.3, rotation_deg=0.04, translation_deg=0.5, focal_spread=0.01, cross_px=0.3, cross_ratio=1.1)
GOOD = Signals(
    placed=30,
    registered=1.0,
    rotation_only=False,
    apart=AGREE,
    turn_deg=0.5,
    path_by_depth=1.0,
    px_by_percent=8.0,
    parallax_px=9.0,
    focal_log_sd=0.01,
    border_rival=0.0,
    ring_win=0.8,
    ring_cover=0.6,
    weakest_win=0.7,
    supported=1.0,
    bridge=300,
    explained=0.8,
    step_ratio=1.2,
)
TURN = replace(
    GOOD,
    rotation_only=True,
    path_by_depth=None,
    px_by_percent=None,
    focal_log_sd=None,
    apart=replace(AGREE, ate_percent=0.0, translation_deg=None),
)


def reasons(signals: Signals, **how: str) -> tuple[str, ...]:
    return AcceptRule(**how).reasons(signals, Prediction()(signals))  # type: ignore[arg-type]


def quality(signals: Signals) -> str | None:
    return AcceptRule().quality(signals, Prediction()(signals))


def test_a_good_solve_has_no_objection():
    assert reasons(GOOD) == ()
    assert quality(GOOD) == "gold"


def test_a_path_that_explains_less_than_half_is_no_gold_and_tells_no_focal_length():
    half = replace(GOOD, explained=0.45)
    assert quality(half) == "silver"
    assert AcceptRule().focal_reliable(GOOD, Prediction()(GOOD))
    assert not AcceptRule().focal_reliable(half, Prediction()(half))


@pytest.mark.parametrize(
    "change, words",
    [
        ({"apart": None}, "halves: half of the tracks alone give no solution"),
        ({"ring_win": 0.27}, "ring_win: the solution explains only 27% of the picture's border"),
        ({"weakest_win": 0.2}, "weakest_win: at one place the solution explains only 20%"),
        ({"border_rival": 0.23}, "border_rival: another motion explains 23% of the picture's border"),
        ({"lower_rival": 0.9}, "lower_rival: another motion explains 90% of the picture's lower border"),
        ({"border_rival": 0.09, "rolling": True}, "border_rival: another motion explains 9% of the picture's border"),
        ({"supported": 0.9}, "supported_ratio: only 90% of the placed frames"),
        ({"bridge": 14}, "bridge: only 14 points that fit join the frames"),
        ({"registered": 0.5}, "registered_ratio: only 50% of the frames"),
        ({"rotation_only": True, "explained": 0.37}, "explained_ratio: a turn of the camera explains only 37%"),
        ({"placed": 2, "apart": None}, "registered_ratio: fewer than three frames could be placed"),
        ({"moving_crop": True}, "moving_crop: the picture shifts against the lens"),
    ],
)
def test_each_sign_of_a_wrong_body_alone_refuses(change: dict[str, float], words: str):
    found = reasons(replace(GOOD, **change))
    assert len(found) == 1
    assert words in found[0]


def test_a_rolling_shutter_that_is_not_corrected_for_may_look_like_a_little_rival():
    assert reasons(replace(GOOD, border_rival=0.055)) == ()
    assert reasons(replace(GOOD, border_rival=0.09, rolling=True, rotation_only=True)) == ()


def test_blank_places_of_the_border_are_forgiven_where_most_tracks_agree():
    assert reasons(replace(GOOD, weakest_win=0.3)) == ()
    assert reasons(replace(GOOD, weakest_win=0.3, explained=0.6))[0].startswith("weakest_win: ")


@pytest.mark.parametrize(
    "change, expected",
    [
        ({"ate_percent": 8.0}, "silver"),
        ({"rotation_deg": 0.4}, "silver"),
        ({"cross_ratio": 1.8}, "silver"),
        ({"ate_percent": 20.0}, "bronze"),
        ({"ate_percent": 60.0}, None),
        ({"ate_percent": 4.0, "cross_px": 2.6}, "bronze"),
        ({"ate_percent": 4.0, "cross_px": 3.4}, None),
        ({"ate_percent": 4.0, "cross_ratio": 2.6}, None),
    ],
)
def test_errors_grade_a_solve(change: dict[str, float], expected: str | None):
    graded = replace(GOOD, apart=replace(AGREE, **change))
    assert quality(graded) == expected


def test_a_short_path_is_bronze_by_its_pixels():
    """60 % of a path that moves points by a third of a pixel."""
    short = replace(GOOD, apart=replace(AGREE, ate_percent=60.0), px_by_percent=0.005)
    assert quality(short) == "bronze"


def test_a_camera_that_turns_fast_is_allowed_more():
    fast = replace(GOOD, apart=replace(AGREE, rotation_deg=0.2), turn_deg=8.0)
    assert quality(fast) == "gold"
    assert quality(replace(fast, turn_deg=0.5)) == "silver"


def test_a_turning_camera_has_no_path_to_disagree_about():
    assert reasons(TURN) == ()
    assert reasons(replace(TURN, border_rival=0.2)) == ()
    assert "border_rival" in reasons(replace(TURN, border_rival=0.4))[0]
    assert quality(TURN) == "gold"
    assert "ring_win" in reasons(replace(TURN, ring_win=0.1))[0]


def test_the_user_says_what_is_good_enough():
    poor = replace(GOOD, apart=replace(AGREE, ate_percent=20.0))
    assert reasons(poor, min_quality="bronze") == ()
    (told,) = reasons(poor)
    assert told.startswith("quality: only bronze, the path may be 4.0 % off")
    fair = replace(GOOD, apart=replace(AGREE, ate_percent=8.0))
    assert reasons(fair, min_quality="gold")[0].startswith("quality: only silver")
    apart = replace(GOOD, apart=replace(AGREE, cross_px=9.0, ate_percent=3.0))
    assert reasons(apart)[0].startswith("quality: below bronze")


def test_a_focal_length_is_reliable_where_the_clip_pins_it_down():
    rule = AcceptRule()
    assert rule.focal_reliable(GOOD, Prediction()(GOOD))
    assert not rule.focal_reliable(replace(GOOD, focal_log_sd=0.2), Prediction()(replace(GOOD, focal_log_sd=0.2)))
    assert not rule.focal_reliable(replace(GOOD, focal_log_sd=None), Prediction()(replace(GOOD, focal_log_sd=None)))
    assert not rule.focal_reliable(replace(GOOD, focal_open=True), Prediction()(replace(GOOD, focal_open=True)))
    assert rule.focal_reliable(TURN, Prediction()(TURN))
    assert not rule.focal_reliable(
        replace(TURN, apart=replace(AGREE, focal_spread=0.1)),
        Prediction()(replace(TURN, apart=replace(AGREE, focal_spread=0.1))),
    )


@pytest.mark.parametrize("change", [{"parallax_px": 1.0}, {"focal_log_sd": 0.3}, {"parallax_px": None}])
def test_a_way_is_reliable_where_parallax_and_focal_length_hold_it(change: dict[str, float | None]):
    rule, predict = AcceptRule(), Prediction()
    assert rule.translation_reliable(GOOD, predict(GOOD))
    assert not rule.translation_reliable(TURN, predict(TURN))
    assert not rule.translation_reliable(replace(GOOD, **change), predict(GOOD))
    apart = replace(GOOD, apart=replace(AGREE, translation_deg=30.0))
    assert not rule.translation_reliable(apart, predict(apart))


def test_a_focal_length_that_is_open_is_part_of_the_expected_error():
    sure, open_ = (Prediction()(replace(GOOD, focal_log_sd=sd)) for sd in (0.0, 0.1))
    assert sure.ate_percent == pytest.approx(0.2 * 0.3, rel=0.05)
    assert open_.ate_percent == pytest.approx(0.8, rel=0.05)
    assert open_.ate_percent_bound == pytest.approx(2.2 * 0.8, rel=0.05)
    assert quality(replace(GOOD, focal_log_sd=1.0)) == "silver"
    assert Prediction()(replace(GOOD, apart=None)).ate_percent is None
    assert Prediction()(TURN).ate_percent is None
    assert Prediction()(TURN).rotation_deg == pytest.approx(0.012)


def test_halves_far_apart_are_no_gold_and_no_error_is_bounded_by_less():
    for apart_percent, expected in ((1.4, "gold"), (3.0, "silver")):
        apart = replace(GOOD, apart=replace(AGREE, ate_percent=apart_percent), focal_log_sd=0.001)
        assert quality(apart) == expected
        predicted = Prediction()(apart)
        assert predicted.ate_percent == pytest.approx(0.2 * apart_percent, rel=0.01)
        assert predicted.ate_percent_bound == apart_percent


def test_a_path_that_halves_disagree_on_has_no_reliable_focal_length():
    torn = replace(GOOD, apart=replace(AGREE, ate_percent=9.6))
    assert not AcceptRule().focal_reliable(torn, Prediction()(torn))


def test_a_turn_whose_halves_do_not_suit_each_other_in_the_picture_is_none():
    """As that of a camera that creeps past something near."""
    assert quality(replace(TURN, apart=replace(TURN.apart, cross_px=1.6))) == "gold"
    assert quality(replace(TURN, apart=replace(TURN.apart, cross_px=2.4))) is None
    assert quality(replace(GOOD, apart=replace(AGREE, cross_px=2.4))) == "silver"


def test_little_explained_without_parallax_is_bronze_at_the_most():
    half = replace(GOOD, explained=0.45)
    assert quality(replace(half, parallax_px=1.0)) == "bronze"
    assert "only 45% of the observations are explained" in reasons(replace(half, parallax_px=1.0))[0]
    assert quality(replace(half, parallax_px=2.0)) == "silver"
    assert quality(replace(GOOD, parallax_px=1.0)) == "gold"
