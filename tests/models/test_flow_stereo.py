"""Disparity from flow, on pairs whose disparity is known."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from factory.models.flow_stereo import FlowStereo
from tests.models import contracts
from tests.models.contracts import textured


def test_the_contract_of_its_role():
    contracts.stereo(FlowStereo())


def test_a_wall_is_at_one_disparity_and_what_one_eye_alone_sees_has_none():
    frames = textured(2, 96, 200, shift_px=6)  # the second is the wall, 6 px further to the right
    found = FlowStereo().disparity(frames[1:], frames[:1])[0]
    inside = found[20:-20, 30:-30]
    assert np.isfinite(inside).mean() > 0.95
    np.testing.assert_allclose(np.nanmedian(inside), 6, atol=0.1)
    assert np.isnan(found[:, :3]).all()  # it lies outside the right picture
    assert FlowStereo().disparity(frames[:0], frames[:0]).shape == (0, 96, 200)


def test_a_wall_far_away_has_no_disparity_up_to_the_border():
    frames = np.repeat(textured(1, 96, 160), 2, axis=0)
    found = FlowStereo().disparity(frames[1:], frames[:1])[0]
    assert np.isfinite(found[2:-2, 2:-2]).all()
    assert np.abs(found[2:-2, 2:-2]).max() < 0.5


@pytest.mark.media
def test_a_real_pair(media: Path):
    """Cones: where it answers nine in ten are within two pixels, and it answers most of what both eyes see."""
    place = media / "stereo_pairs" / "cones"
    left, right = (cv2.imread(str(place / f"{side}.png"))[..., ::-1] for side in ("left", "right"))
    truth, both = (cv2.imread(str(place / f"{name}.png"), cv2.IMREAD_GRAYSCALE) for name in ("gt", "mask"))
    found = FlowStereo().disparity(np.ascontiguousarray(left)[None], np.ascontiguousarray(right)[None])[0]
    known = (truth > 0) & (both > 0)
    answered = known & np.isfinite(found)
    assert answered.sum() / known.sum() > 0.75
    assert (np.abs(found - truth)[answered] < 2).mean() > 0.9
