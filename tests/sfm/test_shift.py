"""A moving principal point is recognised, solved for, and not taken for anything else."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from factory.geometry.trajectory import pose_errors
from factory.phases.grading import GradeCamera
from factory.phases.pose import _trajectory
from factory.sfm.attempts import solve_tracks
from factory.sfm.lens.shift import ShiftSearch, shifted_gain
from factory.sfm.mapping.bundle import retriangulated
from factory.sfm.model.trajectory import Trajectory, middle_px, recentred
from factory.sfm.moving_crop import doubted, has_moving_crop, with_shift
from factory.sfm.options import LensOptions, MappingOptions, PairOptions, PointOptions, SolveOptions
from factory.sfm.solve import solve_clip
from factory.sfm.zoom.rotation_only import solve_rotation
from factory.tracks import Tracks
from tests.sfm.scenes import FOCAL_PX, scene, walk

FRAMES = 20
# Nothing that needs pictures.
OPTIONS = SolveOptions(
    pairs=PairOptions(strides=(1, 2, 4, 8)),
    points=PointOptions(refinement=None, sift=None),
    mapping=MappingOptions(sharpening=None),
)


def jitter(step_px: float, most_px: float = 20.0, seed: int = 0) -> np.ndarray:
    """Principal points from the middle, float64 (F, 2): a random walk about it."""
    shift = np.cumsum(np.random.default_rng(seed).normal(0, step_px, (FRAMES, 2)), axis=0)
    return np.clip(shift - shift.mean(axis=0), -most_px, most_px)


def cropped(poses: np.ndarray, shift_px: np.ndarray, static: int = 160, moving: int = 0) -> Tracks:
    """Exact tracks of pictures that are shifted, but for what leaves them."""
    tracks = scene(poses, static, moving).tracks
    tracks = recentred(tracks, middle_px(tracks) - shift_px)
    inside = np.all((tracks.xy >= 0) & (tracks.xy <= [tracks.width - 1, tracks.height - 1]), axis=1)
    tracks = tracks.observations(inside)
    return tracks.select(tracks.lengths() >= 3)


@cache
def solved(step_px: float) -> tuple[Trajectory, Trajectory]:
    """The solution with one principal point, and what becomes of it, of a walk."""
    tracks = cropped(walk(FRAMES), jitter(step_px))
    everything = np.ones(tracks.count, bool)
    return solve_tracks(tracks, everything, OPTIONS), solve_clip(tracks, everything, [], OPTIONS)


def ate_percent(path: Trajectory) -> float:
    ate = pose_errors(path.world_from_cam, walk(FRAMES)).ate_percent
    assert ate is not None
    return ate


@pytest.mark.parametrize("step_px", [1.5, 6.0])
def test_a_moving_crop_is_solved(step_px: float):
    shared, path = solved(step_px)
    assert path.centre_px_per_frame is not None
    assert path.registered.all()
    assert ate_percent(path) < 0.3
    assert ate_percent(path) < ate_percent(shared)
    assert path.camera.focal_px == pytest.approx(FOCAL_PX, rel=0.03)
    off = path.centre_px_per_frame - middle_px(path.tracks) - jitter(step_px)
    assert (off - off.mean(axis=0)).std() < 0.15 * jitter(step_px).std() + 0.3


def test_one_principal_point_for_all_bends_path_and_focal_length():
    """What the test above is there for."""
    shared, _ = solved(6.0)
    assert ate_percent(shared) > 1.0 or abs(shared.camera.focal_px / FOCAL_PX - 1) > 0.05


def test_a_solved_crop_is_accepted():
    path = solved(6.0)[1]
    trust = GradeCamera().trust(path, path.as_seen(), OPTIONS)
    assert not trust.reasons, trust.reasons
    assert trust.signals.apart is not None
    assert trust.signals.apart.ate_percent > 0.0


def test_the_row_has_a_principal_point_a_frame_in_pixels_of_the_clip():
    path = solved(6.0)[1]
    centre = np.array(path.centre_px_per_frame)
    lost = replace(path, centre_px_per_frame=np.where(np.arange(FRAMES)[:, None] == 3, np.nan, centre))
    row = _trajectory(lost, 2 * path.tracks.width)
    assert row["cx_per_frame_px"][3] is None
    assert row["cx_per_frame_px"][0] == pytest.approx(2 * centre[0, 0] + 0.5)
    assert row["cy_per_frame_px"][0] == pytest.approx(2 * centre[0, 1] + 0.5)
    shared = _trajectory(replace(path, centre_px_per_frame=None), path.tracks.width)
    assert shared["cx_per_frame_px"] is None
    assert shared["cy_per_frame_px"] is None


def test_tracks_come_back_to_where_they_were_seen():
    path = solved(6.0)[1]
    assert not np.allclose(path.as_seen().xy, path.tracks.xy, atol=1.0)
    assert np.allclose(path.recentred(path.as_seen()).xy, path.tracks.xy)


def test_a_crop_that_rests_stays_as_it_was():
    tracks = cropped(walk(FRAMES), np.zeros((FRAMES, 2)))
    shared = solve_tracks(tracks, np.ones(tracks.count, bool), OPTIONS)
    assert shifted_gain(shared, ShiftSearch()) < 1.06
    assert not has_moving_crop(shared, ShiftSearch())
    assert shifted_gain(solved(1.5)[0], ShiftSearch()) > ShiftSearch().gate_gain


def test_neither_zoom_nor_distortion_passes_for_a_moving_crop():
    tracks = cropped(walk(FRAMES), np.zeros((FRAMES, 2)))
    middle, everything = middle_px(tracks), np.ones(tracks.count, bool)
    zoom = np.exp(np.linspace(0.0, 0.3, FRAMES))[tracks.frame][:, None]
    ideal = (tracks.xy - middle) / FOCAL_PX
    bent = 1.0 - 0.15 * np.sum(ideal**2, axis=1, keepdims=True)
    for factor in (zoom, bent):
        seen = replace(tracks, xy=middle + (tracks.xy - middle) * factor)
        path = solve_clip(seen, everything, [], OPTIONS)
        assert path.centre_px_per_frame is None
        assert not path.moving_crop


def test_a_crop_that_cannot_be_solved_is_refused():
    shared = solved(6.0)[0]
    few = replace(OPTIONS, lens=LensOptions(shift=ShiftSearch(least_kept=10.0)))
    marked = with_shift(shared, few)
    assert marked.moving_crop
    trust = GradeCamera().trust(marked, marked.tracks, OPTIONS)
    assert trust.reasons
    assert not trust.focal_reliable
    assert trust.reasons[0].startswith("moving_crop: ")


def test_a_focal_length_beside_moving_principal_points_is_not_called_reliable():
    path = solved(6.0)[1]
    trust = GradeCamera().trust(path, path.as_seen(), OPTIONS)
    assert not trust.reasons
    assert not trust.focal_reliable


def test_a_turn_with_a_moving_crop_is_told_from_a_turn():
    poses = walk(FRAMES, path=0.0, turn_deg=10.0)
    answers = []
    for shift in (np.zeros((FRAMES, 2)), jitter(6.0)):
        tracks = cropped(poses, shift)
        turning = solve_rotation(tracks, np.ones(tracks.count, bool))
        answers.append((turning, doubted(turning, ShiftSearch())))
    assert answers[0][0] is answers[0][1]
    assert answers[0][0].focal_reliable
    assert answers[1][1].moving_crop
    assert GradeCamera().trust(answers[1][1], answers[1][1].tracks, OPTIONS).reasons[0].startswith("moving_crop: ")


def test_without_the_option_no_crop_is_looked_for():
    shared, _ = solved(6.0)
    assert not has_moving_crop(shared, None)


def test_where_the_last_round_leaves_nothing_the_crop_is_refused(monkeypatch):
    """As a half of a solve of two bodies may be: points that were adjusted fit nothing, and there is nothing to ask."""
    calls, rounds = [], len(ShiftSearch().rounds)

    def forgetful(tracks, model, *how):
        calls.append(1)
        model = retriangulated(tracks, model, *how)
        return model.keep(np.zeros(len(model.kept), bool)) if len(calls) > rounds else model

    monkeypatch.setattr("factory.sfm.lens.shift.retriangulated", forgetful)
    assert with_shift(solved(1.5)[0], OPTIONS).moving_crop
    assert len(calls) > rounds
