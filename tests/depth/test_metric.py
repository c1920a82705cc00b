"""Metres a unit of the poses, against a room that is in metres and poses that are not."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from factory.depth.metric import MetricScale
from factory.depth.posed import anchors
from factory.models.roles import DepthMaps
from tests.depth.walks import walk

UNIT_M = 0.37  # of the poses


def shrunk():
    """The room's points and poses in units of UNIT_M."""
    posed = walk().posed
    poses = posed.world_from_cam.copy()
    poses[:, :3, 3] /= UNIT_M
    points = replace(posed.points, xyz=posed.points.xyz / np.float32(UNIT_M))
    return replace(posed, world_from_cam=poses, points=points)


def wrong(seed, bias=1.0, frame_sd=0.0):
    """A metric network: off by `bias`, in each frame by a factor of its own, over the picture by a smooth tenth, and at
    each pixel by 5 %; a tenth of the pixels are sky."""
    rng, depth_m = np.random.default_rng(seed), walk().depth
    size = depth_m.shape[:0:-1]
    off = np.stack([0.1 * cv2.resize(rng.normal(size=(4, 6)), size, interpolation=cv2.INTER_CUBIC) for _ in depth_m])
    off += rng.normal(0, frame_sd, len(depth_m))[:, None, None] + rng.normal(0, 0.05, depth_m.shape)
    values = bias * depth_m * np.exp(off)
    values[rng.random(values.shape) < 0.1] = np.inf
    return DepthMaps(values.astype(np.float16), "metric")


def scale_of(prior, moving=None):
    posed = shrunk()
    return MetricScale()(anchors(posed, posed.moving if moving is None else moving), prior)


def test_a_true_network_gives_the_unit():
    found = scale_of(DepthMaps(walk().depth.astype(np.float32), "metric"))
    assert found.scale_m == pytest.approx(UNIT_M, rel=2e-3)
    assert found.spread < 2e-3


@pytest.mark.parametrize("seed", range(4))
def test_a_network_that_is_a_tenth_off_gives_its_own_metres_and_noise_is_told(seed):
    found = scale_of(wrong(seed, bias=1.1, frame_sd=0.05))
    assert found.scale_m == pytest.approx(1.1 * UNIT_M, rel=0.08)  # six frames, each 7 % off
    assert 0.01 < found.spread < 0.2


def test_what_moves_does_not_count():
    prior, moving = wrong(0), np.zeros(walk().depth.shape, bool)
    moving[:, :, :90] = True
    spoilt = replace(prior, values=np.where(moving, np.float16(40.0), prior.values))
    assert scale_of(spoilt, moving).scale_m == pytest.approx(UNIT_M, rel=0.08)
    assert scale_of(spoilt).scale_m > 2 * UNIT_M


def test_without_metres_or_points_there_is_no_scale():
    prior = wrong(0)
    assert scale_of(replace(prior, kind="scaled")) is None
    assert scale_of(replace(prior, kind="affine_disparity")) is None
    assert scale_of(replace(prior, values=np.full_like(prior.values, np.nan))) is None
    assert scale_of(prior, np.ones(walk().depth.shape, bool)) is None
    few = replace(prior, values=np.where(np.arange(6)[:, None, None] < 4, np.float16(np.nan), prior.values))
    assert scale_of(few) is None
