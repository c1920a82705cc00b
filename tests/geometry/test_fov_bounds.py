"""Stereo4D's fov_bounds: there and back, and against its own formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.geometry.fov_bounds import bounds_of, lens_of
from factory.geometry.lens import equirect180
from factory.geometry.remap import pixel_grid

BOUNDS = st.tuples(st.floats(-90, -1), st.floats(1, 90), st.floats(-90, -1), st.floats(1, 90))
SIZES = st.tuples(st.integers(2, 60), st.integers(2, 60))


@given(BOUNDS, SIZES)
def test_bounds_come_back(bounds, size):
    np.testing.assert_allclose(bounds_of(lens_of(bounds, size), size), bounds, atol=1e-9)


@given(BOUNDS, SIZES)
def test_rays_are_those_of_the_release(bounds, size):
    """lon = lerp(yaw0, yaw1, u / (W - 1)), lat = lerp(tilt0, tilt1, v / (H - 1))."""
    yaw0, yaw1, tilt0, tilt1 = np.radians(bounds)
    u, v = pixel_grid(size).T
    lon = yaw0 + (yaw1 - yaw0) * u / (size[0] - 1)
    lat = tilt0 + (tilt1 - tilt0) * v / (size[1] - 1)
    rays = np.stack([np.cos(lat) * np.sin(lon), np.sin(lat), np.cos(lat) * np.cos(lon)], axis=1)
    np.testing.assert_allclose(lens_of(bounds, size).rays(pixel_grid(size)), rays, atol=1e-12)


def test_a_whole_half_sphere():
    lens, size = equirect180((480, 540), squeezed=True), (480, 540)
    edge = 90 * (1 - 1 / 480), 90 * (1 - 1 / 540)
    np.testing.assert_allclose(bounds_of(lens, size), (-edge[0], edge[0], -edge[1], edge[1]))
    again = lens_of(bounds_of(lens, size), size)
    np.testing.assert_allclose(again.rays(pixel_grid(size)), lens.rays(pixel_grid(size)), atol=1e-12)


@pytest.mark.parametrize("bounds", [(10, -10, -90, 90), (-100, 90, -90, 90), (-90, 90, -90, 91), (-90, 90, 5, 5)])
def test_bounds_that_are_none_are_refused(bounds):
    with pytest.raises(ValueError, match="fov_bounds"):
        lens_of(bounds, (512, 512))
