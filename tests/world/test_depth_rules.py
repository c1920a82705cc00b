"""Disparities at points, and the rules that they speak for."""

import numpy as np
import pytest

from factory.tracks import Tracks
from factory.world.depth_rules import DepthRules, Sampled, disparity_at
from factory.world.follow import SeededTracks


def test_between_pixels_it_is_bilinear():
    x, y = np.meshgrid(np.arange(8.0), np.arange(6.0))
    plane = (3 + 0.5 * x - 0.25 * y).astype(np.float32)
    xy = np.array([[0, 0], [2.5, 3.25], [7, 5], [6.999, 0.5]])
    np.testing.assert_allclose(
        disparity_at(plane, np.ones((6, 8), bool), xy), 3 + 0.5 * xy[:, 0] - 0.25 * xy[:, 1], atol=1e-6
    )


def test_all_four_neighbours_must_be_confident_and_known():
    disparity, confident = np.full((6, 8), 4.0, np.float32), np.ones((6, 8), bool)
    confident[2, 3], disparity[4, 5] = False, np.nan
    xy = np.array([[2.5, 2.5], [3.5, 1.5], [4.5, 2.5], [4.5, 4.5], [6.5, 4.5], [-0.1, 2], [7.1, 2], [3, 5.1]])
    known = np.isfinite(disparity_at(disparity, confident, xy))
    assert known.tolist() == [False, False, True, False, True, False, False, False]


def test_edges_are_where_the_square_holds_both_sides():
    disparity = np.full((20, 30), 5.0, np.float32)
    disparity[:, 15:] = 7.0
    edges = DepthRules(edge_px=5).edges(disparity)
    assert np.flatnonzero(edges[10]).tolist() == [13, 14, 15, 16]
    slope = np.tile(np.linspace(5, 7, 30, dtype=np.float32), (20, 1))
    assert not DepthRules().edges(slope).any()
    person_and_wall = np.where(np.arange(30) < 15, 2.05, 1.14).astype(np.float32)  # 5 and 9 m off, 163 px a radian
    assert DepthRules().edges(np.tile(person_and_wall, (20, 1)))[10, 13:17].all()
    assert not DepthRules().edges(np.full((20, 30), np.nan, np.float32)).any()


def track(values, seed, frames=None):
    """One track with these disparities in frames 0, 1, ..., seeded in frame `seed`."""
    count = len(values)
    frames = np.arange(count) if frames is None else np.array(frames)
    tracks = Tracks(
        np.zeros(count, np.int32), frames.astype(np.int32), np.zeros((count, 2)), np.arange(20.0), np.arange(20), 9, 9
    )
    return SeededTracks(tracks, np.array([seed], np.int32)), np.array(values, np.float32)


@pytest.mark.parametrize(
    ("values", "seed", "kept"),
    [
        ([20, 20.5, 21, 26, 26, 26], 1, [1, 1, 1, 0, 0, 0]),
        ([20, 20.5, 21, 26, 26, 26], 4, [0, 0, 0, 1, 1, 1]),
        ([20, 26, 26, 26, 20, 20], 2, [0, 1, 1, 1, 0, 0]),
        ([20, 22, 24, 26, 28, 30], 0, [1, 1, 1, 1, 1, 1]),  # a tenth a frame: something comes near
        ([3, 3.6, 3, 3.6, 3, 3.8], 0, [1, 1, 1, 1, 1, 0]),  # far: 0.7 px are allowed, though they are a quarter
        ([20, np.nan, np.nan, 24, 24, 24], 0, [1, 1, 1, 1, 1, 1]),  # three frames may change three times as much
        ([20, np.nan, np.nan, 32, 32, 32], 0, [1, 1, 1, 0, 0, 0]),
        ([20, np.nan, np.nan, 32, 32, 32], 2, [1, 1, 1, 0, 0, 0]),  # a seed without one: what is before it counts
        ([np.nan] * 6, 2, [1] * 6),
    ],
)
def test_jumps_part_what_is_beyond_from_the_seed(values, seed, kept):
    seeded, disparity = track(values, seed)
    assert DepthRules().unbroken(seeded, disparity).astype(int).tolist() == kept


def test_tracks_seeded_on_an_edge_or_often_on_one_go_whole():
    def kept(on_edge, seed):
        seeded, disparity = track([20.0] * 10, seed)
        return DepthRules().kept(seeded, Sampled(disparity, np.array(on_edge, bool))).astype(int).tolist()

    once = [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert kept(once, 5) == [1, 1, 0, 1, 1, 1, 1, 1, 1, 1]
    assert kept(once, 2) == [0] * 10
    assert kept([0, 0, 1, 1, 1, 0, 0, 0, 0, 0], 6) == [0] * 10


def test_sightings_are_sampled_in_their_own_frame():
    seeded, _ = track([0, 0, 0], 0, frames=[0, 1, 3])
    tracks = seeded.tracks
    tracks.xy[:] = (4, 4)
    pictures = [(np.full((9, 9), 10.0 + number, np.float32), np.full((9, 9), number != 1)) for number in range(20)]
    found = DepthRules().sampled(tracks, iter(pictures))
    np.testing.assert_array_equal(found.disparity_px, [10, np.nan, 13])
    assert not found.on_edge.any()
