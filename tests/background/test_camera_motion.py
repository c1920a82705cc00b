"""Still, turning or moving cameras, on projected points."""

import numpy as np
import pytest

from factory.background.camera_motion import CameraMotion, JudgeMotion
from factory.background.choose import ChooseBackground
from factory.background.relabel import Relabel
from factory.models.lk import LucasKanade
from factory.tracks import tracks_from
from factory.video import clip_frames
from tests.passing import decoding
from tests.sfm.scenes import FOCAL_PX, Scene, scene, walk
from tests.videos import whole

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
    clip = whole(path, 4.0)
    tracks = LucasKanade().track(decoding(clip_frames(path, clip, max_side_px=640, grey=True), clip.fps))
    assert JudgeMotion()(tracks, ChooseBackground()(tracks)).verdict == verdict


def test_what_lasts_on_an_overlay_while_all_else_dies_does_not_make_a_camera_stand():
    """In each border cell one track rests for ever, and five are born with every frame and gone after the next."""
    frames, track, frame, xy = 20, [-1], [], []
    places = [(float(x), 20.0) for x in range(20, 620, 40)]
    for place in places:
        track += [track[-1] + 1] * frames
        frame += list(range(frames))
        xy += [place] * frames
        for f in range(frames - 1):
            for k in range(5):
                track += [track[-1] + 1] * 2
                frame += [f, f + 1]
                xy += [(place[0] + 3 * k, 30.0), (place[0] + 3 * k + 15.0, 30.0)]
    tracks = tracks_from(
        np.array(track[1:]), np.array(frame), np.array(xy), np.arange(frames) / 12, np.arange(frames), (640, 360)
    )
    share = JudgeMotion().still_share(tracks)
    assert share is not None
    assert share < 0.5
    alone = tracks.select(tracks.lengths() == frames)
    assert JudgeMotion().still_share(alone) == 1.0
