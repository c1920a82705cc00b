"""Ranges of disparities, and points of ranges, against projections written out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.geometry.camera import transform_points
from factory.geometry.lens import pinhole, transverse
from factory.tracks import Tracks
from factory.world.lift import lift, ranges_of

WIDE = (640, 360)
LENSES = [
    (pinhole(448, WIDE), WIDE),
    (transverse(163, (427, 455)), (427, 455)),
    (transverse(60, (150, 160)), (150, 160)),
]
EACH = pytest.mark.parametrize("lens, size", LENSES)
BASELINE_M = 0.063


@EACH
@given(x=st.floats(0, 1), y=st.floats(0, 1), distance=st.floats(0.2, 50))
def test_range_is_how_far_what_both_eyes_see_is(lens, size, x, y, distance):
    xy = np.array([[x * (size[0] - 1), y * (size[1] - 1)]])
    point = distance * lens.rays(xy)
    right, seen = lens.project(point - (BASELINE_M, 0, 0))
    if seen.all():
        assert abs(right[0, 1] - xy[0, 1]) < 1e-6  # rectified: one row
        assert ranges_of(lens, BASELINE_M, xy, (xy - right)[:, 0])[0] == pytest.approx(distance, rel=1e-6)


def test_where_eyes_meet_nowhere_ahead_there_is_no_range():
    lens, size = LENSES[0]
    xy = np.tile((np.array([size]) - 1) / 2, (4, 1))
    assert np.isnan(ranges_of(lens, BASELINE_M, xy, np.array([0.0, -1.0, np.nan, -0.001]))).all()


def scene(lens, size, noise_px=0.0, seed=0):
    """Points seen in two frames by a camera that turns and moves."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0.2, 0.8, (3000, 2)) * size
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])
    poses = np.tile(np.eye(4), (2, 1, 1))
    poses[1, :3, :3], poses[:, :3, 3] = turn, [(1, 2, 3), (4, 5, 6)]
    distance = rng.uniform(2, 8, len(xy))
    local = distance[:, None] * lens.rays(xy)
    disparity = (xy - lens.project(local - (BASELINE_M, 0, 0))[0])[:, 0] + noise_px * rng.normal(size=len(xy))
    track, frame = np.arange(len(xy)) // 2, np.arange(len(xy)) % 2
    tracks = Tracks(track.astype(np.int32), frame.astype(np.int32), xy, np.array([0.0, 0.1]), np.arange(2), *size)
    return tracks, disparity, poses, transform_points(poses[frame], local), distance


@EACH
def test_points_lie_in_the_world_where_they_are(lens, size):
    tracks, disparity, poses, world, distance = scene(lens, size)
    seen, kept = lift(lens, BASELINE_M, tracks, disparity, poses)
    assert len(kept.track) == len(tracks.track)
    np.testing.assert_allclose(seen.points, world, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(seen.rays, axis=1), 1)
    np.testing.assert_allclose(seen.acrosses, 0.5 * lens.spread(tracks.xy) * distance, rtol=1e-6)


@EACH
def test_sigma_is_the_spread_of_ranges(lens, size):
    tracks, disparity, poses, _, distance = scene(lens, size, noise_px=0.05)
    seen, kept = lift(lens, BASELINE_M, tracks, disparity, poses, disparity_sigma_px=0.05)
    at = np.searchsorted(tracks.track * 2 + tracks.frame, np.unique(tracks.track)[kept.track] * 2 + kept.frame)
    z = (seen.ranges - distance[at]) / seen.sigmas if len(kept.track) == len(tracks.track) else None
    if z is None:
        pytest.fail("noise of a twentieth of a pixel took ranges away")
    assert 0.9 < z.std() < 1.15


def test_what_has_no_range_or_pose_goes():
    lens, size = LENSES[0]
    tracks, disparity, poses, world, _ = scene(lens, size)
    disparity[4], disparity[7] = np.nan, 0.29  # below two standard deviations
    seen, kept = lift(lens, BASELINE_M, tracks, disparity, poses)
    stays = ~np.isin(np.arange(len(disparity)), (4, 7))
    np.testing.assert_allclose(seen.points, world[stays], atol=1e-6)
    np.testing.assert_array_equal(kept.xy, tracks.xy[stays])
    poses[1] = np.nan
    seen, kept = lift(lens, BASELINE_M, tracks, disparity, poses)
    assert set(kept.frame.tolist()) == {0}
    assert seen.count == kept.count == len(np.unique(tracks.track[stays & (tracks.frame == 0)]))


def test_nothing_followed_is_nothing_lifted():
    lens, size = LENSES[0]
    tracks, disparity, poses, _, _ = scene(lens, size)
    none = tracks.observations(np.zeros(len(disparity), bool))
    seen, kept = lift(lens, BASELINE_M, replace(none), disparity[:0], poses)
    assert seen.count == kept.count == 0
