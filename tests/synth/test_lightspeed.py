"""The benchmark's sequences: each shows what its tags say, and its camera goes where there is a way."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from factory.geometry.lens import pinhole
from factory.geometry.trajectory import rotation_angle_deg
from factory.synth.moment import Geometry
from factory.synth.presets.lenses import zooming
from factory.synth.presets.lightspeed import EXPECT, clips, darkening
from factory.synth.render import Renderer

SMALL = (96, 54)
NAMES = list(clips(0))


def test_there_are_36_names_that_stay():
    assert len(NAMES) == 36
    assert list(clips(7)) == NAMES


@pytest.mark.usefixtures("bare_walls")
@pytest.mark.parametrize("name", NAMES)
def test_a_sequence_is_as_it_is_tagged(name):
    clip = clips(0)[name]()
    (take,) = clip.takes
    assert (clip.name, clip.size) == (name, (640, 360))
    assert clip.tags["expect"] == EXPECT[clip.labels.camera]
    renderer = Renderer(take.scene)
    times_s = np.linspace(0, clip.seconds - 1 / clip.fps, 25)
    poses = take.path(times_s)
    shares, depths_m = [], []
    for at in (0, 6, 12, 18, 24):
        time_s = float(times_s[at])
        lens = pinhole(take.lens(time_s).focal_px * SMALL[0] / clip.size[0], SMALL, take.lens(time_s).k1)
        sight, depth_m = renderer.trace(lens, SMALL, poses[at], time_s)
        shares.append(np.isin(sight.body, take.scene.moving()).mean())
        depths_m.append(depth_m)
        assert depth_m.min() > 0.12, "something is right before the lens"
    assert 0.6 * clip.tags["share"] < np.mean(shares) < 1.6 * clip.tags["share"]
    assert shares[2] > 0.005, "the object is in the picture in the middle of the sequence"

    steps = np.diff(poses[:, :3, 3], axis=0)
    travel_m = np.linalg.norm(steps, axis=1).sum()
    turn_deg = rotation_angle_deg(poses[0, :3, :3].T @ poses[:, :3, :3]).max()
    if clip.labels.camera == "moving":
        assert travel_m > 0.05 * np.median(depths_m)
        still = Geometry(replace(take.scene, bodies=tuple(body for body in take.scene.bodies if not body.moves)))
        assert still.at(0.0).free(poses[:-1, :3, 3], steps).all(), "the camera goes through something"
    else:
        assert travel_m == 0
        assert (turn_deg > 5) == (clip.labels.camera == "rotating")


@pytest.mark.parametrize(
    "name, least, most", [("room_walk", 300, 4000), ("terrain_orbit", 300, 4000), ("plain_walk", 20, 250)]
)
def test_trackers_find_what_the_texture_promises(name, least, most):
    clip = clips(3)[name]()
    (take,) = clip.takes
    rgb = Renderer(take.scene).view(pinhole(272, (320, 180)), (320, 180), take.path(np.zeros(1))[0], 0.0).rgb
    grey = cv2.cvtColor(np.clip(rgb, 0, 255).astype(np.uint8), cv2.COLOR_RGB2GRAY)
    corners = cv2.goodFeaturesToTrack(grey, 4000, 0.01, 4)
    assert least < len(corners) < most


def test_equal_seeds_give_equal_worlds_and_others_do_not():
    times_s = np.linspace(0, 3, 7)
    first, again, other = (clips(seed)["plain_parcel"]().takes[0] for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.path(times_s), again.path(times_s))
    for a, b in zip(first.scene.bodies, again.scene.bodies, strict=True):
        np.testing.assert_array_equal(a.texture.image, b.texture.image)
        np.testing.assert_array_equal(a.at(1.3).vertices, b.at(1.3).vertices)
    assert np.abs(first.path(times_s) - other.path(times_s)).max() > 0.01


def test_photos_hang_on_the_walls(tmp_path):
    file = tmp_path / "photo.png"
    cv2.imwrite(str(file), np.full((1500, 2000, 3), (10, 20, 230), np.uint8))
    scene = clips(0, (file,))["pan_room"]().takes[0].scene
    shown = [body.texture.image for body in scene.bodies if (body.texture.image == (230, 20, 10)).all()]
    assert len(shown) == 12
    assert max(image.shape[1] for image in shown) <= 1024


def test_zooms_zoom_and_the_exposure_falls():
    lens = zooming(0.75, 1.5, 3.0)
    assert lens(0.0).focal_px == 0.75 * 640
    assert lens(3.0).focal_px == pytest.approx(1.5 * 0.75 * 640)
    assert darkening(0.0) == 1
    assert darkening(3.0) == pytest.approx(1 / 3)
