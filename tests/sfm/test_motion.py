"""Still, turning or moving cameras, on projected points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from factory.clip import Clip
from factory.geometry.turning import Matches, fit_rotation, rotation_residual, turning_focal
from factory.models.lk import LucasKanade
from factory.sfm.background import ChooseBackground
from factory.sfm.motion import CameraMotion, JudgeMotion
from factory.sfm.relabel import Relabel
from factory.tracks import tracks_from
from factory.video import clip_frames, probe
from tests.sfm.scenes import FOCAL_PX, Scene, scene, walk

FRAMES = 22


def judged(case: Scene) -> CameraMotion:
    return JudgeMotion()(case.tracks, ChooseBackground()(case.tracks))


def test_a_still_camera_with_a_moving_body():
    case = scene(walk(FRAMES, path=0.0, turn_deg=0.0), 200, 200)
    motion = judged(case)
    assert motion.verdict == "still"
    assert motion.still_share == pytest.approx(1.0, abs=0.1)


def test_a_mast_that_sways_is_still_and_a_slow_pan_is_not():
    still = scene(walk(36, path=0.0, turn_deg=0.0), 200).tracks
    sway = 0.8 * np.sin(0.9 * still.frame)[:, None] * np.array([1.0, 0.3])
    pan = 0.15 * still.frame[:, None] * np.array([1.0, 0.0])
    rebuilt = [
        tracks_from(still.track, still.frame, still.xy + d, still.times_s, still.frame_index, (640, 360))
        for d in (sway, pan)
    ]
    swaying, panning = (JudgeMotion().still_share(tracks) for tracks in rebuilt)
    assert swaying is not None
    assert swaying > 0.5
    assert panning is not None
    assert panning < 0.5


@pytest.mark.parametrize("turn_deg, moving", [(25.0, 0), (25.0, 70), (4.0, 40)])
def test_a_turning_camera_and_its_focal(turn_deg, moving):
    motion = judged(scene(walk(FRAMES, path=0.0, turn_deg=turn_deg), 200, moving))
    assert motion.verdict == "rotation"
    assert motion.parallax_ratio is not None
    assert motion.parallax_ratio < 4
    assert motion.focal_px == pytest.approx(FOCAL_PX, rel=0.02)


@pytest.mark.parametrize("path, moving", [(0.06, 0), (1.2, 60)])
def test_a_camera_that_moves_has_parallax(path, moving):
    motion = judged(scene(walk(FRAMES, path=path), 200, moving))
    assert motion.verdict == "parallax"
    assert (motion.focal_px is None) == (path == 1.2)


def test_too_few_tracks_give_no_verdict():
    motion = judged(scene(walk(FRAMES), 8))
    assert motion.verdict == "unknown"
    assert motion.reason
    assert motion.parallax_ratio is None


@pytest.mark.parametrize("turn_deg", [0.0, 25.0])
def test_without_parallax_a_body_has_nowhere_to_hide(turn_deg):
    case = scene(walk(FRAMES, path=0.0, turn_deg=turn_deg), 200, 80)
    background = ChooseBackground()(case.tracks)
    again = Relabel()(case.tracks, background, JudgeMotion()(case.tracks, background))
    assert background.is_dynamic[case.is_dynamic].mean() < 0.95
    assert again.is_dynamic[case.is_dynamic].mean() > 0.95
    assert again.is_background[~case.is_dynamic].mean() > 0.95


def test_with_parallax_labels_stay():
    case = scene(walk(FRAMES), 200, 50)
    background = ChooseBackground()(case.tracks)
    assert Relabel()(case.tracks, background, CameraMotion("parallax")) is background


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(-15, 15), st.floats(-15, 15), st.floats(-20, 20), st.floats(0, 0.35))
def test_a_rotation_is_found_among_outliers(seed, x_deg, y_deg, z_deg, wrong_share):
    rng = np.random.default_rng(seed)
    true = Rotation.from_euler("xyz", [x_deg, y_deg, z_deg], degrees=True).as_matrix()
    xy = rng.uniform(-300, 300, (150, 2))
    turned = np.column_stack([xy / 500, np.ones(150)]) @ true.T
    moved = turned[:, :2] / turned[:, 2:] * 500
    wrong = rng.random(150) < wrong_share
    moved[wrong] += rng.uniform(20, 80, (int(wrong.sum()), 2))
    found = fit_rotation(Matches(xy, moved), 500.0)
    assert np.median(rotation_residual(Matches(xy, moved), 500.0, found)[~wrong]) < 0.1


@pytest.mark.parametrize("focal_px", [350.0, 700.0, 1800.0])
def test_one_focal_is_found_for_all_rotations(focal_px):
    rng = np.random.default_rng(1)
    pairs = []
    for angle in ([3, 8, 1], [-4, 6, 2], [6, -9, -1]):
        true = Rotation.from_euler("xyz", np.array(angle) * 500 / focal_px, degrees=True).as_matrix()
        xy = rng.uniform(-250, 250, (200, 2))
        turned = np.column_stack([xy / focal_px, np.ones(200)]) @ true.T
        pairs.append(Matches(xy, turned[:, :2] / turned[:, 2:] * focal_px + rng.normal(0, 0.1, (200, 2))))
    found, _ = turning_focal(pairs, 640.0)
    assert found == pytest.approx(focal_px, rel=0.03)


@pytest.mark.media
@pytest.mark.parametrize(
    "name, verdict",
    [
        ("negatives/static_juggler.mp4", "still"),
        ("negatives/static_carpark_topdown.mp4", "still"),
        ("negatives/signing_walk.mkv", "still"),
        ("gt_poses/kitchen_breakdance/kitchen_breakdance.mp4", "parallax"),
    ],
)
def test_real_clips(media, name, verdict):
    path = media / name
    info = probe(path)
    clip = Clip(name, str(path), 0.0, 4.0, info.width, info.height, info.fps, 0, 0)
    tracks, _ = LucasKanade().track(clip_frames(path, clip, max_side_px=640, grey=True), info.fps)
    assert JudgeMotion()(tracks, ChooseBackground()(tracks)).verdict == verdict
