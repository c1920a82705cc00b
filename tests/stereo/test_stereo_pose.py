"""From pictures to a judged path, and what becomes of input that is not what it claims to be."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from factory.geometry.lens import Lens, equirect180, transverse
from factory.geometry.trajectory import path_length
from factory.stereo.eyes import WorkingView, working_eyes
from factory.stereo.sightings import StereoTracker
from factory.stereo.solve import RigOptions
from tests.stereo.answers import answer
from tests.stereo.made_rigs import DEPTHS_M, PICTURE, PICTURE_LENS, pictures

HELD = RigOptions(rig="held")


def test_the_right_eye_sees_points_shifted_by_their_distance():
    stereo = StereoTracker()(pictures())
    band = np.minimum((stereo.tracks.xy[:, 1] // (PICTURE[1] / 3)).astype(int), 2)
    expected = PICTURE_LENS.focal_px * 0.063 / np.array(DEPTHS_M)[band]
    off = stereo.tracks.xy - stereo.right_xy - np.stack([expected, np.zeros_like(expected)], axis=1)
    assert np.isfinite(off).all(axis=1).mean() > 0.9
    assert np.nanmedian(np.abs(off)) < 0.03


def test_pictures_give_a_path_in_metres():
    found = answer(pictures(), HELD)
    assert found.trust.reasons == ()
    assert found.trust.signals.method == "moving"
    assert path_length(found.path.world_from_left) == pytest.approx(0.22, rel=0.01)
    assert found.trust.predicted.ate_percent < 1.0


def test_swapped_eyes_are_put_right():
    eyes = pictures()
    found = answer(replace(eyes, left=eyes.right, right=eyes.left), HELD)
    assert found.layout.swapped
    assert found.trust.reasons == ()
    assert found.eyes.left is eyes.left
    assert path_length(found.path.world_from_left) == pytest.approx(0.22, rel=0.01)


@pytest.mark.parametrize("rig", ["held", "refined"])
def test_one_eye_shown_twice_is_refused(rig):
    eyes = pictures()
    assert "clear" in answer(replace(eyes, right=eyes.left), RigOptions(rig=rig)).words


def test_a_black_eye_is_refused():
    eyes = pictures()
    black = [np.zeros_like(picture) for picture in eyes.left]
    for blind in (replace(eyes, right=black), replace(eyes, left=black)):
        assert answer(blind, HELD).words == {"matched"}


def test_an_eye_that_stands_still_is_refused():
    eyes = pictures()
    for frozen in (replace(eyes, right=eyes.right[:1] * 12), replace(eyes, left=eyes.left[:1] * 12)):
        assert {"kept_ratio", "won_ratio"} <= answer(frozen).words


def test_an_eye_that_is_larger_than_the_other_is_refused():
    eyes = pictures()
    larger = cv2.getRotationMatrix2D(((PICTURE[0] - 1) / 2, (PICTURE[1] - 1) / 2), 0.0, 1.01)
    right = [cv2.warpAffine(picture, larger, PICTURE, flags=cv2.INTER_CUBIC) for picture in eyes.right]
    (reason,) = [r for r in answer(replace(eyes, right=right)).trust.reasons if r.startswith("baseline_deg: ")]
    assert "larger than the other" in reason


def test_eyes_exposed_a_little_differently_are_solved_and_very_unlike_ones_refused():
    eyes = pictures()

    def exposed(gain, offset):
        return [np.clip(gain * picture + offset, 0, 255).astype(np.uint8) for picture in eyes.right]

    mild = answer(replace(eyes, right=exposed(1.15, 5.0)), HELD)
    assert mild.trust.reasons == ()
    assert path_length(mild.path.world_from_left) == pytest.approx(0.22, rel=0.01)
    assert "matched" in answer(replace(eyes, right=exposed(0.5, 0.0)), HELD).words


def test_two_frames_and_none_are_refused():
    for frames in (0, 1, 2):
        assert answer(pictures(frames), HELD).words == {"frames"}


def test_a_baseline_in_millimetres_is_refused():
    assert answer(pictures(), RigOptions(baseline_m=63.0, rig="held")).words == {"speed_m_s"}


def test_eyes_of_different_moments_are_refused():
    eyes = pictures()
    found = answer(replace(eyes, right=[np.roll(picture, 5, axis=0) for picture in eyes.right]), HELD)
    assert "vertical_px" in found.words


def test_the_working_view_shows_what_the_eye_sees_in_that_direction():
    lens = equirect180((256, 240), squeezed=True)
    view = WorkingView(lens, (256, 240))
    ray = np.array([[0.3, -0.2, 0.8]]) / np.linalg.norm([0.3, -0.2, 0.8])
    at = lens.project(ray)[0][0]
    y, x = np.mgrid[:240, :256]
    blob = (255 * np.exp(-0.5 * ((x - at[0]) ** 2 + (y - at[1]) ** 2) / 2.0**2)).astype(np.uint8)
    seen = view(blob).astype(float)
    y, x = np.mgrid[: view.shape[1], : view.shape[0]]
    middle = np.array([(seen * x).sum(), (seen * y).sum()]) / seen.sum()
    assert middle == pytest.approx(view.lens.project(ray)[0][0], abs=0.15)
    assert view.lens.focal_px == pytest.approx(1.5 * lens.focal_px * np.sqrt(lens.squeeze), rel=0.01)


@pytest.mark.parametrize(("size", "squeeze"), [((320, 360), 2.0), ((640, 180), 0.5)])
def test_films_stored_at_half_their_width_or_height_are_followed_in_square_pixels(size, squeeze):
    lens = Lens("pinhole", 0.7 * size[0], size[0] / 2 + 3.0, size[1] / 2 - 5.0, squeeze=squeeze)
    view, ray = WorkingView(lens, size), np.array([[0.3, -0.15, 1.0]]) / np.linalg.norm([0.3, -0.15, 1.0])
    at = lens.project(ray)[0][0]
    y, x = np.mgrid[: size[1], : size[0]]
    seen = view((255 * np.exp(-0.5 * ((x - at[0]) ** 2 + (y - at[1]) ** 2) / 5.0**2)).astype(np.uint8)).astype(float)
    y, x = np.mgrid[: view.shape[1], : view.shape[0]]
    middle = np.array([(seen * x).sum(), (seen * y).sum()]) / seen.sum()
    assert view.lens.squeeze == 1.0
    assert middle == pytest.approx(view.lens.project(ray)[0][0], abs=0.15)


def test_working_eyes_of_rectified_video_are_the_eyes_no_larger_than_needed():
    rng = np.random.default_rng(0)
    pairs = [(rng.integers(0, 256, (720, 1920, 3), np.uint8),) * 2 for _ in range(2)]
    lens = replace(PICTURE_LENS, focal_px=1500.0, cx=959.5, cy=359.5)
    eyes = working_eyes(pairs, lens, np.arange(2.0), np.arange(2))
    assert eyes.left[0].shape == (480, 1280)
    assert eyes.lens.focal_px == pytest.approx(1000.0)
    with pytest.raises(ValueError, match="rectified"):
        WorkingView(transverse(100.0, (200, 200)), (200, 200))
