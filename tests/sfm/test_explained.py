"""What poses explain: points at rest, directions where the camera only turns, and what joins the frames."""

from dataclasses import replace

import numpy as np

from factory.phases.pose_stages import standing
from factory.sfm.model.explained import explained_tracks, least_bridge, resting_errors_px
from factory.tracks import Tracks, tracks_from


def seen(xy: np.ndarray) -> Tracks:
    """Tracks (M, F, 2) seen in all frames, 640 x 360."""
    count, frames = xy.shape[:2]
    track, frame = np.indices((count, frames))
    return tracks_from(
        track.ravel(), frame.ravel(), xy.reshape(-1, 2), np.arange(frames) / 12, np.arange(frames), (640, 360)
    )


def test_a_camera_that_stands_explains_what_stays_in_place():
    xy = np.full((2, 6, 2), 100.0)
    xy[1, :, 0] += 3.0 * np.arange(6)
    tracks = seen(xy)
    camera = standing(tracks)
    assert explained_tracks(camera, tracks, 2.0).tolist() == [True, False]
    assert np.allclose(resting_errors_px(camera, tracks)[:6], 0.0, atol=1e-9)
    # Mean of 0, 3, .. 15 is 7.5: the ends lie 7.5 px off, but for the curvature of directions.
    assert np.allclose(resting_errors_px(camera, tracks)[[6, 11]], 7.5, atol=0.1)


def test_a_moving_camera_explains_points_by_parallax():
    depth, frames = np.array([2.0, 4.0]), 5
    xy = np.stack([np.stack([320 - 640 * 0.1 * f / depth, np.full(2, 150.0)], axis=-1) for f in range(frames)], axis=1)
    xy[1, 3:, 1] += 9.0
    tracks = seen(xy)
    poses = np.tile(np.eye(4), (frames, 1, 1))
    poses[:, 0, 3] = 0.1 * np.arange(frames)
    path = replace(standing(tracks).posed(poses), rotation_only=False)
    assert explained_tracks(path, tracks, 2.0).tolist() == [True, False]


def test_frames_that_are_not_placed_say_nothing():
    tracks = seen(np.full((1, 4, 2), 50.0))
    poses = np.tile(np.eye(4), (4, 1, 1))
    poses[1:] = np.nan
    camera = standing(tracks).posed(poses)
    assert np.isnan(resting_errors_px(camera, tracks)).tolist() == [False, True, True, True]
    assert not explained_tracks(camera, tracks, 2.0).any()


def test_the_bridge_is_counted_at_its_narrowest_place():
    # Track 0 lives in frames 0-2, track 1 in 2-5, track 2 in 1-5: between 2 and 3 two pass, before 1 only one.
    frame = np.array([0, 1, 2, 2, 3, 4, 5, 1, 3, 5])
    track = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2])
    tracks = tracks_from(track, frame, np.zeros((10, 2)), np.arange(6) / 12, np.arange(6), (64, 48))
    everything = np.ones(6, bool)
    assert least_bridge(tracks, np.array([True, True, True]), everything) == 1
    assert least_bridge(tracks, np.array([False, True, True]), np.arange(6) >= 3) == 2
    assert least_bridge(tracks, np.array([True, False, False]), everything) == 0
    assert least_bridge(tracks, np.array([True, True, True]), np.arange(6) == 3) == 0
