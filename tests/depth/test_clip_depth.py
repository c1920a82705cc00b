from dataclasses import replace

import numpy as np
import pytest

from factory.depth.estimate import ClipDepth
from factory.depth.maps import FILLED, NONE, PRIOR, SWEPT
from factory.models.roles import DepthMaps
from tests.depth.walks import off, walk

# Pictures are less than half as wide as those of the numbers' study.
ESTIMATE = ClipDepth()


def network(truth: np.ndarray, seed: int = 0) -> DepthMaps:
    """A disparity with a smooth error of a tenth, in each frame by another scale and shift."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 1, truth.shape[2])
    wrong = (1 + 0.12 * x) / truth
    scale, shift = rng.uniform(0.5, 2, len(truth)), rng.uniform(-0.1, 0.3, len(truth))
    values = scale[:, None, None] * wrong + shift[:, None, None]
    return DepthMaps(values.astype(np.float32), "affine_disparity")


@pytest.mark.parametrize(("k1", "zoom"), [(0.0, 1.0), (-0.12, 1.0), (0.0, 1.3)])
def test_depth_of_a_room_is_measured_through_its_lens(k1, zoom):
    made = walk(k1=k1, zoom=zoom)
    found = ESTIMATE(made.posed, focal_reliable=True)
    truth = made.depth[found.frame]
    assert list(found.frame) == list(range(6))
    assert found.sure.mean() > 0.5
    assert off(found.depth, truth, found.sure) < 0.012
    assert np.isfinite(found.depth).all()
    assert off(found.depth, truth, found.origin != NONE) < 0.05
    assert set(np.unique(found.origin)) <= {SWEPT, 2, FILLED}
    assert found.agreement > 0.6
    assert found.focal_reliable


def test_a_wrong_lens_spoils_depth_and_a_wrong_path_agreement():
    made = walk(k1=-0.12)
    straight = tuple(replace(camera, k1=0.0) for camera in made.posed.cameras)
    wrong = ESTIMATE(replace(made.posed, cameras=straight))
    assert off(wrong.depth, made.depth[wrong.frame], wrong.sure) > 0.02
    made = walk()
    poses = made.posed.world_from_cam.copy()
    poses[:, 0, 3] += np.array([0.02, -0.02, 0.02, 0.02, -0.02, -0.02])
    wrong = ESTIMATE(replace(made.posed, world_from_cam=poses))
    assert wrong.agreement < 0.65
    assert ESTIMATE(made.posed).agreement > 0.8


def test_what_moves_has_no_depth_and_spoils_none():
    made = walk()
    moving, frames = np.zeros_like(made.posed.moving), made.posed.frames.copy()
    moving[:, 30:60, 40:80] = True
    frames[moving] = np.random.default_rng(0).integers(0, 255, (moving.sum(), 3))
    found = ESTIMATE(replace(made.posed, moving=moving, frames=frames))
    assert np.isnan(found.depth[moving[found.frame]]).all()
    assert np.all(found.origin[moving[found.frame]] == NONE)
    assert off(found.depth, made.depth[found.frame], found.sure) < 0.02


@pytest.mark.parametrize("why", ["stands", "turns", "no points"])
def test_without_parallax_or_points_it_abstains(why):
    made = walk()
    poses = np.tile(np.eye(4), (6, 1, 1))
    if why == "turns":
        angle = np.radians(2) * np.arange(6)
        poses[:, 0, 0] = poses[:, 2, 2] = np.cos(angle)
        poses[:, 0, 2], poses[:, 2, 0] = np.sin(angle), -np.sin(angle)
    posed = replace(made.posed, world_from_cam=poses) if why != "no points" else replace(made.posed, points=None)
    found = ESTIMATE(posed)
    assert found.depth.shape == found.origin.shape == (0, 96, 128)
    assert found.agreement == 0.0


def test_frames_without_a_pose_and_those_between_are_left_out():
    made = walk()
    poses = made.posed.world_from_cam.copy()
    poses[2] = np.nan
    found = replace(ESTIMATE, every=2)(replace(made.posed, world_from_cam=poses))
    assert list(found.frame) == [0, 4]


def test_a_network_is_brought_to_what_is_measured_and_speaks_for_what_moves():
    made = walk()
    prior = network(made.depth)
    moving = np.zeros_like(made.posed.moving)
    moving[:, 30:60, 40:80] = True
    found = ESTIMATE(replace(made.posed, moving=moving), prior)
    at = moving[found.frame]
    assert np.all(found.origin[at] == PRIOR)
    assert off(found.depth, made.depth[found.frame], at) < 0.04  # it was off by up to 0.12
    assert off(found.depth, made.depth[found.frame], found.sure) < 0.02
    assert np.isfinite(found.depth).all()


def test_a_network_speaks_alone_where_the_camera_stands():
    """Its points are known from elsewhere in the clip."""
    made = walk()
    poses, sight = made.posed.world_from_cam, ESTIMATE.neighbours
    lonely = replace(ESTIMATE, neighbours=replace(sight, least_parallax=0.9))
    found = lonely(made.posed, network(made.depth))
    assert len(poses) == len(found.frame)
    assert np.all(found.origin == PRIOR)
    assert off(found.depth, made.depth, np.isfinite(found.depth)) < 0.05


def test_what_a_network_cannot_say_is_filled_as_without_one():
    made = walk()
    nothing = DepthMaps(np.full(made.depth.shape, np.nan, np.float16), "metric")
    found = ESTIMATE(made.posed, nothing)
    assert np.isfinite(found.depth).all()
    assert not np.any(found.origin == PRIOR)


def test_a_network_of_other_frames_is_refused():
    made = walk()
    with pytest.raises(ValueError, match="network's depth"):
        ESTIMATE(made.posed, DepthMaps(np.ones((3, 96, 128), np.float32), "metric"))
