"""Known answers: projected points of static scenes, moving bodies, turning and zooming cameras."""

import numpy as np
import pytest
from filter_scenes import HEIGHT, WIDTH, dense, flat, join, project, record, room, times, walk
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from factory.filters.distortion import LensDistortion
from factory.filters.focal import FocalLength
from factory.filters.moving import MovingShare
from factory.filters.parallax import Parallax
from factory.filters.two_view import TwoView
from factory.filters.zoom import ZoomRate
from factory.geometry.camera import centred_camera
from factory.geometry.epipolar import fundamental_matrix, sampson_error

FRAMES = 30
HAND_HELD = ((0.06, 0.01, 0.03), 0.4)
STAGES = (MovingShare(), Parallax(), ZoomRate(), FocalLength(), LensDistortion())


def features(tracks):
    result = TwoView()(record(tracks=tracks))
    for stage in STAGES:
        result = stage(result)
    return result


def body(velocity, count=60, size=0.8, at=(0.3, 0.2, 4.0)):
    """A body `size` across, (F, N, 3), that moves by `velocity` a frame."""
    points = np.random.default_rng(5).uniform(-size / 2, size / 2, (count, 3)) + at
    return points + np.arange(FRAMES)[:, None, None] * np.array(velocity)


def zooming(rate):
    """Points that spread from the centre, as under a zoom: scale grows by `rate` a second."""
    start = np.random.default_rng(2).uniform((-160, -90), (160, 90), (500, 2))
    xy = start * np.exp(rate * times(FRAMES))[:, None, None] + [WIDTH / 2, HEIGHT / 2]
    xy[((xy < 0) | (xy >= [WIDTH, HEIGHT])).any(axis=-1)] = np.nan
    return flat(xy)


@settings(max_examples=12, deadline=None)
@given(
    x=st.floats(0.03, 0.1), z=st.floats(-0.04, 0.06), turn_deg=st.floats(-0.8, 0.8), seed=st.integers(0, 1000)
)  # fmt: skip
def test_in_a_static_scene_nothing_moves(x, z, turn_deg, seed):
    result = features(project(room(seed=seed), *walk(FRAMES, (x, 0.0, z), turn_deg), seed=seed))
    assume(result["paired_share"] > 0)  # a turn may cancel the motion, or lose the scene
    assert result["moving_share"] < 0.02
    assert result["rigid_share"] > 0.9


def test_a_body_that_moves_across_the_epipolar_lines_is_found():
    tracks = join(
        project(room(), *walk(FRAMES, *HAND_HELD)), project(body((0.02, -0.05, 0.0)), *walk(FRAMES, *HAND_HELD))
    )
    result = features(tracks)
    assert 0.05 < result["moving_share"] < 0.3
    assert result["rigid_share"] > 0.9


def test_a_body_seen_by_a_turning_camera_is_found():
    camera = walk(FRAMES, (0, 0, 0), 0.7)
    background, carried = project(room(900), *camera), project(body((-0.045, 0.0, 0.0), count=16, size=0.3), *camera)
    assert features(background)["moving_share"] < 0.005
    assert features(join(background, carried))["moving_share"] > 0.02


def test_errors_are_sampson_distances_with_a_side():
    tracks = project(room(), *walk(FRAMES, *HAND_HELD))
    for pair in TwoView()(record(tracks=tracks))["view_pairs"]:
        camera = centred_camera(WIDTH, WIDTH, HEIGHT)
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = pair.rotation, pair.direction
        truth = sampson_error(fundamental_matrix(pose, camera, camera), pair.xy1, pair.xy2)
        np.testing.assert_allclose(np.abs(pair.error_px), truth, atol=1e-6)
        assert {-1.0, 1.0} <= set(np.sign(pair.error_px))


def test_tracking_errors_that_stand_alone_are_no_motion():
    tracks = project(room(), *walk(FRAMES, *HAND_HELD))
    xy = dense(tracks)
    wrong = np.random.default_rng(0).random(tracks.count) < 0.05
    xy[:, wrong] += np.random.default_rng(1).normal(0, 12, (FRAMES, int(wrong.sum()), 2))
    assert features(flat(xy))["moving_share"] < 0.01


def test_a_still_camera_gives_no_pairs_and_everyone_abstains():
    result = features(project(room(), *walk(FRAMES, (0, 0, 0))))
    assert result["paired_share"] == 0
    names = ("moving_share", "rigid_share", "parallax", "zoom_rate", "focal_ratio", "barrel_distortion")
    assert {name: result[name] for name in names} == dict.fromkeys(names)


def test_too_few_points_give_no_pairs():
    assert features(project(room(40), *walk(FRAMES, *HAND_HELD)))["paired_share"] == 0


def test_parallax_tells_walking_from_turning():
    assert features(project(room(), *walk(FRAMES, *HAND_HELD)))["parallax"] > 0.2
    assert features(project(room(), *walk(FRAMES, (0, 0, 0), 0.7)))["parallax"] < 0.02


def test_zoom_rate_is_the_rate_of_the_scale():
    assert features(zooming(0.3))["zoom_rate"] == pytest.approx(0.3, rel=0.05)


def test_walking_forward_is_no_zoom():
    assert features(project(room(), *walk(FRAMES, (0, 0, 0.06))))["zoom_rate"] == 0


@pytest.mark.parametrize("focal", [0.7, 1.0, 1.6])
def test_focal_ratio_of_a_walk_is_the_truth(focal):
    result = features(project(room(900), *walk(FRAMES, (0.08, 0.03, 0.05), 0.5), focal=focal, noise_px=0.05))
    assert result["focal_ratio"] == pytest.approx(focal, rel=0.2)


def test_focal_abstains_when_the_camera_only_turns():
    assert features(project(room(), *walk(FRAMES, (0, 0, 0), 0.7)))["focal_ratio"] is None


@pytest.mark.parametrize(("k", "expected"), [(0.0, 0.0), (-0.4, 0.4), (-0.6, 0.6)])
def test_barrel_distortion_is_found(k, expected):
    tracks = project(room(800), *walk(FRAMES, (0.08, 0.02, 0.03), 0.7), focal=0.8, k=k)
    assert features(tracks)["barrel_distortion"] == pytest.approx(expected)
