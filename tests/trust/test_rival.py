"""Another motion at the border shows whatever the labels said, and its tracks can be had back."""

import numpy as np
import pytest

from factory.sfm.attempts import solve_tracks
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.options import PairOptions, SolveOptions
from factory.tracks import Tracks
from factory.trust.again import OtherLabels
from factory.trust.rival import BorderRival
from factory.trust.rule import AcceptRule
from tests.sfm.scenes import scene, walk

OPTIONS = SolveOptions(pairs=PairOptions(strides=(1, 2, 4, 8)))
MOST = AcceptRule().most_border_rival


def solved(tracks: Tracks, static: np.ndarray) -> Trajectory:
    return solve_tracks(tracks, static, OPTIONS)


def test_a_right_solve_has_no_rival_though_something_moves():
    seen = scene(walk(20), static=300, moving=60)
    found = BorderRival()(solved(seen.tracks, ~seen.is_dynamic), seen.tracks)
    assert found.border is not None
    assert found.border < 0.02
    assert np.nanmean(found.near[~seen.is_dynamic]) > 0.95
    assert np.nanmean(found.near[seen.is_dynamic]) < 0.5


def test_a_solve_of_the_body_that_moves_has_one():
    seen = scene(walk(20), static=300, moving=150)
    found = BorderRival()(solved(seen.tracks, seen.is_dynamic), seen.tracks)
    assert found.border is not None
    assert found.border > MOST


def test_without_tracks_there_is_nothing_to_say():
    seen = scene(walk(20), static=30)
    path = solved(seen.tracks, np.ones(seen.tracks.count, bool))
    nowhere = path.posed(np.full((20, 4, 4), np.nan))
    assert BorderRival()(nowhere, seen.tracks).border is None
    assert np.isnan(BorderRival()(nowhere, seen.tracks).near).all()
    assert list(OtherLabels()(nowhere, seen.tracks, np.ones(seen.tracks.count, bool))) == []


def test_what_was_voted_out_by_mistake_is_offered_again():
    seen = scene(walk(20), static=300, moving=60)
    half = ~seen.is_dynamic & (np.random.default_rng(0).random(seen.tracks.count) < 0.5)
    wider = next(OtherLabels()(solved(seen.tracks, half), seen.tracks, half))
    assert wider[~seen.is_dynamic].mean() > 0.9
    assert wider[seen.is_dynamic].mean() < 0.3


def test_what_the_poses_leave_unexplained_is_left_out():
    seen = scene(walk(20), static=300, moving=60)
    everything = np.ones(seen.tracks.count, bool)
    *_, tighter = OtherLabels()(solved(seen.tracks, ~seen.is_dynamic), seen.tracks, everything)
    assert tighter[~seen.is_dynamic].mean() > 0.9
    assert tighter[seen.is_dynamic].mean() < 0.2


@pytest.mark.parametrize("moving", [0, 40])
def test_nothing_is_tried_where_labels_would_stay(moving: int):
    seen = scene(walk(20), static=300, moving=moving)
    right = ~seen.is_dynamic
    assert list(OtherLabels()(solved(seen.tracks, right), seen.tracks, right)) == []
