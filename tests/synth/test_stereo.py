"""Two eyes side by side: the rig in the description is the rig in the pictures."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from factory.geometry.camera import invert_rigid, transform_points
from factory.geometry.lens import pinhole
from factory.geometry.trajectory import rotation_angle_deg
from factory.synth import sets
from factory.synth.camera import tripod
from factory.synth.film import camera_at, filmed
from factory.synth.presets import stereo, vr180
from factory.synth.produce import Order, produce
from factory.synth.render import Renderer, pixel_grid
from factory.synth.stereo import BASELINE_M, rig, right_eye
from factory.synth.take import Film, Take
from factory.video import decode, probe


def test_a_rectified_pair_differs_along_rows_by_focal_times_baseline_over_depth():
    size = (320, 180)
    take = Take(
        sets.room(np.random.default_rng(2)),
        tripod((0.0, -1.5, 1.5), (0.0, 2.4, 1.1)),
        lambda _time_s: pinhole(230, size),
        Film(noise_levels=0),
    )
    renderer = Renderer(take.scene)
    left, right = (
        next(filmed(renderer, eye, np.zeros(1), size, np.random.default_rng(0)))
        for eye in (take, right_eye(take, rig()))
    )
    disparity_px = 230 * BASELINE_M / left.depth_m
    u, v = pixel_grid(size).reshape(size[1], size[0], 2).astype(np.float32).transpose(2, 0, 1)
    shown = cv2.remap(right.rgb, u - disparity_px, v, cv2.INTER_CUBIC).mean(axis=2)
    error = np.abs(shown - left.rgb.mean(axis=2))[:, 30:]
    assert np.median(error) < 2
    assert np.median(np.abs(right.rgb.mean(axis=2) - left.rgb.mean(axis=2))[:, 30:]) > 4


def test_a_misrotated_rig_is_turned_as_told():
    left_from_right = rig((0.5, -0.4, 0.8))
    assert rotation_angle_deg(left_from_right[:3, :3]) == pytest.approx(np.linalg.norm((0.5, -0.4, 0.8)))
    np.testing.assert_allclose(left_from_right[:3, 3], (BASELINE_M, 0, 0))
    take = Take(sets.room(np.random.default_rng(2)), tripod((0, -1.5, 1.5), (0, 2, 1)), lambda _t: pinhole(9, (8, 8)))
    poses = [camera_at(eye, 0.3).world_from_cam for eye in (take, right_eye(take, left_from_right))]
    np.testing.assert_allclose(invert_rigid(poses[0]) @ poses[1], left_from_right, atol=1e-12)
    aside = transform_points(invert_rigid(poses[0]), poses[1][:3, 3])
    np.testing.assert_allclose(aside, (BASELINE_M, 0, 0), atol=1e-12)


def test_presets_hold_what_they_promise():
    assert (len(stereo.clips(0)), len(vr180.clips(0))) == (6, 4)
    assert {name: any(angles) for name, (_, angles) in vr180.MAKERS.items()} == {
        name: "misrotated" in name for name in vr180.clips(0)
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("stereo")
    produce(path, Order("vr180", size=(128, 128), fps=6, seconds=0.5), ["vr180_room_misrotated"])
    return path


def test_both_eyes_lie_side_by_side_and_their_rig_is_told(folder):
    told = json.loads((folder / "vr180_room_misrotated.json").read_text())
    info = probe(folder / "vr180_room_misrotated.mp4")
    assert (info.width, info.height) == (told["width"], told["height"]) == (256, 128)
    assert told["stereo"]["eye_width"] == 128
    assert told["intrinsics"]["model"] == "equirect180"
    assert told["intrinsics"]["focal_px"] == pytest.approx(128 / np.pi)
    np.testing.assert_allclose(told["stereo"]["left_from_right"], rig(vr180.MISROTATION_DEG))
    image = next(iter(decode(folder / "vr180_room_misrotated.mp4"))).image.astype(float)
    assert 5 < np.abs(image[:, :128] - image[:, 128:]).mean() < 60
    mask = cv2.imread(str(folder / "vr180_room_misrotated_masks/00000.png"), cv2.IMREAD_GRAYSCALE)
    assert mask.shape == (128, 128)
