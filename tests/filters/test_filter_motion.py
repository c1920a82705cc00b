"""Known answers: pictures moved by known amounts, cuts, fades, and a camera on a tripod."""

import numpy as np
import pytest
from filter_scenes import HEIGHT, WIDTH, join, moved, project, record, room, shifted, texture, walk

from factory.filters.flow import FlowFeatures
from factory.filters.stability import TrackStability
from factory.filters.tracks import PointTracks

DIAGONAL = np.hypot(WIDTH, HEIGHT)


def flow(frames):
    stage = FlowFeatures()
    return stage(record(frames=np.asarray(frames)))


def stability(tracks):
    return TrackStability()(record(tracks=tracks))


@pytest.mark.parametrize("step_px", [1, 3, 6])
def test_flow_mean_is_the_shift_as_a_share_of_the_diagonal(step_px):
    assert flow(shifted(5, step_px))["flow_mean"] == pytest.approx(step_px / DIAGONAL, rel=0.2)


def test_flow_does_not_depend_on_the_resolution():
    small = shifted(4, 2)
    large = small.repeat(3, axis=1).repeat(3, axis=2)
    assert flow(large)["flow_mean"] == pytest.approx(flow(small)["flow_mean"], rel=0.1)


def test_a_cut_is_unexplained_and_steady_motion_is_not():
    steady = shifted(6, 2)
    assert flow(steady)["flow_unexplained"] < 0.2
    assert flow([*steady[:3], *shifted(3, 2, seed=1)])["flow_unexplained"] > 0.6


def test_a_fade_to_black_is_unexplained():
    frames = [(texture(0) * share).astype(np.uint8) for share in (1.0, 1.0, 0.4, 0.0)]
    assert flow(frames)["flow_unexplained"] > 0.6


def test_flow_of_one_frame_abstains():
    assert flow([texture(0)])["flow_mean"] is None


def test_tracks_follow_a_known_shift():
    tracks = PointTracks()(record(frames=shifted(8, 2.5)))["tracks"]
    _, start, end = tracks.pair(0, 7)
    inside = (start[:, 0] > 20) & (start[:, 0] < WIDTH - 40)
    assert inside.sum() > 50
    assert np.median(np.abs(end - start - [17.5, 0])[inside]) < 0.1


def test_tracks_are_reseeded_where_new_texture_enters():
    tracks = PointTracks()(record(frames=shifted(20, 8)))["tracks"]
    assert (np.bincount(tracks.frame, minlength=20) > 100).all()


def test_a_cut_loses_the_tracks_at_once():
    frames = np.concatenate([shifted(4, 1), shifted(4, 1, seed=1)])
    tracks = PointTracks()(record(frames=frames))["tracks"]
    assert stability(tracks)["track_loss"] > 0.9
    assert stability(PointTracks()(record(frames=shifted(8, 1)))["tracks"])["track_loss"] < 0.2


def test_frames_without_texture_have_no_tracks():
    tracks = PointTracks()(record(frames=np.full((5, HEIGHT, WIDTH, 3), 90, np.uint8)))["tracks"]
    result = stability(tracks)
    assert result["track_count"] == 0
    assert result["still_share"] is None
    assert result["camera_speed"] is None


def test_a_tripod_is_still_even_when_an_object_fills_the_middle():
    still = project(room(), *walk(24, (0, 0, 0)), noise_px=0.05)
    start = np.random.default_rng(1).uniform((-0.8, -0.3, 3), (0.8, 0.8, 3.2), (600, 3))
    crossing = start + np.linspace(0, 0.4, 24)[:, None, None] * [1, 0, 0]
    result = stability(join(still, project(crossing, *walk(24, (0, 0, 0)))))
    assert result["still_share"] > 0.8
    assert result["camera_speed"] < 0.002


def test_camera_speed_is_in_diagonals_per_second():
    frames = np.stack([moved(texture(3), 3.0 * t) for t in range(16)])
    result = stability(PointTracks()(record(frames=frames))["tracks"])
    assert result["camera_speed"] == pytest.approx(3.0 * 12 / DIAGONAL, rel=0.1)
    assert result["still_share"] < 0.05


def test_a_freeze_frame_is_a_pause_and_slow_motion_is_none():
    steady = shifted(24, 0.3)
    frozen = np.concatenate([steady[:12], np.repeat(steady[11:12], 12, axis=0)])
    shares = [stability(PointTracks()(record(frames=f))["tracks"])["paused_share"] for f in (steady, frozen)]
    assert shares[0] == 0
    assert shares[1] == pytest.approx(12 / 23, abs=0.05)
