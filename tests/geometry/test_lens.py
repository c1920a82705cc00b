"""Lenses: there and back, against other people's formulas, and where they refuse."""

import numpy as np
import pycolmap
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.geometry.lens import Lens, equirect180, fisheye, pinhole, transverse

WIDE, SQUARE = (640, 360), (512, 512)
LENSES = [
    (pinhole(544, WIDE), WIDE),
    (pinhole(320, WIDE, -0.12, 0.01), WIDE),
    (pinhole(400, WIDE, 0.2), WIDE),
    (fisheye(640 / np.pi, WIDE), WIDE),
    (equirect180(SQUARE), SQUARE),
    (equirect180((480, 540), squeezed=True), (480, 540)),
    (transverse(200, SQUARE), SQUARE),
]
EACH_LENS = pytest.mark.parametrize("lens, size", LENSES, ids=lambda v: getattr(v, "model", ""))
SHARES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20)


@EACH_LENS
@given(shares=SHARES, distance=st.floats(0.1, 1e6))
def test_a_pixel_s_ray_is_seen_at_the_pixel(lens, size, shares, distance):
    xy = np.array(shares) * size - 0.5
    rays = lens.rays(xy)
    np.testing.assert_allclose(np.linalg.norm(rays, axis=1), 1, atol=1e-12)
    inner = (np.abs(np.array(shares) - 0.5) < 0.4999).all(axis=1)  # the very border looks at 90 degrees in VR180
    back, seen = lens.project(rays * distance)
    assert seen[inner].all()
    np.testing.assert_allclose(back[inner], xy[inner], atol=1e-6)


@EACH_LENS
@given(shares=SHARES)
def test_spread_is_the_root_of_the_solid_angle(lens, size, shares):
    xy = (0.01 + 0.98 * np.array(shares)) * size - 0.5
    step = 1e-3
    across, down = (lens.rays(xy + d) - lens.rays(xy - d) for d in ((step, 0), (0, step)))
    solid = np.linalg.norm(np.cross(across, down), axis=1) / (2 * step) ** 2
    np.testing.assert_allclose(lens.spread(xy), np.sqrt(solid), rtol=1e-4)


@given(st.floats(-0.1, 0.3), st.floats(-0.01, 0.05), st.integers(0, 1000))
def test_pinhole_is_colmap_s_radial(k1, k2, seed):
    lens = pinhole(500, WIDE, k1, k2)
    points = np.random.default_rng(seed).uniform((-0.6, -0.35, 1), (0.6, 0.35, 1), (20, 3))
    colmap = pycolmap.Camera(model="RADIAL", width=640, height=360, params=[500, lens.cx + 0.5, lens.cy + 0.5, k1, k2])
    np.testing.assert_allclose(lens.project(points)[0] + 0.5, colmap.img_from_cam(points), atol=1e-6)


def test_known_angles():
    eighth = np.sqrt(0.5)
    xy, seen = fisheye(200, WIDE).project(np.array([[eighth, 0, eighth], [0, -1.0, 0], [-0.1, 0, -1]]))
    np.testing.assert_allclose(xy[:2], [[319.5 + 200 * np.pi / 4, 179.5], [319.5, 179.5 - 200 * np.pi / 2]])
    assert seen.all()
    lens = equirect180(SQUARE)
    xy, seen = lens.project(np.array([[0, 0, 2.0], [eighth, 0, eighth], [0, eighth, eighth], [0, 0, -1]]))
    np.testing.assert_allclose(xy[:3], [[255.5, 255.5], [255.5 + 128, 255.5], [255.5, 255.5 + 128]])
    assert seen.tolist() == [True, True, True, False]


def test_what_lies_behind_or_beyond_the_fold_is_not_seen():
    lens = pinhole(400, WIDE, -0.12)
    rays = np.array([[0, 0, -1.0], [0.2, 0.1, -3.0], [4.0, 0, 1.0], [0.3, 0.1, 1.0]])
    xy, seen = lens.project(rays)
    assert seen.tolist() == [False, False, False, True]
    assert (np.abs(xy[~seen]) > 1e5).all()


@EACH_LENS
def test_a_resized_lens_sees_the_same_angles(lens, size):
    half = lens.resized(size, (size[0] // 2, size[1] // 2))
    xy = np.array([[10.0, 20], [300, 100], [size[0] - 1, size[1] - 1]])
    np.testing.assert_allclose(half.rays((xy + 0.5) / 2 - 0.5), lens.rays(xy), atol=1e-12)


def test_lenses_that_leave_pixels_blind_are_refused():
    with pytest.raises(ValueError, match="fold"):
        pinhole(300, WIDE, -0.3)
    with pytest.raises(ValueError, match="reach"):
        fisheye(100, WIDE)
    with pytest.raises(ValueError, match="square"):
        equirect180(WIDE)
    with pytest.raises(ValueError, match="square"):
        equirect180(SQUARE).resized(SQUARE, WIDE)
    with pytest.raises(ValueError, match="90 degrees"):
        transverse(160, SQUARE)


@given(st.floats(-60, 60), st.floats(-75, 75), st.floats(0.3, 50), st.floats(0.01, 0.3))
def test_two_transverse_eyes_see_a_point_in_one_row(across_deg, down_deg, distance, baseline):
    lens = transverse(200, SQUARE)
    point = lens.rays(np.radians([[across_deg, down_deg]]) * 200 + (lens.cx, lens.cy)) * distance
    (left, right), seen = lens.project(np.concatenate([point, point - (baseline, 0, 0)]))
    assert seen.all()
    assert abs(left[1] - right[1]) < 1e-9
    assert left[0] > right[0]


def test_json_gives_the_lens_back():
    lens = pinhole(320, WIDE, -0.12, 0.01)
    told = lens.as_json()
    assert told.pop("pixel_centres") == "integer"
    assert Lens(**told) == lens
