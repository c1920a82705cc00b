"""Swings, and what an orbit leaves of a pan."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.camera_tags.path import CameraPath
from factory.camera_tags.tags import TagBounds, travelled

SHARE = np.linspace(0, 1, 41)


def path(**amounts: np.ndarray) -> CameraPath:
    nothing = np.zeros(len(SHARE))
    every = {**dict.fromkeys(("pan", "tilt", "roll", "dolly", "truck", "pedestal", "orbit"), nothing), **amounts}
    return CameraPath(every, np.diff(every["orbit"]) != 0, 0.0)  # type: ignore[arg-type]


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=6), st.integers(2, 20))
@settings(deadline=None)
def test_the_way_to_and_fro_is_the_sum_of_its_swings(turns: list[float], steps: int):
    corners = np.cumsum([0.0, *(np.sign(t) * (abs(t) + 2.0) for t in turns)])
    fine = np.concatenate([np.linspace(a, b, steps) for a, b in pairwise(corners)])
    wobble = fine + 0.3 * (np.arange(len(fine)) % 2)
    assert travelled(fine, 1.0) == pytest.approx(np.abs(np.diff(corners)).sum())
    assert travelled(wobble, 1.0) == pytest.approx(np.abs(np.diff(corners)).sum(), abs=0.7 * len(corners))


def test_noise_below_a_degree_is_no_way():
    assert travelled(np.random.default_rng(0).uniform(-0.4, 0.4, 200), 1.0) == 0.0


def test_a_pan_after_an_orbit_is_told_beside_it_and_the_orbit_s_own_is_not():
    orbit = 40 * np.clip(2 * SHARE, 0, 1)
    alone = path(orbit=orbit, pan=-orbit, truck=np.radians(orbit))
    assert TagBounds()(alone).tags == ("orbit",)
    then = path(orbit=orbit, pan=-orbit + 30 * np.clip(2 * SHARE - 1, 0, 1), truck=np.radians(orbit))
    found = TagBounds()(then)
    assert found.tags == ("orbit", "pan")
    assert found.told["pan"].net == pytest.approx(30)
    assert found.amounts["pan"].net == pytest.approx(-10)


def test_a_bend_that_looks_like_an_orbit_for_a_moment_is_none():
    orbit = 14 * np.clip(5 * SHARE, 0, 1)
    found = TagBounds()(path(orbit=orbit, pan=-90 * SHARE, dolly=SHARE, truck=0.3 * SHARE))
    assert found.tags == ("pan", "dolly")


@pytest.mark.parametrize(
    ("amounts", "tags"),
    [
        ({"pan": 4.0}, ("static",)),
        ({"pan": 6.0}, ("pan",)),
        ({"roll": 10.0}, ("static",)),
        ({"roll": 14.0}, ("roll",)),
        ({"dolly": 0.08}, ("static",)),
        ({"dolly": 0.5, "truck": 0.1}, ("dolly",)),  # hardly off its way
        ({"dolly": 0.5, "truck": 0.4}, ("dolly", "truck")),
        ({"pan": 90.0, "tilt": 8.0}, ("pan",)),  # which nobody would mention
        ({"pan": 20.0, "tilt": 8.0}, ("pan", "tilt")),
    ],
)
def test_what_a_person_would_mention_is_told(amounts: dict[str, float], tags: tuple[str, ...]):
    assert TagBounds()(path(**{kind: size * SHARE for kind, size in amounts.items()})).tags == tags
