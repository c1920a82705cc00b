"""The filter's clips: how many of which kind, what an alteration changes and what not, what editing does."""

import json

import numpy as np
import pytest

from factory.errors import ConfigError
from factory.evaluate.labels import read_labels
from factory.synth.labelled import render_labelled
from factory.synth.moment import Geometry
from factory.synth.presets import edits, panda, panda_alter, panda_scenes, panda_screens
from factory.synth.presets.panda import BOXED, SUITABLE, UNSUITED, clips
from factory.synth.scene import Scene, straight_walk
from factory.synth.sets import actors
from factory.synth.take import Clip, Film, Labels, Take

TIMES_S = np.linspace(0, 2, 9)
pytestmark = pytest.mark.usefixtures("bare_walls")


@pytest.fixture
def take():
    return panda._walk(np.random.default_rng(4))


@pytest.fixture
def frames():
    """Two takes of 12 frames, of one grey level each and a bright bar that moves, which both have."""
    made = np.full((24, 60, 96, 3), 40, np.uint8)
    made[12:] = 200
    for n in range(24):
        made[n, :, 2 * n : 2 * n + 6] = 120
    return made


def test_there_are_200_names_that_stay():
    assert len(clips(0)) == 200
    assert list(clips(0)) == list(clips(5))
    assert sum(count for count, _ in SUITABLE.values()) + BOXED == 89
    assert not any(labels.suitable for _, _, labels in UNSUITED.values())
    assert len({labels for _, _, labels in UNSUITED.values()}) == len(UNSUITED)


def test_the_first_hundred_show_every_kind():
    assert {name.rsplit("_", 1)[0] for name in list(clips(0))[:100]} == {*SUITABLE, "boxed", *UNSUITED}


@pytest.mark.parametrize("kind", [*SUITABLE, "boxed", *UNSUITED])
def test_a_clip_of_every_kind_can_be_made(kind):
    clip = clips(0)[f"{kind}_00"]()
    assert clip.labels_only
    assert clip.labels.suitable == (kind not in UNSUITED)
    assert clip.labels.camera == "none" or all(take.scene.bodies for take in clip.takes)
    for made in clip.takes:
        made.lens(0.5).check_fills(clip.size)
        centre_m = made.path(np.array([0.0, 1.0]))[:, :3, 3]
        moves = not np.allclose(*centre_m)
        if kind not in ("zoom", "digital_zoom", "screen", "talking"):
            assert moves == (clip.labels.camera == "moving")


def test_two_shots_are_too_short_for_a_clip_each():
    assert all(panda._cut(np.random.default_rng(seed)).seconds < 1.5 for seed in (0, 3))


def test_what_moves_can_be_taken_away_or_stopped(take):
    assert Geometry(take.scene).moving.size
    for still in (panda_alter.emptied(take), panda_alter.frozen(take)):
        assert not Geometry(still.scene).moving.size
        np.testing.assert_array_equal(still.path(TIMES_S), take.path(TIMES_S))
    assert len(panda_alter.frozen(take).scene.bodies) == len(take.scene.bodies)
    assert len(panda_alter.emptied(take).scene.bodies) < len(take.scene.bodies)


def test_tripods_stand_and_pans_only_turn(take):
    assert np.ptp(panda_alter.on_tripod(take).path(TIMES_S), axis=0).max() == 0
    poses = panda_alter.turning(take, np.random.default_rng(0), 10.0, 0.2).path(TIMES_S)
    assert np.ptp(poses[:, :3, 3], axis=0).max() == 0
    turn_deg = np.degrees(np.arccos(np.clip((poses[0, :3, 2] * poses[-1, :3, 2]).sum(), -1, 1)))
    assert turn_deg == pytest.approx(20, abs=3)


def test_a_whip_turns_and_a_zoom_grows(take):
    whipped = panda_alter.whipped(take, 0.8, 90.0, 0.4).path(np.array([0.7, 1.3]))
    steady = take.path(np.array([0.7, 1.3]))
    np.testing.assert_allclose(whipped[0], steady[0])
    assert whipped[1, :3, 2] @ steady[1, :3, 2] < 0.2
    lens = panda_alter.growing(take, 2.0, 2.0).lens
    assert lens(2.0).focal_px == pytest.approx(2 * lens(0.0).focal_px)


def test_faster_actors_and_the_same_camera(take):
    body = int(Geometry(take.scene).moving[0])
    hurried = panda_alter.faster(take, 4.0)
    np.testing.assert_allclose(hurried.scene.bodies[body].at(0.5).vertices, take.scene.bodies[body].at(2.0).vertices)
    np.testing.assert_array_equal(hurried.path(TIMES_S), take.path(TIMES_S))


def test_what_is_in_the_car_stays_before_the_camera():
    made = panda_scenes.in_car(np.random.default_rng(1), ())
    cabin = made.scene.bodies[-1]
    first, later = (np.linalg.inv(made.path(np.array([t]))[0]) for t in (0.0, 1.5))
    ends = [pose[:3, :3] @ cabin.at(t).vertices.T for pose, t in ((first, 0.0), (later, 1.5))]
    np.testing.assert_allclose(ends[0] + first[:3, 3:], ends[1] + later[:3, 3:], atol=1e-9)


def test_a_dissolve_shows_both_takes_at_once(frames):
    mixed = edits.dissolve(0.5)(frames)
    assert len(mixed) == 18
    levels = mixed[:, 0, -1, 0]
    assert (levels[:6] == 40).all()
    assert (levels[12:] == 200).all()
    assert (np.diff(levels[5:13].astype(int)) > 0).all()


def test_a_fade_is_black_in_the_middle(frames):
    faded = edits.through_black(0.5)(frames)
    assert faded[12].max() == 0
    np.testing.assert_array_equal(faded[[0, -1]], frames[[0, -1]])


def test_a_freeze_keeps_its_frame(frames):
    held = edits.held_from(0.25)(frames)
    np.testing.assert_array_equal(held[:7], frames[:7])
    assert (held[6:] == frames[6]).all()


def test_a_zoom_into_a_still_enlarges_it(frames):
    made = edits.still_moved(10, (1.0, 2.0), (0.0, 0.0))(frames[20:22])
    widths = [int((frame[30, :, 0] > 160).sum()) for frame in made]
    np.testing.assert_array_equal(made[0], frames[20])
    assert len(made) == 20
    assert edits.zoomed(2.0)(frames)[0].tolist() == frames[0].tolist()
    assert widths[-1] != widths[0]


def test_titles_stay_while_the_picture_moves(frames):
    made = edits.titled(np.random.default_rng(0))(frames)
    changed = (made != frames).any(axis=(0, 3))
    still = np.ptp(made, axis=0).max(axis=2) == 0
    assert 0.15 < changed.mean() < 0.8
    assert still[changed & (np.ptp(frames, axis=0).max(axis=2) > 0)].mean() > 0.9


def test_bars_are_black_and_the_rest_is_kept(frames):
    made = edits.letterboxed(0.2)(frames)
    assert made[:, :6].max() == made[:, -6:].max() == 0
    np.testing.assert_array_equal(made[:, 6:-6], frames[:, 6:-6])


def test_a_cartoon_has_few_colours_and_shows_each_drawing_twice():
    noisy = np.random.default_rng(0).integers(0, 255, (7, 60, 96, 3)).astype(np.uint8)
    made = edits.cartoon(4, on_twos=True)(noisy)
    assert len(np.unique(made.reshape(-1, 3), axis=0)) <= 65
    np.testing.assert_array_equal(made[0], made[1])
    assert len(made) == 7


def test_only_the_background_is_out_of_focus():
    far = np.random.default_rng(1).integers(0, 255, (2, 60, 96, 3)).astype(np.uint8)
    near = far.copy()
    near[:, 20:40, 30:60] = 255 - far[:, 20:40, 30:60]
    made = edits.before_blur(0.05)(np.concatenate([near, far]))
    assert made[:, :, :20].std() < 0.3 * far[:, :, :20].std()
    assert made[:, 24:36, 36:54].std() > 0.8 * near[:, 24:36, 36:54].std()


def test_a_split_screen_shows_both_takes(frames):
    made = edits.side_by_side(frames)
    assert made.shape == (12, 60, 96, 3)
    assert (np.median(made[:, :, :48]), np.median(made[:, :, 48:])) == (40, 200)


def test_screens_fill_the_frame_and_move(frames):
    for edit in (panda_screens.scrolling, panda_screens.windows):
        made = edit(np.random.default_rng(2))(frames)
        assert made.shape == frames.shape
        assert made.dtype == np.uint8
        assert np.ptp(made, axis=0).max() > 0


def test_a_clip_is_its_video_and_its_labels_and_equal_each_time(tmp_path):
    noise = Clip(
        "n", (), Labels("none", False, "noise"), (64, 36), 8, 1.0, labels_only=True, edit=edits.noise_of((1, 2), 30)
    )
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        render_labelled(folder, noise, 0, (), {"seed": 0})
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["n.json", "n.mp4"]
    assert (tmp_path / "a" / "n.mp4").read_bytes() == (tmp_path / "b" / "n.mp4").read_bytes()
    assert json.loads((tmp_path / "a" / "n.json").read_text())["frame_count"] == 8
    with pytest.raises(ConfigError, match="leave out --truth"):
        render_labelled(tmp_path, noise, 0, ("depth",), {})


def test_the_filter_reads_the_labels(tmp_path):
    room_take = Take(
        Scene(actors.walker(np.random.default_rng(0), straight_walk((0, 2), (0.5, 0))), (0, 0, 9)),
        panda_alter.on_tripod(panda._walk(np.random.default_rng(4))).path,
        panda._walk(np.random.default_rng(4)).lens,
        Film(),
    )
    for name, labels in (("yes", Labels("moving", True)), ("no", Labels("moving", True, "zoom"))):
        render_labelled(tmp_path, Clip(name, (room_take,), labels, (48, 26), 4, 0.5, labels_only=True), 0, (), {})
    found = {label.file: (label.suitable, label.why) for label in read_labels(tmp_path)}
    assert found == {"yes.mp4": (True, ""), "no.mp4": (False, "zoom")}
