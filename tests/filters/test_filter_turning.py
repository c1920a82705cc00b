"""Known answers: cameras that turn, cameras that move, past a room and over a plane; what moves on its own."""

import numpy as np
import pytest
from filter_scenes import join, project, record, room, walk
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.filters.turning import TurnError

FRAMES = 24


def turn_error(tracks):
    return TurnError()(record(tracks=tracks))["turn_error"]


@settings(max_examples=10, deadline=None)
@given(turn_deg=st.floats(0.8, 2.0), focal=st.floats(0.7, 2.0), seed=st.integers(0, 1000))
def test_a_turn_leaves_hardly_anything_whatever_the_lens(turn_deg, focal, seed):
    tracks = project(room(900, seed=seed), *walk(FRAMES, (0, 0, 0), turn_deg), focal=focal, seed=seed)
    assert turn_error(tracks) < 0.009


@settings(max_examples=10, deadline=None)
@given(step=st.floats(0.04, 0.08), turn_deg=st.floats(-0.5, 0.5), seed=st.integers(0, 1000))
def test_a_walk_through_a_room_is_no_turn(step, turn_deg, seed):
    tracks = project(room(900, seed=seed), *walk(FRAMES, (step, 0, 0), turn_deg), seed=seed)
    found = turn_error(tracks)
    assert found is None or found > 0.02


def test_a_plane_seen_by_a_walker_is_no_turn():
    ground = room(2000) * (1, 0, 1) + (0, 1.2, 0)
    assert turn_error(project(ground, *walk(FRAMES, (0.05, 0, 0.02)))) > 0.03


def test_what_moves_on_its_own_does_not_hide_a_turn():
    camera = walk(FRAMES, (0, 0, 0), 1.0)
    step = np.arange(FRAMES)[:, None, None] * np.array([0.02, -0.03, 0.0])
    body = np.random.default_rng(1).uniform(-0.9, 0.9, (130, 3)) + np.array([0.5, 0.2, 5.0]) + step
    assert turn_error(join(project(room(900), *camera), project(body, *camera))) < 0.009


@pytest.mark.parametrize("turn_deg", [0.0, 0.05])
def test_a_camera_that_hardly_turns_is_not_judged(turn_deg):
    assert turn_error(project(room(), *walk(FRAMES, (0, 0, 0), turn_deg))) is None
