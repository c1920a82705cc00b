"""Velocities of points, from the frames beside their own."""

import numpy as np
import pytest

from factory.models.lk import LucasKanade
from factory.models.velocity import velocity_px_s
from tests.models.test_lk import moving, texture
from tests.passing import decoding


def test_the_slope_of_a_parabola_is_exact_whatever_the_times():
    def at(time_s: float) -> np.ndarray:
        return np.array([[3.0 + 20.0 * time_s - 70.0 * time_s**2, 40.0 * time_s**2]])

    came, went = (at(0.5) - at(0.46)) / 0.04, (at(0.53) - at(0.5)) / 0.03
    np.testing.assert_allclose(velocity_px_s(came, 0.04, went, 0.03), [[20.0 - 70.0, 40.0]])


def test_where_one_side_is_missing_the_others_say_what_has_changed():
    came, went = np.array([[10.0, 0.0], [8.0, 2.0], [np.nan, np.nan]]), np.array([[14.0, 2.0], [12.0, 4.0], [9.0, 0.0]])
    np.testing.assert_allclose(velocity_px_s(came, 0.04, went, 0.04)[2], [7.0, -1.0])
    nowhere = np.full((3, 2), np.nan)
    np.testing.assert_allclose(velocity_px_s(nowhere, np.nan, went, 0.04), went)
    assert np.isnan(velocity_px_s(nowhere, np.nan, nowhere, np.nan)).all()


@pytest.mark.parametrize("fps", [12.0, 24.0, 60.0])
def test_the_tracker_tells_velocities_at_the_rate_of_the_source(fps: float):
    tracks = LucasKanade().track(decoding(moving(texture(), (1.3, 0.4), 25, fps), fps))
    assert tracks.velocity_px_s is not None
    assert np.isfinite(tracks.velocity_px_s).all()
    np.testing.assert_allclose(np.median(tracks.velocity_px_s, axis=0), np.array([1.3, 0.4]) * fps, rtol=0.05)
    assert tracks.select(tracks.lengths() > 3).velocity_px_s is not None
