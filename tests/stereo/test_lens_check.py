"""What a clip says of the lens that its eyes are said to have, against the one they have."""

from dataclasses import replace

import numpy as np
import pytest

from factory.geometry.lens import pinhole
from factory.stereo.eyes import WorkingView
from factory.stereo.lens_check import lens_check
from factory.stereo.rule import StereoRule
from factory.stereo.signals import measured
from factory.stereo.solve import RigOptions, solve_rig
from tests.stereo.answers import posed_tracks
from tests.stereo.made_rigs import WIDE, made, rig, walk

NARROW, SIZE = pinhole(480.0, (640, 480)), (640, 480)
OPTIONS = RigOptions()


def seen_by(lens, path, **more):
    size = SIZE if lens.model == "pinhole" else (500, 500)
    return made(rig(), path, lens=lens, size=size, **more).stereo


@pytest.fixture(scope="module")
def narrow():
    return seen_by(NARROW, walk(24), count=250)


def straight(frames):
    path = np.tile(np.eye(4), (frames, 1, 1))
    path[:, 2, 3] = 0.05 * np.arange(frames)
    return path


@pytest.mark.parametrize("factor", [1.0, 0.85, 1.2])
def test_a_clip_asks_for_its_own_lens_whatever_it_is_told(narrow, factor):
    found = lens_check(solve_rig(narrow, replace(NARROW, focal_px=factor * NARROW.focal_px), OPTIONS), OPTIONS)
    assert found.ratio * factor == pytest.approx(1.0, abs=0.01)
    assert found.log_sd < 0.02


def test_so_does_a_wide_one():
    found = lens_check(
        solve_rig(seen_by(WIDE, walk(20), count=250), replace(WIDE, focal_px=0.9 * WIDE.focal_px), OPTIONS), OPTIONS
    )
    assert found.ratio == pytest.approx(1 / 0.9, rel=0.01)


def test_a_wrong_lens_is_refused_with_the_number(narrow):
    told = replace(NARROW, focal_px=0.9 * NARROW.focal_px)
    reasons = StereoRule().reasons(measured(solve_rig(narrow, told, OPTIONS), OPTIONS))
    assert [reason for reason in reasons if "a focal length 1.11 times as long" in reason]
    assert not StereoRule().reasons(measured(solve_rig(narrow, NARROW, OPTIONS), OPTIONS))


def test_a_lens_that_nobody_knows_is_found(narrow):
    found = posed_tracks(narrow, replace(NARROW, focal_px=1.5 * NARROW.focal_px), lens_known=False)
    assert found.eyes.lens.focal_px == pytest.approx(NARROW.focal_px, rel=0.01)
    assert found.layout.across_found
    assert not found.trust.reasons
    assert found.trust.predicted.scale_percent > 0.3  # more than halves say, which share the lens


def test_a_camera_that_goes_straight_on_tells_no_lens():
    tracks = seen_by(NARROW, straight(16), count=200)
    assert lens_check(solve_rig(tracks, NARROW, OPTIONS), OPTIONS).telling is False
    assert "across_deg" in posed_tracks(tracks, NARROW, lens_known=False).words


@pytest.mark.parametrize(("size", "squeeze", "shape"), [((480, 540), 2.0, (960, 540)), ((960, 270), 0.5, (960, 540))])
def test_points_are_followed_in_pictures_that_are_not_squeezed(size, squeeze, shape):
    whole = pinhole(0.75 * shape[0], shape)
    across, down = size[0] / shape[0], size[1] / shape[1]
    stored = replace(
        whole, focal_px=across * whole.focal_px, cx=size[0] / 2 - 0.5, cy=size[1] / 2 - 0.5, squeeze=squeeze
    )
    np.testing.assert_allclose(
        stored.rays(np.array([[0.0, 0.0]])), whole.rays(np.array([[0.5 / across - 0.5, 0.5 / down - 0.5]]))
    )
    view = WorkingView(stored, size)
    assert view.lens == whole
    assert view(np.zeros(size[::-1], np.uint8)).shape == shape[::-1]
