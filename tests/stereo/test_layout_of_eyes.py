"""Cutting frames in eyes, and the eyes' lenses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.geometry.fov_bounds import bounds_of
from factory.geometry.lens import equirect180, fisheye, pinhole
from factory.stereo.layout import Layout, eye_lens, found_lens, split


@given(st.integers(4, 40), st.integers(4, 40), st.sampled_from(["side_by_side", "top_bottom"]), st.booleans())
def test_eyes_are_the_outer_halves(height, width, arrangement, swapped):
    frame = np.arange(height * width * 3).reshape(height, width, 3)
    first, second = split(frame, Layout(arrangement, "rectified", swapped))[:: -1 if swapped else 1]
    assert first.shape == second.shape
    across = arrangement == "side_by_side"
    assert first.shape[:2] == ((height, width // 2) if across else (height // 2, width))
    assert first[0, 0, 0] == frame[0, 0, 0]
    assert second[-1, -1, -1] == frame[-1, -1, -1]
    assert np.shares_memory(first, frame)


def test_lenses_of_eyes():
    half = Layout("side_by_side", "half_equirect")
    assert eye_lens(half, (480, 540)) == equirect180((480, 540), squeezed=True)
    bounded = eye_lens(Layout("side_by_side", "half_equirect", fov_bounds=(-70.0, 80.0, -60.0, 90.0)), (480, 540))
    assert bounds_of(bounded, (480, 540)) == pytest.approx((-70.0, 80.0, -60.0, 90.0))
    assert eye_lens(Layout("side_by_side", "fisheye"), (512, 512)) == fisheye(512 / np.pi, (512, 512))
    wide = eye_lens(Layout("side_by_side", "fisheye", fisheye_deg=200.0, circle=(0.5, 0.52, 0.45, 0.48)), (500, 400))
    edge = np.array([[0.5 * 500 - 0.5 + 0.45 * 500, 0.52 * 400 - 0.5], [249.5, 0.52 * 400 - 0.5 - 0.48 * 400]])
    np.testing.assert_allclose(np.degrees(np.arccos(wide.rays(edge)[:, 2])), 100.0)
    flat = eye_lens(Layout("side_by_side", "rectified", across_deg=90.0), (640, 360))
    assert flat.as_json() == pytest.approx(pinhole(320, (640, 360)).as_json())


def test_a_film_stored_at_half_its_width_keeps_its_angles():
    full = eye_lens(Layout("side_by_side", "rectified", across_deg=60.0), (1920, 1080))
    half = eye_lens(Layout("side_by_side", "rectified", across_deg=60.0, squeeze=2.0), (960, 1080))
    np.testing.assert_allclose(full.rays(np.array([[0.5, 100.0]])), half.rays(np.array([[0.0, 100.0]])), atol=1e-12)


def test_a_lens_that_turns_out_longer_sees_less():
    asked = Layout("side_by_side", "rectified")
    found = found_lens(asked, 1.25)
    assert found.across_found
    assert eye_lens(found, (640, 360)).focal_px == pytest.approx(1.25 * eye_lens(asked, (640, 360)).focal_px)
