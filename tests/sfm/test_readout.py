"""Rolling shutters: found on tracks whose rows were read in turn, and left alone where none shows."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from factory.geometry.trajectory import pose_errors
from factory.sfm.attempts import solve_tracks, with_readout
from factory.sfm.lens.readout import ReadoutSearch, found_readout_s, lowest
from factory.sfm.model.rolling import filled, read_at_once, read_by_rows, source_interval_s
from factory.sfm.options import LensOptions, MappingOptions, PointOptions, SolveOptions
from factory.sfm.solve import solve_clip
from factory.tracks import tracks_from
from tests.sfm.scenes import rolling, scene, walk

OPTIONS = SolveOptions(
    points=PointOptions(refinement=None, sift=None, few_tracks=0.0), mapping=MappingOptions(sharpening=None)
)
FRAMES = 24


def carried(times_s: np.ndarray) -> np.ndarray:
    """A camera in a hand that walks: steps and tremor of up to 3 Hz."""
    poses = np.tile(np.eye(4), (len(times_s), 1, 1))
    shake = np.stack([np.sin(11 * times_s), np.cos(17 * times_s + 1), np.sin(14 * times_s + 2)], axis=1)
    turn = np.stack([0 * times_s, 12 * np.sin(times_s), 0 * times_s], axis=1) + 1.2 * shake
    poses[:, :3, :3] = Rotation.from_euler("xyz", turn, degrees=True).as_matrix()
    poses[:, :3, 3] = np.outer(times_s, [0.5, 0.05, 0.3]) + 0.03 * shake
    return poses


def errors(trajectory, path=carried):
    return pose_errors(trajectory.world_from_cam, path(np.arange(FRAMES) / 12)).ate_percent


@pytest.mark.parametrize("readout_s", [0.010, 0.020, 0.030])
def test_a_known_readout_is_found_and_the_path_is_better_for_it(readout_s: float):
    tracks = rolling(carried, FRAMES, readout_s)
    static = np.ones(tracks.count, bool)
    shared = solve_tracks(tracks, static, OPTIONS)
    answer, found_s = with_readout(tracks, static, shared, OPTIONS)
    assert found_s == pytest.approx(readout_s, rel=0.15)
    assert errors(answer) < 0.5 * errors(shared)
    assert answer.reprojection_error_px < shared.reprojection_error_px


def test_a_solve_says_what_it_found_and_does_not_take_it_for_a_zoom_or_a_moving_crop():
    tracks = rolling(carried, FRAMES, 0.025)
    answer = solve_clip(tracks, np.ones(tracks.count, bool), [], OPTIONS)
    assert answer.readout_s == pytest.approx(0.025, rel=0.15)
    assert answer.focal_px_per_frame is None
    assert answer.centre_px_per_frame is None
    assert not answer.moving_crop
    np.testing.assert_allclose(answer.ideal(tracks).xy, answer.tracks.xy)


@pytest.mark.parametrize("noise_px", [0.05, 0.3])
def test_a_global_shutter_is_left_alone(noise_px: float):
    tracks = rolling(carried, FRAMES, 0.0, noise_px=noise_px)
    static = np.ones(tracks.count, bool)
    shared = solve_tracks(tracks, static, OPTIONS)
    answer, found_s = with_readout(tracks, static, shared, OPTIONS)
    assert found_s is None
    assert answer is shared


def test_nothing_is_asked_where_velocities_or_rows_are_not_known():
    tracks = rolling(carried, FRAMES, 0.02)
    static, search = np.ones(tracks.count, bool), ReadoutSearch()
    model = solve_tracks(tracks, static, OPTIONS).model
    assert found_readout_s(tracks, model, search) is not None
    assert found_readout_s(tracks, model, ReadoutSearch(slowest_s=0.01)) is None
    blind = scene(walk(FRAMES)).tracks
    assert found_readout_s(blind, solve_tracks(blind, np.ones(blind.count, bool), OPTIONS).model, search) is None
    blind_to_it = SolveOptions(lens=LensOptions(readout=None))
    assert with_readout(tracks, static, solve_tracks(tracks, static, OPTIONS), blind_to_it)[1] is None


def test_reading_at_once_and_by_rows_are_inverse_and_neighbours_lend_their_velocity():
    tracks = rolling(carried, 6, 0.02)
    there = read_at_once(tracks, 0.02)
    assert np.abs(there.xy - tracks.xy).max() > 1.0
    np.testing.assert_allclose(read_by_rows(there, 0.02).xy, tracks.xy, atol=1e-9)
    assert read_at_once(tracks, None) is tracks
    assert read_by_rows(tracks, None) is tracks
    velocity = tracks.velocity_px_s.copy()
    velocity[::7] = np.nan
    off = np.linalg.norm(filled(tracks, velocity) - tracks.velocity_px_s, axis=1)
    assert off[np.isfinite(velocity[:, 0])].max() == 0.0
    assert np.median(off[::7]) < 20.0
    assert source_interval_s(tracks) == pytest.approx(1 / 24)


def test_a_frame_without_velocities_stays_as_it_is():
    tracks = tracks_from(
        np.array([0, 0]), np.array([0, 1]), np.array([[5.0, 0.0], [6.0, 0.0]]), np.array([0.0, 0.1]),
        np.array([0, 2]), (100, 50), velocity_px_s=np.array([[10.0, 0.0], [np.nan, np.nan]]),
    )  # fmt: skip
    np.testing.assert_allclose(read_at_once(tracks, 0.02).xy, [[5.1, 0.0], [6.0, 0.0]])


def test_the_lowest_point_of_a_parabola_is_exact():
    shares = np.arange(5) * 0.25
    share, least = lowest((shares - 0.6) ** 2 + 3.0, 0.25)
    assert share == pytest.approx(0.6)
    assert least == pytest.approx(3.0)
    assert lowest(np.array([3.0, 2.0, 1.0]), 0.25) == (0.5, 1.0)
