"""The background among rigid motions, on projected points whose owners are known."""

import numpy as np
import pytest

from factory.background.border import border_score, weakest_win
from factory.background.choose import ChooseBackground
from factory.background.votes import depths, in_front
from factory.tracks import tracks_from
from tests.sfm.scenes import Scene, scene, walk

FRAMES = 18


def kept(case: Scene) -> tuple[float, float]:
    """Share of dynamic observations left in the chosen background, and share of the static ones kept."""
    chosen = ChooseBackground()(case.tracks).is_background[case.tracks.track]
    dynamic = case.is_dynamic[case.tracks.track]
    return float(dynamic[chosen].mean()), float(chosen[~dynamic].mean())


def test_a_static_scene_keeps_its_tracks():
    _, static = kept(scene(walk(FRAMES), 300))
    assert static > 0.99


def test_a_body_with_a_quarter_of_the_tracks_is_removed():
    left, static = kept(scene(walk(FRAMES), 300, 80))
    assert left < 0.01
    assert static > 0.95


@pytest.mark.parametrize("static, moving, spread", [(120, 130, (1.2, 1.0)), (100, 150, (1.6, 1.0))])
def test_a_body_with_most_tracks_is_removed_because_it_does_not_hold_the_border(static, moving, spread):
    case = scene(walk(FRAMES), static, moving, spread=spread)
    assert case.is_dynamic[case.tracks.track].mean() > 0.5
    left, kept_static = kept(case)
    assert left < 0.01
    assert kept_static > 0.7


def test_labels_do_not_hang_on_the_focal_length():
    case = scene(walk(FRAMES), 300, 80)
    for share in (0.7, 1.4):
        chooser = ChooseBackground()
        chooser.vote.focal_share = share
        background = chooser(case.tracks)
        assert background.is_dynamic[case.is_dynamic].mean() > 0.95
        assert background.is_background[~case.is_dynamic].mean() > 0.8


def test_the_answer_is_the_same_every_time():
    case = scene(walk(FRAMES), 150, 80)
    one, two = ChooseBackground()(case.tracks), ChooseBackground()(case.tracks)
    np.testing.assert_array_equal(one.value, two.value)
    assert one.scores == two.scores


def test_without_motion_everything_is_background_and_the_reason_is_given():
    background = ChooseBackground()(scene(walk(FRAMES, path=0.0, turn_deg=0.0), 100).tracks)
    assert background.is_background.all()
    assert background.hypotheses == 0
    assert background.margin is None
    assert "too little motion" in str(background.reason)


def test_no_tracks_at_all_are_no_error():
    none = tracks_from(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 2)), np.arange(5), np.arange(5), (64, 36))
    assert ChooseBackground()(none).reason


def test_short_tracks_take_no_side():
    case = scene(walk(FRAMES), 200, 40)
    stub = case.tracks.track.max() + 1
    tracks = tracks_from(
        np.append(case.tracks.track, [stub, stub]),
        np.append(case.tracks.frame, [3, 4]),
        np.concatenate([case.tracks.xy, [[5.0, 5.0], [6.0, 5.0]]]),
        case.tracks.times_s,
        case.tracks.frame_index,
        (640, 360),
    )
    background = ChooseBackground()(tracks)
    assert np.isnan(background.value[-1])
    assert not background.is_background[-1]
    assert not background.is_dynamic[-1]


def test_the_border_score_counts_left_right_and_top_but_not_the_bottom():
    x, y = np.meshgrid(np.arange(20, 640, 40), np.arange(20, 360, 40))
    xy = np.column_stack([x.ravel(), y.ravel()])
    ids = np.arange(len(xy))
    tracks = tracks_from(
        np.tile(ids, 2), np.repeat([0, 1], len(ids)), np.tile(xy, (2, 1)), np.arange(2), np.arange(2), (640, 360)
    )
    everything, bottom = np.ones(len(xy), bool), xy[:, 1] > 280
    middle = (np.abs(xy[:, 0] - 320) < 200) & (xy[:, 1] > 100)
    assert border_score(tracks, everything) == pytest.approx(1.5)
    assert border_score(tracks, bottom) == 0.0
    assert border_score(tracks, middle) == 0.0
    assert border_score(tracks, ~middle) == pytest.approx(1.5)


def test_depths_of_a_known_point():
    pose = np.hstack([np.eye(3), [[-1.0], [0.0], [0.0]]])  # the second camera stands 1 to the right
    point = np.array([[0.5, 0.2, 4.0], [-2.0, 1.0, 8.0]])
    rays_i = point / point[:, 2:]
    seen = point + pose[:, 3]
    rays_j = seen / seen[:, 2:]
    depth_i, depth_j, sine = depths(pose, rays_i, rays_j)
    np.testing.assert_allclose(depth_i, [4.0, 8.0])
    np.testing.assert_allclose(depth_j, [4.0, 8.0])
    assert (sine > 0).all()
    assert in_front(pose, rays_i, rays_j, 1e-4).all()
    assert not in_front(pose, rays_j, rays_i, 1e-4).any()


def test_the_weakest_win_is_that_of_the_frames_that_little_joins():
    # Twelve tracks around the border, seen in frames 0-5; from 3 to 4 only those that something moving carries go on.
    angle = np.linspace(0, np.pi, 12)
    places = np.column_stack([320 - 310 * np.cos(angle), 250 - 240 * np.sin(angle)])
    moving = np.arange(12) < 8
    frame, place = (values.ravel() for values in np.indices((6, 12)))
    track = np.where((frame >= 4) & ~moving[place], 12 + place, place)
    order = np.lexsort((frame, track))
    number = np.unique(track, return_inverse=True)[1]
    tracks = tracks_from(number[order], frame[order], places[place[order]], np.arange(6) / 12, np.arange(6), (640, 360))
    static = np.concatenate([~moving, np.ones(4, bool)])
    assert weakest_win(tracks, static, 5) == 0.0
    assert weakest_win(tracks, np.ones(16, bool), 5) == 1.0
    assert weakest_win(tracks, static, 53) is None
    assert border_score(tracks, static, 0.0) > 0.2
