"""What a row of the world manifest tells of its tracks."""

from dataclasses import replace

import numpy as np
import pytest

from factory.phases.world import static_scatter_m
from factory.world.tracks import MOVING, STATIC
from tests.world.made_tracks import made


def test_static_tracks_scatter_by_what_they_are_measured_off_their_mean():
    """Every other sighting 2 cm to the left, the others to the right; what moves is farther off, and does not count."""
    tracks = made()
    label = np.where(np.arange(tracks.count) % 3, MOVING, STATIC).astype(np.int8)
    side = np.where(np.arange(len(tracks.track)) % 2, 0.02, -0.02) * np.where(label[tracks.track] == MOVING, 9, 1)
    measured = np.zeros((len(side), 3), np.float32)
    measured[:, 0] = 5.0 + side
    found = static_scatter_m(replace(tracks, label=label, measured=measured))
    assert found == pytest.approx(0.02, rel=0.01)  # of odd tracks a little less
