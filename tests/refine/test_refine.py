"""The published refinement: its terms by hand, and what it does to a path that was pushed off the truth."""

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from factory.clip import ClipRecord
from factory.evaluate.masks import read_mask
from factory.geometry.camera import Camera
from factory.geometry.trajectory import pose_errors
from factory.masks.resized import resized
from factory.phases.pose_stages import DecodeFrames
from factory.refine.descent import Steps, adjusted
from factory.refine.losses import Samples, State, reprojection, rotations, smoothness
from factory.refine.refine import RefinePoses
from factory.synth.produce import Order, produce
from factory.tum import read_tum
from tests.videos import whole

torch = pytest.importorskip("torch", reason="the extra `models` is not installed: pip install '.[models]'")

SHORT = Steps(window_steps=100, so_far_steps=50, last_steps=600)


def real(*values):
    return torch.tensor(values, dtype=torch.float64)


def state(inverse=0.5, translation=((0.0, 0.0, 0.0), (0.4, 0.0, 0.0)), focal=1.5):
    turn = real(1.0, 0.0, 0.0, 0.0).repeat(len(translation), 1)
    return State(real(inverse), turn, torch.tensor(translation, dtype=torch.float64), real(focal).log()[0] / 2)


def one_sample(seen, weight=0.5):
    return Samples(torch.tensor([0]), torch.tensor([0]), torch.tensor([1]), real(seen), real((0.3, 0.2)), real(weight))


def test_reprojection_by_hand():
    """Half way to the right, two ahead, from a camera 0.4 further right: by 1.5 * 0.4 / 2 = 0.3 to the left. It is seen
    0.1 and -0.2 beside: weight 0.5 times half of 0.3, over four samples that a mean is of."""
    beside = one_sample((0.0 + 0.1, 0.2 - 0.2))
    assert float(reprojection(state(), beside, 16 / 9, 4)) == pytest.approx(0.5 * 0.5 * 0.3 / 4)
    assert float(reprojection(state(), one_sample((0.1, 0.0), weight=0.0), 16 / 9, 4)) == 0.0
    behind = state(translation=((0.0, 0.0, 0.0), (0.0, 0.0, 3.0)))
    assert float(reprojection(behind, beside, 16 / 9, 4)) == 0.0


def test_smoothness_by_hand():
    """Frame 1 to 3 change their way by (0, 0, 0) and (1, -2, 0): mean over two frames and three axes."""
    path = torch.tensor([[0, 0, 0], [1, 0, 0], [2, 0, 0], [4, -2, 0]], dtype=torch.float64)
    assert float(smoothness(path)) == pytest.approx(3 / 6)
    assert float(smoothness(path[:3])) == 0.0
    assert float(smoothness(path[:2])) == 0.0


def test_rotations_are_scipy_s():
    xyzw = Rotation.random(5, random_state=0).as_quat()
    ours = rotations(torch.as_tensor(3.0 * xyzw[:, [3, 0, 1, 2]]))  # of any length
    assert np.allclose(ours.numpy(), Rotation.from_quat(xyzw).as_matrix())


def test_frames_that_no_window_reached_follow_the_last_one_that_was():
    """With no steps at all the path stays; the windows' order leaves every frame where it was."""
    turn = torch.as_tensor(
        Rotation.from_rotvec(np.linspace(0, 0.3, 12)[:, None] * [0, 1, 0]).as_quat()[:, [3, 0, 1, 2]]
    )
    way = torch.as_tensor(np.random.default_rng(0).normal(size=(12, 3)))
    given = State(real(0.5), turn, way, real(1.5).log()[0] / 2)
    still = Steps(rate=1e-12, window_steps=1, so_far_steps=1, last_steps=1)
    found = adjusted(given, one_sample((0.1, 0.0)), 16 / 9, 4, still)
    assert torch.allclose(found.translation, way, atol=1e-9)
    assert torch.allclose(rotations(found.quaternion), rotations(turn), atol=1e-9)


@pytest.fixture(scope="module")
def carried(tmp_path_factory):
    """A box held before the camera covers three quarters: pictures, what moves, true poses and camera."""
    order = Order("hard", size=(640, 360), seconds=1.5)
    (video,) = produce(tmp_path_factory.mktemp("hard"), order, only=["hard_carried"])
    frames = DecodeFrames()(ClipRecord(whole(video), {"path": video}))["frames"]
    times_s, poses = read_tum(video.with_suffix(".tum.txt"))
    at = [int(np.argmin(np.abs(times_s - each))) for each in frames.times_s]
    rgb = frames.rgb
    folder = video.with_name(f"{video.stem}_masks")
    masks = np.stack([read_mask(folder / f"{number:05d}.png") for number in frames.frame_index])
    told = json.loads(video.with_suffix(".json").read_text())
    lens, scale = told["intrinsics"], rgb.shape[2] / told["width"]
    centre = ((lens["cx"] + 0.5) * scale - 0.5, (lens["cy"] + 0.5) * scale - 0.5)
    camera = Camera(float(np.median(lens["focal_px"])) * scale, *centre)
    return rgb, resized(masks, rgb.shape[1:3]), poses[at], camera


def pushed(truth, seed=0):
    """By a third of a step and 0.3 degrees in each frame."""
    rng, poses = np.random.default_rng(seed), truth.copy()
    step = np.linalg.norm(np.diff(truth[:, :3, 3], axis=0), axis=1).mean()
    poses[:, :3, 3] += rng.normal(0, 0.3 * step, (len(truth), 3))
    turns = Rotation.from_rotvec(rng.normal(0, 0.3, (len(truth), 3)), degrees=True).as_matrix()
    poses[:, :3, :3] = poses[:, :3, :3] @ turns
    return poses


def test_a_path_comes_nearer_to_the_truth_and_the_mask_matters(carried):
    rgb, moving, truth, camera = carried
    given = pushed(truth)
    before = pose_errors(given, truth)
    refine = RefinePoses(steps=SHORT)
    found = refine(rgb, moving, given, camera)
    without = refine(rgb, np.zeros_like(moving), given, camera)
    after, blind = (pose_errors(each.world_from_cam, truth) for each in (found, without))
    assert found.after_px < 0.5 * found.before_px
    assert after.ate_percent < 0.8 * before.ate_percent
    assert after.rpe_rotation_deg < 0.5 * before.rpe_rotation_deg
    assert blind.rpe_rotation_deg > 1.5 * after.rpe_rotation_deg
    assert blind.ate_percent > 1.2 * after.ate_percent


def test_where_nothing_counts_nothing_is_moved(carried):
    rgb, moving, truth, camera = carried
    found = RefinePoses(steps=SHORT)(rgb, np.ones_like(moving), truth, camera)
    assert found.samples == 0
    assert np.array_equal(found.world_from_cam, truth)
    assert found.camera == camera
    assert np.isnan(found.after_px)
