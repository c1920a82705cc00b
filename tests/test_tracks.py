"""Tracks: selection, pairs and renumbering, against the plain definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.tracks import Tracks, tracks_from

FRAMES = 6


def random_tracks(seed: int, tracks: int = 12) -> Tracks:
    rng = np.random.default_rng(seed)
    seen = rng.random((tracks, FRAMES)) < 0.5
    track, frame = np.nonzero(seen)
    shuffle = rng.permutation(len(track))
    xy = rng.uniform(0, 100, (len(track), 2))
    return tracks_from(
        track[shuffle] * 7, frame[shuffle], xy[shuffle], np.arange(FRAMES) / 12, np.arange(FRAMES) * 2, (100, 80)
    )


def as_dict(tracks: Tracks) -> dict[tuple[int, int], tuple[float, float]]:
    return {(int(t), int(f)): tuple(p) for t, f, p in zip(tracks.track, tracks.frame, tracks.xy.tolist(), strict=True)}


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_numbers_are_contiguous_sorted_and_no_track_is_short(seed):
    tracks = random_tracks(seed)
    keys = list(as_dict(tracks))
    assert keys == sorted(keys)
    assert set(tracks.track.tolist()) == set(range(tracks.count))
    assert (tracks.lengths() >= 2).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, FRAMES - 1), st.integers(0, FRAMES - 1))
def test_pair_is_the_tracks_seen_in_both(seed, i, j):
    tracks = random_tracks(seed)
    seen = as_dict(tracks)
    ids, xy_i, xy_j = tracks.pair(i, j)
    expected = [t for t in range(tracks.count) if (t, i) in seen and (t, j) in seen]
    assert ids.tolist() == expected
    assert [tuple(p) for p in xy_i] == [seen[t, i] for t in expected]
    assert [tuple(p) for p in xy_j] == [seen[t, j] for t in expected]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_select_keeps_exactly_the_chosen_observations(seed):
    tracks = random_tracks(seed)
    keep = np.random.default_rng(seed + 1).random(tracks.count) < 0.5
    chosen = tracks.select(keep)
    old = np.nonzero(keep)[0]
    assert as_dict(chosen) == {(int(np.searchsorted(old, t)), f): p for (t, f), p in as_dict(tracks).items() if keep[t]}
    assert chosen.frames == FRAMES


def test_dropping_observations_drops_tracks_left_with_none():
    tracks = tracks_from(
        np.array([4, 4, 9, 9]), np.array([0, 1, 1, 2]), np.zeros((4, 2)), np.arange(3), np.arange(3), (10, 10)
    )
    left = tracks.observations(np.array([False, False, True, True]))
    assert (left.count, left.frame.tolist()) == (1, [1, 2])


def test_no_observation_is_no_track():
    empty = tracks_from(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 2)), np.arange(3), np.arange(3), (10, 10))
    assert (empty.count, empty.frames, len(empty.pair(0, 1)[0])) == (0, 3, 0)


def test_two_observations_in_one_frame_are_refused():
    with pytest.raises(ValueError, match="two observations"):
        tracks_from(np.array([0, 0]), np.array([1, 1]), np.zeros((2, 2)), np.arange(3), np.arange(3), (10, 10))
