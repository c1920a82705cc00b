"""Depth, flow and tracks against motions that are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.geometry.lens import pinhole
from factory.synth import camera, sets
from factory.synth.film import camera_at
from factory.synth.mesh import quad
from factory.synth.render import Renderer
from factory.synth.scene import Body, Scene, rigid, straight_walk
from factory.synth.take import Take
from factory.synth.textures import Texture
from factory.synth.tracks3d import tracks3d
from factory.synth.truth import decode_depth, encode_depth, flow

SIZE = (160, 90)
LENS = pinhole(100, SIZE)
GREY = Texture(np.full((8, 8, 3), 128, np.uint8), 10)
TIMES_S = np.arange(17) / 8
WALL = Body(quad((-9, 4, -9), (18, 0, 0), (0, 0, 18)), GREY)

AHEAD = camera.look_at(np.array([0.0, 0.0, 1.0]), np.array([0.0, 3.0, 1.0]))


def take(bodies: tuple[Body, ...], path=None) -> Take:
    still = camera.tripod((0.0, 0.0, 1.0), (0.0, 3.0, 1.0))
    return Take(Scene(bodies, (0, -5, 9)), path or still, lambda _time_s: LENS)


def patch(motion) -> Body:
    """A square of 1 m at a distance of 2 m: 50 px."""
    return Body(quad((-0.5, 2, 0.5), (1, 0, 0), (0, 0, 1)), GREY, motion)


@given(st.floats(0.1, 200))
def test_coded_depth_is_true_to_half_a_step(depth_m):
    back = float(decode_depth(encode_depth(np.array([depth_m])))[0])
    assert back == pytest.approx(depth_m, rel=0.5 * depth_m / 6553.5 * 1.1 + 1e-6)


def test_the_sky_is_coded_as_nothing():
    assert encode_depth(np.array([np.inf, 1e6])).tolist() == [0, 0]
    assert np.isinf(decode_depth(np.zeros(1, np.uint16))).all()


def test_flow_of_a_camera_that_steps_aside_is_parallax_and_tells_what_is_hidden():
    """0.2 m to the right: the wall at 4 m goes 5 px left, the patch at 2 m 10 px and hides 5 px of wall more."""
    shown = take(
        (WALL, patch(lambda _time_s: np.eye(4))), lambda t: np.array([rigid((0.2 * s, 0, 0)) for s in t]) @ AHEAD
    )
    renderer = Renderer(shown.scene)
    here, there = camera_at(shown, 0.0), camera_at(shown, 1.0)
    sight, _ = renderer.trace(LENS, SIZE, here.world_from_cam, 0.0)
    moved, valid = flow(renderer.geometry, sight, here, there)
    np.testing.assert_allclose(
        moved[sight.body == 1], np.broadcast_to((-10, 0), ((sight.body == 1).sum(), 2)), atol=1e-3
    )
    np.testing.assert_allclose(
        moved[sight.body == 0], np.broadcast_to((-5, 0), ((sight.body == 0).sum(), 2)), atol=1e-3
    )
    assert valid[sight.body == 1].all()
    row = valid[45]
    assert not row[:4].any()  # out of the picture: 5 px, less the half before the first centre
    patch_left = int(np.flatnonzero(sight.body[45] == 1).min())
    assert not row[patch_left - 4 : patch_left].any()  # goes behind the patch
    assert row[6 : patch_left - 6].all()


def test_flow_goes_with_what_moves():
    """The patch moves 0.4 m: 20 px; the wall stands still, and what the patch comes to hide has no valid flow."""
    shown = take((WALL, patch(lambda time_s: rigid((0.4 * time_s, 0, 0)))))
    renderer = Renderer(shown.scene)
    here, there = camera_at(shown, 0.0), camera_at(shown, 1.0)
    sight, _ = renderer.trace(LENS, SIZE, here.world_from_cam, 0.0)
    moved, valid = flow(renderer.geometry, sight, here, there)
    ours = sight.body == 1
    np.testing.assert_allclose(moved[ours], np.broadcast_to((20, 0), (ours.sum(), 2)), atol=1e-3)
    np.testing.assert_allclose(moved[~ours], 0, atol=1e-3)
    assert valid[ours].all()
    np.testing.assert_array_equal(~valid & ~ours, np.roll(ours, 20, axis=1) & ~ours)


def test_tracks_stay_on_their_surface_and_know_when_they_are_hidden():
    """A patch slides from the middle to the right before a wall, 0.5 m/s: 25 px/s."""
    shown = take((WALL, patch(lambda time_s: rigid((0.5 * time_s, 0, 0)))))
    found = tracks3d(Renderer(shown.scene), shown, TIMES_S, SIZE, np.random.default_rng(0))
    moving, still = found.is_dynamic, ~found.is_dynamic
    assert moving.sum() > 100
    assert still.sum() > 150
    np.testing.assert_array_equal(found.body, moving.astype(int))
    drift = found.world_xyz - found.world_xyz[:, :1]
    np.testing.assert_allclose(drift[still], 0, atol=1e-5)
    expected = 0.5 * TIMES_S[:, None] * (1, 0, 0)
    np.testing.assert_allclose(drift[moving], np.broadcast_to(expected, drift[moving].shape), atol=1e-4)
    speed = np.diff(found.xy[moving], axis=1) * 8
    np.testing.assert_allclose(speed, np.broadcast_to((25, 0), speed.shape), atol=1e-2)

    # The patch covers columns 54.5 + 25 t to 104.5 + 25 t of rows 19.5 to 69.5.
    x, y = found.xy[still, :, 0], found.xy[still, :, 1]
    left = 54.5 + 25 * TIMES_S
    border = np.minimum(np.abs(x - left), np.abs(x - left - 50))
    behind = (x > left) & (x < left + 50) & (y > 19.5) & (y < 69.5)
    clear = (border > 0.1) & (np.abs(y - 19.5) > 0.1) & (np.abs(y - 69.5) > 0.1)
    np.testing.assert_array_equal(found.visible[still][clear], ~behind[clear])
    assert behind.any()


def test_new_surfaces_get_tracks_when_they_come_into_sight():
    shown = take((WALL,), lambda t: np.array([rigid((1.5 * s, 0, 0)) for s in t]) @ AHEAD)
    found = tracks3d(Renderer(shown.scene), shown, TIMES_S, SIZE, np.random.default_rng(0))
    assert set(found.first_frame) == {0, 8, 16}
    for t in (0, 8, 16):
        assert found.visible[:, t].sum() > 180  # of 220 cells
    late = found.first_frame == 16
    assert np.mean(~found.visible[late, 0]) > 0.5  # it is there now that it was not


def test_tracks_agree_with_depth_on_a_walker():
    """What a track calls visible lies at the depth that the picture has there."""
    rng = np.random.default_rng(5)
    scene = sets.room(rng, sets.walker(rng, straight_walk((-0.5, 0.8), (0.9, 0.0))))
    path = camera.handheld(rng, (-0.6, -1.6, 1.4), (0.5, 0.1, 0.0), (0.0, 2.4, 1.1), (0.2, 0.0, 0.0))
    shown, size = Take(scene, path, lambda _time_s: pinhole(270, (320, 180))), (320, 180)
    renderer = Renderer(scene)
    found = tracks3d(renderer, shown, TIMES_S[:6], size, rng)
    view = camera_at(shown, float(TIMES_S[5]))
    _, depth_m = renderer.trace(view.lens, size, view.world_from_cam, view.time_s)
    seen = found.visible[:, 5]
    at = np.round(found.xy[seen, 5]).astype(int).clip(0, np.array(size) - 1)
    cam = (found.world_xyz[seen, 5] - view.world_from_cam[:3, 3]) @ view.world_from_cam[:3, :3]
    assert np.mean(np.abs(depth_m[at[:, 1], at[:, 0]] / cam[:, 2] - 1) < 0.02) > 0.95
    assert 20 < found.is_dynamic.sum() < len(found.body)
