"""Consistent video depth as published: its terms by hand, and what each and all of them do to a distorted depth."""

from dataclasses import replace
from math import exp, log, sqrt

import cv2
import numpy as np
import pytest

from factory.depth import cvd_losses as terms
from factory.depth.cvd import ConsistentDepth, by_plane
from factory.depth.cvd_descent import Objective, Weights, descend
from factory.depth.cvd_pairs import MatchFrames, agrees
from factory.depth.maps import PRIOR
from factory.depth.posed import carried, rays
from factory.geometry.camera import scaled
from factory.models.roles import DepthMaps
from tests.depth.walks import off, walk

torch = pytest.importorskip("torch", reason="the extra `models` is not installed: pip install '.[models]'")

BETA = 0.25
SIZE = (64, 48)


def filled(value, shape=(1, 3, 3)):
    return torch.full(shape, float(value))


def ways(shape=(3, 3), focal_px=10.0):
    """Rays of a camera whose axis meets the middle of the picture."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    middle = (np.array(shape) - 1) / 2
    made = np.stack([(x - middle[1]) / focal_px, (y - middle[0]) / focal_px, np.ones(shape)], axis=-1)
    return torch.as_tensor(made[None], dtype=torch.float32)


def one_pair(target, counted=1.0, k1=0.0):
    """The second camera stands two behind the first."""
    lens = torch.tensor([[10.0, 1.0, 1.0, k1, 0.0]])
    both = torch.tensor([0]), torch.tensor([1])
    move = torch.eye(3)[None], torch.tensor([[0.0, 0.0, 2.0]])
    return terms.Pairs(*both, *move, target, filled(counted), lens)


def test_ratio_and_flow_by_hand():
    """A wall two away, four from the second camera: its disparity there is 1/4, and 1/5 is seen; a pixel lies half as
    far from the middle, and flow says (1, -3) pixels beside."""
    disparity = torch.cat([filled(0.5), filled(0.2)])
    grid = ways() * 10.0
    target = 1.0 + grid[..., :2] / 2 + torch.tensor([1.0, -3.0])
    target = target.clamp(0, 2)  # sampled inside; what is flat shows the same anywhere
    apart = (1.0 + grid[..., :2] / 2 - target).abs().mean(-1)
    given = disparity, filled(0.5, (2, 3, 3)), ways().repeat(2, 1, 1, 1)
    ratio, flow = terms.pair_terms(*given, one_pair(target), BETA)
    assert float(ratio) == pytest.approx(9 * (0.5 * 0.25 + BETA * log(2)), rel=1e-5)
    assert float(flow) == pytest.approx(0.5 * float(apart.sum()) + 9 * BETA * log(2), rel=1e-5)
    nothing = terms.pair_terms(
        disparity, filled(0.5, (2, 3, 3)), ways().repeat(2, 1, 1, 1), one_pair(target, 0.0), BETA
    )
    assert [float(each) for each in nothing] == [0.0, 0.0]


def test_a_lens_bends_what_is_projected():
    points = torch.tensor([[[[0.5, 0.0, 1.0]]]])
    at = terms.projected(points, torch.tensor([[10.0, 1.0, 2.0, 0.2, 0.4]]))
    assert at.ravel().tolist() == pytest.approx([1.0 + 5.0 * (1 + 0.2 * 0.25 + 0.4 * 0.0625), 2.0])


def test_trust_settles_where_error_and_doubt_cost_the_same():
    trust = torch.tensor([0.1], requires_grad=True)
    adam = torch.optim.Adam([trust], lr=0.02)
    for _ in range(300):
        adam.zero_grad()
        terms.doubted(torch.tensor(0.5), trust, BETA).sum().backward()
        adam.step()
    assert float(trust.detach()) == pytest.approx(BETA / 0.5, rel=0.02)


def test_scale_invariant_by_hand():
    """Half of the pixels four times as near: the variance of {0, log 4} is log(2) squared; a common factor is free."""
    disparity = torch.tensor([[[1.0, 4.0], [1.0, 4.0]]])
    assert float(terms.scale_invariant(filled(1.0, (1, 2, 2)), disparity)) == pytest.approx(log(2) ** 2, rel=1e-5)
    assert float(terms.scale_invariant(disparity, 3 * disparity)) == pytest.approx(0.0, abs=1e-6)


def test_gradient_by_hand():
    """log(disparity) grows by a along x: over two pixels 2a, of weight 1 - exp(-5 2a); what is far has none."""
    a, x = 0.1, torch.arange(3.0).expand(1, 3, 3)
    slope = (a * x).exp()
    near, far = filled(2.0), filled(0.5)
    assert float(terms.gradient(near, near * slope)) == pytest.approx(2 * a * (1 - exp(-10 * a)), rel=1e-4)
    assert float(terms.gradient(near * slope, near * slope)) == 0.0
    assert float(terms.gradient(far, far * slope)) == 0.0
    wide = filled(2.0, (1, 24, 24))
    whole = wide * (a * torch.arange(24.0)).exp()
    steps = [2 * a * 2**level for level in range(4)]  # each level sees pixels twice as far apart
    assert float(terms.gradient(wide, whole)) == pytest.approx(sum(s * (1 - exp(-5 * s)) for s in steps), rel=1e-4)


def test_normals_by_hand():
    """A wall ahead, and one that turns away by 45 degrees: z = 2 / (1 - X), so that X = 2 - z along it."""
    directions = ways((5, 5))
    ahead = terms.normals(filled(0.5, (1, 5, 5)), directions)
    assert torch.allclose(ahead, torch.tensor([0.0, 0.0, 1.0]).expand_as(ahead), atol=1e-5)
    aslant = terms.normals((1.0 + directions[..., 0]) / 2.0, directions)
    assert torch.allclose(aslant, torch.tensor([sqrt(0.5), 0.0, sqrt(0.5)]).expand_as(aslant), atol=1e-4)
    weight = filled(1.2, (1, 3, 3))
    assert float(terms.normal(ahead, aslant, weight)) == pytest.approx(1.2 * (1 - sqrt(0.5)), rel=1e-4)


def test_flat_pixels_count_more_than_edges():
    step = torch.ones(1, 3, 8)
    step[..., 4:] = 2.0
    assert terms.flatness(step)[0, 0].tolist() == pytest.approx([1.2, 1.2, 0.2, 0.2, 1.2, 1.2])


def test_flow_counts_where_both_ways_agree_and_it_stays_inside():
    there, back = np.zeros((4, 6, 2), np.float32), np.zeros((4, 6, 2), np.float32)
    there[..., 0], back[..., 0] = 2.0, -2.0
    back[1, 4] = (-0.5, 0.0)
    good = agrees(there, back, 1.0)
    assert good[0].tolist() == [True] * 4 + [False] * 2
    assert good[1].tolist() == [True, True, False, True, False, False]


def test_flow_through_a_homography_is_flow_all_the_same():
    posed = walk().posed
    direct = MatchFrames(flow=TrueFlow())(posed.frames, SIZE)
    seen = MatchFrames(flow=TrueFlow())(posed.frames, SIZE, lambda i, j: by_plane(posed, i, j, 0.4))
    assert np.allclose(direct.flow, seen.flow, atol=1e-3)
    wall = np.full(walk().depth.shape[1:], 2.5, np.float32)
    at = cv2.perspectiveTransform(np.float32([[[10, 20]]]), by_plane(posed, 0, 4, 0.4))
    assert at.ravel() == pytest.approx(carried(posed, 0, 4, wall)[0][20, 10], abs=1e-3)


class TrueFlow:
    """Flow of the walk, from its depth."""

    def pairs(self, frames, pairs, warps=None):
        scene, found = walk(), []
        grid = np.indices(frames.shape[1:3], np.float32)[::-1].transpose(1, 2, 0)
        for number, (i, j) in enumerate(pairs):
            at = carried(scene.posed, i, j, scene.depth[i].astype(np.float32))[0]
            if warps is not None:
                at = cv2.perspectiveTransform(at, np.linalg.inv(warps[number]))
            found.append(at - grid)
        return np.stack(found)


def distorted(seed=0, common=0.1, own=0.1):
    """The walk's depth as a network would tell it: smoothly wrong, in each frame in another way and scale."""
    rng, (height, width) = np.random.default_rng(seed), walk().depth.shape[1:]

    def field():
        return cv2.resize(rng.normal(size=(3, 4)), (width, height), interpolation=cv2.INTER_CUBIC)

    always = field()
    return np.stack(
        [d / np.exp(common * always + own * field()) / np.exp(rng.normal(0, 0.2)) for d in walk().depth]
    ).astype(np.float32)


def flicker(depth):
    """By how much what frames say of the same pixel of the scene differs, against the truth."""
    scene, found = walk(), []
    error = np.log(depth / scene.depth)
    for one in range(len(depth) - 1):
        xy, _ = carried(scene.posed, one, one + 1, scene.depth[one].astype(np.float32))
        x, y = xy.round().astype(int)[..., 0], xy.round().astype(int)[..., 1]
        inside = (x >= 0) & (x < depth.shape[2]) & (y >= 0) & (y < depth.shape[1])
        found.append(np.abs(error[one + 1][y[inside], x[inside]] - error[one][inside]))
    return float(np.mean(np.concatenate(found)))


@pytest.mark.parametrize(
    ("term", "most"), [("ratio", 0.8), ("flow", 0.8), ("scale_invariant", 0.8), ("gradient", 0.9), ("normal", 0.8)]
)
def test_each_term_brings_a_distorted_depth_nearer(term, most):
    """By itself: the first two from poses and true flow, the others from a network that is right; the gradient term
    hardly sees what is smooth."""
    scene, estimate = walk(), ConsistentDepth()
    posed = scene.posed
    scale = SIZE[0] / posed.size[0]
    truth = np.stack([cv2.resize(1.0 / each, SIZE, interpolation=cv2.INTER_AREA) for each in scene.depth])
    wrong = np.stack([cv2.resize(1.0 / each, SIZE, interpolation=cv2.INTER_AREA) for each in distorted()])
    unit = np.percentile(truth, 98) / 2
    truth, wrong = truth / unit, wrong / np.median(wrong / truth, axis=(1, 2), keepdims=True) / unit
    cameras = [scaled(camera, scale) for camera in posed.cameras]
    matched = MatchFrames(flow=TrueFlow())(posed.frames, SIZE)
    motions = np.array([posed.from_to(i, j) for i, j in matched.pairs])
    motions[:, :3, 3] *= unit
    directions = torch.as_tensor(np.stack([rays(camera, SIZE) for camera in cameras]))
    prior = torch.as_tensor(truth, dtype=torch.float32)
    weights = Weights(**{**dict.fromkeys(Weights.__dataclass_fields__, 0.0), term: 1.0})
    objective = Objective(prior, directions, estimate._pairs(matched, motions, cameras), BETA, weights, 16)
    pixels = torch.as_tensor(wrong, dtype=torch.float32).requires_grad_()
    trust = torch.full_like(pixels, 0.5).requires_grad_()
    descend([pixels], trust, lambda: pixels.clamp(terms.LEAST, terms.MOST), objective, 80, 5e-3)

    def error(values):
        values = values / np.median(values / truth, axis=(1, 2), keepdims=True)
        return np.mean(np.abs(values / truth - 1))

    assert error(pixels.detach().numpy()) < most * error(wrong)


def test_frames_come_to_agree_and_nothing_is_called_sure():
    scene, given = walk(), distorted()
    estimate = ConsistentDepth(side_px=64, depth_steps=200, match=MatchFrames(flow=TrueFlow()))
    prior = DepthMaps(given, "scaled")
    start = replace(estimate, scale_steps=1, depth_steps=1)(scene.posed, prior)
    found = estimate(scene.posed, prior, True)
    everywhere = np.ones(found.depth.shape, bool)
    assert off(found.depth, scene.depth, everywhere) < 0.8 * off(start.depth, scene.depth, everywhere)
    assert flicker(found.depth) < 0.6 * flicker(start.depth)
    assert (found.origin == PRIOR).all()
    assert not found.sure.any()
    assert (found.agreement, found.focal_reliable) == (0.0, True)


def test_what_the_mask_names_is_pulled_less_at_first():
    """A patch whose flow is that of something else: with the mask the first steps leave it more of its depth."""
    scene = walk()
    moving = np.zeros_like(scene.posed.moving)
    moving[:, 30:60, 40:90] = True

    class Other(TrueFlow):
        def pairs(self, frames, pairs, warps=None):
            return super().pairs(frames, pairs, warps) + 2.0 * moving[0][..., None] * [1.0, 0.0]

    match = MatchFrames(flow=Other(), most_apart_px=9.0)
    estimate = ConsistentDepth(side_px=64, scale_steps=1, depth_steps=60, match=match)
    prior = DepthMaps(scene.depth.astype(np.float32), "metric")
    # Adam steps as far for a small slope as for a large one: trust counts against the terms that hold to the network.
    with_mask, without = (estimate(replace(scene.posed, moving=m), prior).depth for m in (moving, moving & False))
    assert off(with_mask, scene.depth, moving) < 0.9 * off(without, scene.depth, moving)
