"""Regions of flat pictures, their links, and evidence spread along them, on pictures whose parts are known."""

import numpy as np
import pytest

from factory.masks.pair_evidence import PairEvidence
from factory.masks.regions import FlowSteps, Regions, cut, flow_steps, following, touching
from factory.masks.resized import resized
from factory.masks.smoothing import Spread, lasting

HEIGHT, WIDTH, COUNT, STEP = 48, 80, 5, 8
RED, BLUE = np.array([200, 40, 40], np.uint8), np.array([40, 60, 180], np.uint8)


def square(left: int) -> np.ndarray:
    """bool (H, W), a square of 16 pixels."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[16:32, left : left + 16] = True
    return mask


def film() -> tuple[list[np.ndarray], np.ndarray]:
    """RGB pictures of a red square that goes right over blue by eight pixels a frame, and where it is."""
    truth = np.stack([square(8 + 8 * f) for f in range(COUNT)])
    return [np.where(mask[..., None], RED, BLUE) for mask in truth], truth


def goes(dx: int) -> FlowSteps | None:
    x, y = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
    nothing = np.zeros((HEIGHT, WIDTH), np.float32)
    return flow_steps(PairEvidence(nothing, nothing, np.dstack([x + dx, y]), nothing))


def true_regions(regions: Regions, truth: np.ndarray) -> np.ndarray:
    """bool (N,): the regions that lie in the truth."""
    return np.bincount(regions.at.ravel(), truth.ravel(), regions.count) > 0.5 * regions.size


def test_regions_keep_to_one_colour_and_cover_the_picture():
    pictures, truth = film()
    regions = cut(pictures, STEP)
    assert regions.at.shape == truth.shape
    assert regions.size.sum() == truth.size
    for f in range(COUNT):
        assert regions.at[f].min() >= regions.first[f]
        assert regions.at[f].max() < regions.first[f + 1]
        np.testing.assert_allclose(regions.means(f, np.ones((HEIGHT, WIDTH))), 1.0)
    drawn = true_regions(regions, truth)[regions.at]
    assert (drawn & truth).sum() / (drawn | truth).sum() > 0.8  # a pixel along the edge is 0.23 of the square


def test_only_neighbours_touch_and_flow_joins_frames():
    pictures, truth = film()
    regions = cut(pictures, STEP)
    touch, frame = touching(regions, STEP), regions.frames()
    assert np.all(touch.i < touch.j)
    np.testing.assert_array_equal(frame[touch.i], frame[touch.j])
    follow = following(regions, [None] + [goes(-8)] * 4, [goes(8)] * 4 + [None], STEP)
    np.testing.assert_array_equal(frame[follow.j], frame[follow.i] + 1)
    red = true_regions(regions, truth)
    strong = follow.weight > 0.3
    assert np.mean(red[follow.i[strong]] == red[follow.j[strong]]) > 0.95


def test_one_moving_region_fills_its_colour_through_the_clip():
    pictures, truth = film()
    regions = cut(pictures, STEP)
    red = true_regions(regions, truth)
    follow = following(regions, [None] + [goes(-8)] * 4, [goes(8)] * 4 + [None], STEP)
    speaks = np.zeros(regions.count)
    speaks[np.flatnonzero(red & (regions.frames() == 2))] = 2.0
    likely = Spread()(regions, touching(regions, STEP), follow, speaks, np.zeros(regions.count))
    assert likely.min() >= -1e-3
    assert likely.max() <= 1.0 + 1e-3
    np.testing.assert_array_equal(likely > 0.4, red)


def test_without_evidence_nothing_moves():
    pictures, _ = film()
    regions = cut(pictures, STEP)
    nothing = np.zeros(regions.count)
    follow = following(regions, [None] * COUNT, [None] * COUNT, STEP)
    assert not Spread()(regions, touching(regions, STEP), follow, nothing, nothing).any()


@pytest.mark.parametrize("frames, sure, stays", [(COUNT, 0.0, True), (2, 0.0, False), (2, 3.0, True)])
def test_what_moves_lasts_or_is_sure(frames, sure, stays):
    pictures, truth = film()
    regions = cut(pictures, STEP)
    follow = following(regions, [None] + [goes(-8)] * 4, [goes(8)] * 4 + [None], STEP)
    moving = true_regions(regions, truth) & (regions.frames() < frames)
    tracks = np.zeros(regions.count)
    tracks[np.flatnonzero(moving)[0]] = sure
    found = lasting(regions, touching(regions, STEP).joined(follow), moving, tracks, 4, 2.0)
    np.testing.assert_array_equal(found, moving & stays)


def test_masks_keep_their_place_at_another_size():
    masks = np.zeros((2, 8, 12), bool)
    masks[0, 2:6, 4:8] = True
    found = resized(masks, (4, 6))
    assert np.array_equal(found[0], masks[0, ::2, ::2])
    assert not found[1].any()
    assert resized(masks[:0], (4, 6)).shape == (0, 4, 6)
    assert resized(masks, (8, 12)) is masks
