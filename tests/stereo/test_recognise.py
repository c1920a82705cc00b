"""Recognition of layouts, on pictures of a box that any lens can see, and on real video."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from factory.geometry.lens import Lens, equirect180, fisheye, pinhole
from factory.geometry.remap import remap_table
from factory.stereo.layout import eye_lens, split
from factory.stereo.metadata import Declared
from factory.stereo.recognise import RecogniseLayout
from factory.stereo.rectify import remapped
from tests.bench.stereo_recognise import some
from tests.stereo.rooms import pair, rig

WIDE, SQUARE = (320, 180), (256, 256)
SBS, TB = "side_by_side", "top_bottom"


def circled(lens: Lens, size: tuple[int, int]) -> list[np.ndarray]:
    """Both eyes through a half sphere's fisheye whose picture is black outside of its circle."""
    whole = equirect180((512, 512))
    table = remap_table(whole, lens, size)
    return [remapped(eye, table) for eye in pair(whole, (512, 512), rig())[:2]]


@pytest.fixture(scope="module")
def eyes() -> dict[str, list[np.ndarray]]:
    """Of each projection, left and right."""
    return {
        "rectified": list(pair(pinhole(230, WIDE), WIDE, rig())[:2]),
        "half_equirect": list(pair(equirect180(SQUARE), SQUARE, rig((0.5, -0.4, 0.8)))[:2]),
        "fisheye": circled(fisheye(256 / np.pi, SQUARE), SQUARE),
    }


@pytest.mark.parametrize("projection", ["rectified", "half_equirect", "fisheye"])
@pytest.mark.parametrize("arrangement, axis", [(SBS, 1), (TB, 0)])
def test_layouts(eyes, projection, arrangement, axis):
    frame = np.concatenate(eyes[projection], axis=axis)
    found = RecogniseLayout()([frame] * 2)
    assert (found.layout.arrangement, found.layout.projection) == (arrangement, projection)
    assert found.shares[arrangement] > 0.7
    other = TB if arrangement == SBS else SBS
    assert found.shares[other] < 0.15
    for cut, eye in zip(split(frame, found.layout), eyes[projection], strict=True):
        np.testing.assert_array_equal(cut, eye)
    coloured = RecogniseLayout()([np.repeat(frame[..., None], 3, axis=2)] * 2)
    assert coloured.layout == found.layout


@pytest.mark.parametrize("size", [(480, 540), (320, 360)])
def test_a_squeezed_half_sphere_and_a_squeezed_film_have_one_shape_and_are_told_apart(eyes, size):
    for projection in ("half_equirect", "rectified"):
        small = [cv2.resize(eye, size, interpolation=cv2.INTER_AREA) for eye in eyes[projection]]
        layout = RecogniseLayout()([np.concatenate(small, axis=1)]).layout
        assert layout.projection == projection
    assert layout.squeeze == 2.0


def test_the_circle_of_a_fisheye_is_found_where_it_is():
    """Off the middle, squeezed, within a black border."""
    lens, size = Lens("fisheye", 80.0, 150.0, 140.0, squeeze=0.95), (300, 280)
    frame = np.concatenate(circled(lens, size), axis=1)
    layout = RecogniseLayout()([frame]).layout
    assert layout.projection == "fisheye"
    found = eye_lens(layout, size)
    assert found.focal_px == pytest.approx(lens.focal_px, rel=0.02)
    assert found.squeeze == pytest.approx(lens.squeeze, rel=0.02)
    assert (found.cx, found.cy) == pytest.approx((lens.cx, lens.cy), abs=1.5)


def test_a_dark_picture_is_no_fisheye(eyes):
    night = [np.where(eye > 150, eye, 8).astype(np.uint8) for eye in eyes["half_equirect"]]
    assert RecogniseLayout()([np.concatenate(night, axis=1)]).layout.projection == "half_equirect"
    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    lamp = [np.where(np.abs(x) + np.abs(y) < 1, eye, 8).astype(np.uint8) for eye in eyes["half_equirect"]]
    assert RecogniseLayout()([np.concatenate(lamp, axis=1)]).layout.projection != "fisheye"


def test_mono_is_refused_with_the_number(eyes):
    left, _ = eyes["rectified"]
    for frame in (left, np.concatenate([left, pair(pinhole(230, WIDE), WIDE, rig(), seed=5)[0]], axis=1)):
        found = RecogniseLayout()([frame])
        assert found.layout is None
        assert max(found.shares.values()) < 0.15
        assert f"{found.shares[SBS]:.2f} side by side and {found.shares[TB]:.2f} top bottom" in found.why
        assert "below 0.25" in found.why
    blank = RecogniseLayout()([np.full((90, 160), 77, np.uint8)])
    assert blank.layout is None


def test_what_is_flat_says_nothing(eyes):
    """Two unlike things before one grey wall."""
    frame = np.full((180, 640), 120, np.uint8)
    frame[40:100, 60:160], frame[40:100, 400:500] = (
        eyes["rectified"][0][:60, :100],
        eyes["rectified"][0][100:160, 180:280],
    )
    found = RecogniseLayout()([frame])
    assert found.layout is None
    assert max(found.shares.values()) < 0.2
    left, right = eyes["rectified"]
    pale = [np.round(120 + (eye - 120.0) * contrast).astype(np.uint8) for eye, contrast in ((left, 0.04), (right, 0.3))]
    pale[0][40:100, 60:160] = left[100:160, 180:280]  # all that the left half shows, and the right one does not
    assert RecogniseLayout()([np.concatenate(pale, axis=1)]).shares[SBS] < 0.2


def test_one_picture_twice_is_refused(eyes):
    left, _ = eyes["rectified"]
    coded = cv2.imdecode(cv2.imencode(".jpg", left, (cv2.IMWRITE_JPEG_QUALITY, 10))[1], cv2.IMREAD_GRAYSCALE)
    for again in (left, np.roll(coded, -6, axis=1)):
        found = RecogniseLayout()([np.concatenate([left, again], axis=1)])
        assert found.layout is None
        assert found.shares[SBS] > 0.9
        assert "the same picture" in found.why


def test_eyes_in_one_picture_a_black_one_and_a_mirrored_one_are_no_two_eyes(eyes):
    left, right = eyes["rectified"]
    for frame in (
        np.stack([left, right, right], axis=2),  # an anaglyph
        np.where(np.arange(180)[:, None] % 2 == 0, left, right),  # rows in turn
        np.concatenate([left, np.zeros_like(right)], axis=1),
        np.concatenate([left, right[:, ::-1]], axis=1),
    ):
        found = RecogniseLayout()([frame])
        assert found.layout is None
        assert found.why.startswith("not_stereo: the halves share")


def test_how_much_films_are_squeezed_is_told_by_their_shape_and_can_be_said(eyes):
    for size, squeeze in (((240, 270), 2.0), ((480, 135), 0.5), ((152, 270), 1.0), ((320, 180), 1.0)):
        both = [cv2.resize(eye, size, interpolation=cv2.INTER_AREA) for eye in eyes["rectified"]]
        frame = np.concatenate(both, axis=1)
        asked = RecogniseLayout(arrangement=SBS, projection="rectified")
        assert asked([frame]).layout.squeeze == squeeze
        assert replace(asked, squeeze=1.5)([frame]).layout.squeeze == 1.5


def test_the_file_goes_before_looks_and_settings_before_both(eyes):
    frame = np.concatenate(eyes["half_equirect"], axis=1)
    told = Declared(SBS, "half_equirect", True, (-90.0, 90.0, -90.0, 90.0))
    layout = RecogniseLayout()([frame], told).layout
    assert layout.swapped
    assert layout.fov_bounds == pytest.approx((-90 + 90 / 256, 90 - 90 / 256, -90 + 90 / 256, 90 - 90 / 256))
    assert RecogniseLayout()([frame], Declared(projection="fisheye")).layout.projection == "fisheye"
    set_ = RecogniseLayout(projection="rectified", swapped=False, across_deg=75.0)([frame], told).layout
    assert (set_.projection, set_.swapped, set_.across_deg) == ("rectified", False, 75.0)
    bounded = RecogniseLayout(fov_bounds=(-80.0, 80.0, -80.0, 80.0))([frame], told).layout
    assert bounded.fov_bounds == (-80.0, 80.0, -80.0, 80.0)
    wrong = RecogniseLayout(arrangement=TB)([frame])
    assert wrong.layout is None
    assert set(wrong.shares) == {TB}


def test_a_whole_sphere_an_eye_is_refused(eyes):
    told = Declared(TB, "half_equirect", False, (-180.0, 180.0, -90.0, 90.0))
    found = RecogniseLayout()([np.concatenate(eyes["half_equirect"], axis=0)], told)
    assert found.layout is None
    assert "whole sphere" in found.why


REAL = {
    "vr180/street_walk_sbs.mp4": "half_equirect",
    "vr180/scooter_ride_sbs.mp4": "half_equirect",
    "vr180/tram_street_sbs.mp4": "half_equirect",
    "vr180/kitchen_chef_sbs.mp4": "half_equirect",
    "gt_poses/kitti06_start/kitti06_start_stereo_sbs.mp4": "rectified",
    "gt_poses/kitti06_start/kitti06_start_left.mp4": None,
    "clips/dog_kitchen.mp4": None,
    "negatives/timelapse_dawn.mp4": None,
    "negatives/slides_recording.mp4": None,
    "negatives/static_juggler.mp4": None,
}


@pytest.mark.media
@pytest.mark.parametrize("name, projection", REAL.items())
def test_real_videos(media: Path, name, projection):
    found = RecogniseLayout()(some(media / name, 3))
    if projection is None:
        assert found.layout is None
    else:
        assert (found.layout.arrangement, found.layout.projection) == (SBS, projection)
