"""Rows that are read one after the other, against points whose motion is known."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from factory.geometry.rolling import as_read, at_middle_row

HEIGHT = 480
speeds = st.floats(-900, 900)


@given(st.floats(0, 639), st.floats(0, HEIGHT - 1), speeds, speeds, st.floats(0, 0.03))
def test_a_point_that_moves_evenly_comes_to_where_it_is_at_the_middle_row(x, y, right_px_s, down_px_s, readout_s):
    middle, speed = np.array([x, y]), np.array([right_px_s, down_px_s])

    def seen(time_s: float) -> tuple[np.ndarray, float]:
        """Where a picture of this time shows the point, and when its row was read."""
        at_s = time_s
        for _ in range(200):
            at_s = time_s + ((middle + speed * at_s)[1] / (HEIGHT - 1) - 0.5) * readout_s
        return middle + speed * at_s, at_s

    before, here, after = (seen(time_s)[0] for time_s in (-0.04, 0.0, 0.04))
    velocity = (after - before)[None] / 0.08  # what a tracker measures
    found = at_middle_row(here[None], velocity, HEIGHT, readout_s)
    np.testing.assert_allclose(found[0], middle, atol=1e-6)
    np.testing.assert_allclose(as_read(found, velocity, HEIGHT, readout_s)[0], here, atol=1e-6)


def test_the_upper_rows_are_read_before_the_lower_ones():
    xy = np.array([[100.0, 0.0], [100.0, (HEIGHT - 1) / 2], [100.0, HEIGHT - 1]])
    found = at_middle_row(xy, np.full((3, 2), [50.0, 0.0]), HEIGHT, 0.02)
    np.testing.assert_allclose(found[:, 0], [100.5, 100.0, 99.5])
