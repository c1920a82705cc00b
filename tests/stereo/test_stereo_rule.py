"""The rule: what is wrong with a path is what it says."""

from dataclasses import replace

import numpy as np
import pytest

from factory.stereo.halves import Halves
from factory.stereo.lens_check import LensCheck
from factory.stereo.rule import StereoPrediction, StereoRule
from factory.stereo.signals import StereoSignals

GOOD = StereoSignals(
    *(50, 50, 0.97, 1.0, 0.9, 0.05, 0.8, 0.9, 0.8, 0.1, 1.0),
    halves=Halves(0.001, 0.1, 1.001, 0.003, 0.004),
    path_m=1.0,
    extent_m=0.3,
    distance_m=3.0,
    speed_m_s=1.0,
    travel_px=40.0,
    turn_deg=3.0,
    depth_ratio=50.0,
)


def test_a_good_path_is_accepted():
    assert StereoRule().reasons(GOOD) == ()
    assert StereoPrediction()(GOOD).ate_m == pytest.approx(0.01 * StereoPrediction()(GOOD).ate_percent)


@pytest.mark.parametrize(
    ("word", "change"),
    [
        ("frames", {"frames": 2}),
        ("matched", {"matched": 0.5}),
        ("matched", {"ahead": None, "clear": None}),
        ("clear", {"clear": 0.02}),
        ("ahead", {"ahead": 0.7}),
        ("registered_ratio", {"placed": 30}),
        ("registered_ratio", {"placed": 2}),
        ("vertical_px", {"vertical_px": 2.0}),
        ("kept_ratio", {"kept": 0.1}),
        ("won_ratio", {"won": 0.1}),
        ("spread_ratio", {"spread": 0.3}),
        ("lens_ratio", {"lens": LensCheck(1.2, 0.02, 1.0, 0.3)}),
        ("across_deg", {"lens": LensCheck(1.0, 0.1, 1.0, 0.3), "lens_found": True}),
        ("baseline_deg", {"baseline_deg": 50.0}),
        ("baseline_deg", {"baseline_deg": 12.0, "yaw_given": True}),
        ("speed_m_s", {"speed_m_s": 1600.0}),
        ("lag_frames", {"lag_frames": -0.9}),
        ("halves", {"halves": None}),
        ("halves", {"halves": Halves(0.05, 5.0, 1.0, 0.1, 0.1)}),
        ("halves", {"halves": Halves(0.001, 0.1, 1.2, 0.1, 0.1)}),
        ("halves", {"extent_m": 0.01, "halves": Halves(0.02, 5.0, 1.0, 0.1, 0.1)}),
    ],
)
def test_each_signal_alone_refuses_in_its_own_word(word, change):
    (reason,) = StereoRule().reasons(replace(GOOD, **change))
    assert reason.startswith(f"{word}: ")


def test_only_a_lens_that_was_told_and_confirmed_makes_gold():
    def quality(lens, **more):
        return StereoRule().quality(replace(GOOD, lens=lens, **more))

    sure = LensCheck(1.01, 0.02, 1.0, 0.3)
    assert quality(sure) == "gold"
    assert quality(sure, lens_found=True) == "silver"
    assert quality(replace(sure, log_sd=0.1)) == "silver"
    assert quality(replace(sure, ratio=1.06, log_sd=0.04)) == "silver"
    assert quality(None) == "silver"


def test_a_lens_in_doubt_is_in_the_prediction():
    def scale_percent(lens, **more):
        return StereoPrediction()(replace(GOOD, lens=lens, **more)).scale_percent

    sure = LensCheck(1.0, 0.02, 4.0, 0.5)
    assert scale_percent(sure) < 0.5
    assert scale_percent(sure, lens_found=True) == pytest.approx(8.0, rel=0.1)
    assert scale_percent(replace(sure, ratio=1.05)) == pytest.approx(100 * 4 * (np.log(1.05) - 0.02), rel=0.1)


def test_a_camera_that_stands_has_no_percent_of_a_path():
    still = replace(GOOD, extent_m=0.002, travel_px=0.3, turn_deg=0.01)
    assert still.method == "still"
    assert StereoRule().reasons(still) == ()
    assert StereoPrediction()(still).ate_percent is None


def test_yaw_that_is_taken_as_given_leaves_the_scale_in_doubt():
    free, given = (StereoPrediction()(replace(GOOD, yaw_given=given)) for given in (False, True))
    assert given.scale_percent > 2 * free.scale_percent
    assert given.ate_percent > free.ate_percent
