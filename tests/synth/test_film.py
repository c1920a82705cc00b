"""How light becomes pixels: blur, rolling rows, exposure and noise, on pictures that can be told beforehand."""

import numpy as np
import pytest

from factory.geometry.lens import pinhole
from factory.synth import camera
from factory.synth.film import filmed
from factory.synth.mesh import quad
from factory.synth.render import GAMMA, Renderer
from factory.synth.scene import Body, Motion, Scene, rigid
from factory.synth.take import Film, Take
from factory.synth.textures import Texture

SIZE = (160, 90)
FOCAL_PX = 100.0
AHEAD = camera.look_at(np.array([0.0, -2.0, 1.0]), np.array([0.0, 3.0, 1.0]))
BLACK, GREY = (Texture(np.full((8, 8, 3), level, np.uint8), 10) for level in (0, 128))


def shot(scene: Scene, film: Film, path=None, times_s=(0.0,), seed: int = 0) -> list[np.ndarray]:
    """Grey pictures float (H, W)."""
    take = Take(
        scene, path or camera.tripod((0.0, -2.0, 1.0), (0.0, 3.0, 1.0)), lambda _t: pinhole(FOCAL_PX, SIZE), film
    )
    frames = filmed(Renderer(scene), take, np.array(times_s), SIZE, np.random.default_rng(seed))
    return [frame.rgb.mean(axis=2) for frame in frames]


def bar(motion: Motion) -> Scene:
    """A grey upright bar, 0.2 m wide and 4 m away (5 px), before black, in even light."""
    wall = Body(quad((-9, 3, -9), (18, 0, 0), (0, 0, 18)), BLACK)
    return Scene((wall, Body(quad((-0.1, 2, -4), (0.2, 0, 0), (0, 0, 10)), GREY, motion)), (0, 0, 9), ambient=1.0)


def sliding(speed_m_s: float) -> Motion:
    return lambda time_s: rigid((speed_m_s * time_s, 0, 0))


def test_blur_smears_light_not_grey_levels():
    """The bar moves 16 px during the exposure; what it covers for 5/16 of the time gets 5/16 of its light."""
    (sharp,) = shot(bar(sliding(0)), Film(noise_levels=0))
    (blurred,) = shot(bar(sliding(16.0)), Film(shutter_s=0.04, noise_levels=0))
    light = [(image / 255) ** GAMMA for image in (sharp, blurred)]
    row = light[1][45]
    assert light[1].sum() == pytest.approx(light[0].sum(), rel=0.05)
    assert np.flatnonzero(row > 0.005).min() == pytest.approx(79.5 - 10.5, abs=2)
    assert np.flatnonzero(row > 0.005).max() == pytest.approx(79.5 + 10.5, abs=2)
    assert row[75:85].mean() == pytest.approx(5 / 16 * (128 / 255) ** GAMMA, rel=0.2)


def test_blur_does_not_displace():
    (blurred,) = shot(bar(sliding(16.0)), Film(shutter_s=0.04, noise_levels=0))
    light = ((blurred / 255) ** GAMMA)[45]
    assert (light * np.arange(SIZE[0])).sum() / light.sum() == pytest.approx(79.5, abs=0.3)


def test_a_rolling_shutter_leans_what_moves():
    """10 m/s is 250 px/s: 10 px later over a readout of 40 ms, top to bottom; the middle row is on time."""
    (leaning,) = shot(bar(sliding(10.0)), Film(readout_s=0.04, noise_levels=0), times_s=(0.05,))
    light = (leaning / 255) ** GAMMA
    centre = (light * np.arange(SIZE[0])).sum(axis=1) / light.sum(axis=1)
    slope, middle = np.polyfit(np.arange(SIZE[1]) - 44.5, centre, 1)
    assert slope * 89 == pytest.approx(10, abs=0.4)
    assert middle == pytest.approx(79.5 + 250 * 0.05, abs=0.2)


def test_a_rolling_shutter_bends_what_a_turning_camera_sees():
    def turning(times_s: np.ndarray) -> np.ndarray:
        poses = np.repeat(AHEAD[None], len(times_s), axis=0)
        angle = 2.0 * times_s  # radians a second to the right: 200 px/s
        turn = np.stack([[[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1]] for a in angle])
        poses[:, :3, :3] = turn @ AHEAD[:3, :3]
        return poses

    (leaning,) = shot(bar(sliding(0)), Film(readout_s=0.04, noise_levels=0), turning)
    light = (leaning / 255) ** GAMMA
    centre = (light * np.arange(SIZE[0])).sum(axis=1) / light.sum(axis=1)
    assert np.polyfit(np.arange(SIZE[1]), centre, 1)[0] * 89 == pytest.approx(-8, abs=0.5)


def test_exposure_is_a_factor_on_light():
    scene = Scene((Body(quad((-9, 2, -9), (18, 0, 0), (0, 0, 18)), GREY),), (0, 0, 9), ambient=1.0)
    film = Film(exposure=lambda time_s: 1.0 if time_s < 0.5 else 0.25, noise_levels=0)
    full, quarter = shot(scene, film, times_s=(0.0, 1.0))
    assert np.unique(full).tolist() == [128]
    assert np.unique(quarter).tolist() == [round(128 * 0.25 ** (1 / GAMMA))]


def test_noise_is_as_told_grows_in_the_dark_and_hangs_on_the_seed():
    wall = quad((-9, 2, -9), (18, 0, 0), (0, 0, 18))
    film = Film(noise_levels=3.0)
    light = Scene((Body(wall, GREY),), (0, 0, 9), ambient=1.0)
    (grey,), (again,), (other,) = (shot(light, film, seed=seed) for seed in (1, 1, 2))
    assert grey.std() * np.sqrt(3) == pytest.approx(3.0, rel=0.05)  # three channels were averaged
    np.testing.assert_array_equal(grey, again)
    assert np.any(grey != other)
    dim = Scene(light.bodies, light.lamp_m, ambient=1.0, daylight=0.02)
    (dark,) = shot(dim, film)
    assert dark.std() > 1.3 * grey.std()
