"""A stabiliser's window moves the picture by whole what it says, and the truth with it."""

from dataclasses import replace

import numpy as np
import pytest

from factory.geometry.lens import pinhole
from factory.synth import camera
from factory.synth.crop import drifting, following, walking
from factory.synth.film import camera_at, filmed
from factory.synth.mesh import quad
from factory.synth.presets import stabilised
from factory.synth.produce import Order, ordered_clip
from factory.synth.render import Renderer
from factory.synth.scene import Body, Scene
from factory.synth.take import Film, Take
from factory.synth.textures import Texture

SIZE, FOCAL_PX = (160, 90), 100.0
SPOTS = Texture(np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8), 8)
SCENE = Scene((Body(quad((-9, 3, -9), (18, 0, 0), (0, 0, 18)), SPOTS),), (0, 0, 9), ambient=1.0)


def take(film: Film, path=None, size: tuple[int, int] = SIZE) -> Take:
    path = path or camera.tripod((0.0, -2.0, 1.0), (0.0, 3.0, 1.0))
    return Take(SCENE, path, lambda _time_s: pinhole(FOCAL_PX, size), film)


def picture(given: Take, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Grey, float (H, W)."""
    (frame,) = filmed(Renderer(SCENE), given, np.array([0.0]), size, np.random.default_rng(0))
    return frame.rgb.mean(axis=2)


@pytest.mark.parametrize("film", [Film(noise_levels=0), Film(noise_levels=0, readout_s=0.02, shutter_s=0.02)])
def test_a_window_shows_that_part_of_the_picture(film: Film):
    whole = picture(take(film, size=(200, 130)), (200, 130))
    part = picture(take(replace(film, crop_px=lambda _time_s: (7.0, -5.0))))
    assert np.allclose(part, whole[20 - 5 :, 20 + 7 :][: SIZE[1], : SIZE[0]], atol=1.0)


def test_the_principal_point_moves_the_other_way():
    lens = camera_at(take(Film(crop_px=lambda time_s: (7.0 * time_s, -5.0))), 2.0).lens
    assert (lens.cx, lens.cy) == (79.5 - 14.0, 44.5 + 5.0)


def test_a_walk_keeps_within_its_bounds_and_says_the_same_again():
    shift = walking(np.random.default_rng(0), 3.0, 10.0)
    places = np.array([shift(k / 24) for k in range(400)])
    assert np.abs(places).max() == 10.0
    assert np.median(np.abs(np.diff(places, axis=0))) == pytest.approx(0.67 * 3.0, rel=0.25)
    assert np.array_equal(places, [shift(k / 24) for k in range(400)])


def test_a_drift_is_smooth():
    places = np.array([drifting(20.0)(k / 24) for k in range(96)])
    assert np.abs(places).max(axis=0) == pytest.approx([20.0, 12.0], rel=0.02)
    assert np.abs(np.diff(places, n=2, axis=0)).max() < 0.6


def test_a_window_that_follows_takes_the_shake_out_of_the_picture():
    shaky = camera.handheld(
        np.random.default_rng(0), (0, -2, 1), (0.2, 0, 0), (0, 3, 1), (0.2, 0, 0), sway_m=0.0, shake_deg=1.0
    )
    times_s = np.arange(72) / 24

    def jerk_px(film: Film) -> float:
        """How a point far ahead jumps from frame to frame beyond an even motion, RMS."""
        cameras = [camera_at(take(film, shaky), float(t)) for t in times_s]
        xy = np.array([c.project(np.array([[0.0, 1000.0, 1.0]]))[0][0] for c in cameras])
        return float(np.sqrt((np.diff(xy, n=2, axis=0) ** 2).mean()))

    assert jerk_px(Film(crop_px=following(shaky, FOCAL_PX, 24.0))) < 0.35 * jerk_px(Film())


@pytest.mark.usefixtures("bare_walls")
def test_another_size_scales_the_window():
    order = Order("stabilised")
    whole = ordered_clip(order, "room_jitter").takes[0].film.crop_px(1.0)
    half = ordered_clip(replace(order, size=(320, 180)), "room_jitter").takes[0].film.crop_px(1.0)
    assert np.allclose(half, np.array(whole) / 2)
    assert np.abs(whole).max() > 1.0


@pytest.mark.usefixtures("bare_walls")
def test_the_clips_are_of_every_kind():
    made = {name: make() for name, make in stabilised.clips(0).items()}
    assert {clip.labels.camera for clip in made.values()} == {"moving", "rotating", "static"}
    for clip in made.values():
        window = np.array([clip.takes[0].film.crop_px(k / 24) for k in range(72)])
        assert window.std(axis=0).min() > 0.5
        assert np.abs(window).max() <= 24.0
