"""Paths of rigs whose truth is known, from tracks alone: metres, moving points, frames that cannot be placed."""

from dataclasses import replace

import numpy as np
import pytest

from factory.geometry.lens import equirect180, pinhole
from factory.geometry.trajectory import align_rigid, align_similarity, path_length, rotation_angle_deg
from factory.stereo.lag import lag_frames
from factory.stereo.pair import StereoTracks
from factory.stereo.sighted import sighted
from factory.stereo.signals import measured
from factory.stereo.solve import RigOptions, solve_rig
from tests.stereo.made_rigs import WIDE, made, rig, walk


def ate_percent(path, truth):
    placed = np.isfinite(path.world_from_left[:, 0, 0])
    here, there = path.world_from_left[placed, :3, 3], truth[placed, :3, 3]
    off = align_rigid(here, there).points(here) - there
    return 100 * np.sqrt(np.mean(np.sum(off**2, axis=1))) / path_length(truth)


def without(stereo: StereoTracks, rows: np.ndarray) -> StereoTracks:
    """Less the sightings `rows`; those of one frame alone make no track."""
    keep = ~rows
    keep &= (np.bincount(stereo.tracks.track[keep], minlength=stereo.tracks.count) >= 2)[stereo.tracks.track]
    return StereoTracks(stereo.tracks.observations(keep), stereo.right_xy[keep])


def test_a_turned_rig_among_moving_points_gives_rig_and_path_in_metres():
    scene = made(rig((2.0, -1.5, 2.0)), walk(16))
    path = solve_rig(scene.stereo, WIDE, RigOptions()).path
    assert np.isfinite(path.world_from_left).all()
    assert ate_percent(path, scene.world_from_left) < 0.2
    scale = align_similarity(path.world_from_left[:, :3, 3], scene.world_from_left[:, :3, 3]).scale
    assert scale == pytest.approx(1.0, abs=0.003)
    assert rotation_angle_deg(path.left_from_right[:3, :3].T @ scene.left_from_right[:3, :3]) < 0.02
    assert np.linalg.norm(path.left_from_right[:3, 3]) == pytest.approx(0.063, abs=1e-9)
    static = np.isfinite(path.points[:, 0])
    assert static[~scene.moves].mean() > 0.95
    assert static[scene.moves].mean() < 0.1


def test_a_held_rig_stays_as_it_is_and_the_baseline_gives_the_metres():
    lens = pinhole(450.0, (640, 360))
    scene = made(rig(baseline_m=0.5), walk(12, step_m=0.2), lens, (640, 360))
    path = solve_rig(scene.stereo, lens, RigOptions(baseline_m=0.5, rig="held")).path
    assert np.allclose(path.left_from_right, scene.left_from_right, atol=1e-9)
    assert ate_percent(path, scene.world_from_left) < 0.3


def test_frames_that_nothing_leads_to_are_not_placed():
    scene = made(rig(), walk(20))
    cut = scene.stereo.tracks.frame
    solve = solve_rig(without(scene.stereo, cut == 4), WIDE, RigOptions())  # tracks go on behind it
    placed = np.isfinite(solve.path.world_from_left[:, 0, 0])
    assert np.flatnonzero(~placed).tolist() == [4]
    assert ate_percent(solve.path, scene.world_from_left) < 0.2
    # Without any track over the cut there are two paths, and nothing says how they lie: the longer one is given.
    tracks = scene.stereo.tracks
    first = np.bincount(tracks.track, tracks.frame < 7, tracks.count) > 0
    apart = without(scene.stereo, np.where(first[tracks.track], cut >= 7, cut < 7))
    placed = np.isfinite(solve_rig(apart, WIDE, RigOptions()).path.world_from_left[:, 0, 0])
    assert np.flatnonzero(placed).tolist() == list(range(7, 20))


def test_a_camera_that_stands_is_called_still_and_one_that_turns_turning():
    still = np.tile(np.eye(4), (12, 1, 1))
    turning = walk(12)
    turning[:, :3, 3] = 0.0
    for poses, method in ((still, "still"), (turning, "turning"), (walk(12), "moving")):
        scene = made(rig(), poses)
        assert measured(solve_rig(scene.stereo, WIDE, RigOptions()), RigOptions()).method == method


def test_halves_differ_by_about_the_error():
    scene = made(rig((1.0, 1.0, 1.0)), walk(16))
    solve = solve_rig(scene.stereo, WIDE, RigOptions())
    halves = measured(solve, RigOptions()).halves
    assert 0.5 < halves.path_percent / ate_percent(solve.path, scene.world_from_left) < 20.0
    assert halves.scale == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_an_eye_that_is_late_is_told(late):
    scene = made(rig((0.5, 1.0, -0.5)), walk(18))
    tracks, right_xy = scene.stereo.tracks, np.full_like(scene.stereo.right_xy, np.nan)
    here = np.arange(max(late, 0), len(right_xy) + min(late, 0))
    same = tracks.track[here] == tracks.track[here - late]
    right_xy[here[same]] = scene.stereo.right_xy[here[same] - late]
    seen = sighted(StereoTracks(tracks, right_xy), WIDE)
    lag = lag_frames(seen, scene.left_from_right, "refined")
    assert abs(lag) < 0.1 if late == 0 else late * lag > 0.6


@pytest.mark.parametrize("spoil", ["nothing matched", "two frames", "no tracks", "noise"])
def test_what_cannot_be_solved_has_no_path_and_raises_nothing(spoil):
    scene = made(rig(), walk(2 if spoil == "two frames" else 10))
    stereo = scene.stereo
    if spoil == "nothing matched":
        stereo = replace(stereo, right_xy=np.full_like(stereo.right_xy, np.nan))
    if spoil == "no tracks":
        stereo = stereo.select(np.zeros(stereo.tracks.count, bool))
    if spoil == "noise":
        stereo = replace(stereo, right_xy=np.random.default_rng(0).uniform(0, 500, stereo.right_xy.shape))
    solve = solve_rig(stereo, WIDE, RigOptions())
    assert solve.path is None
    measured(solve, RigOptions())


def test_a_lens_that_no_rig_is_solved_in_is_named():
    with pytest.raises(ValueError, match="equirect180"):
        solve_rig(made(rig(), walk(5)).stereo, equirect180((500, 500)), RigOptions())
