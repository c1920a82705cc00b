"""Disparity of pairs with known distances, and what each check is there for."""

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.geometry.lens import equirect180, pinhole
from factory.models.dis import DisFlow
from factory.stereo.checks import PAPER_FOCAL_PX, Checks
from factory.stereo.disparity import DenseDisparity, matched
from factory.stereo.rectify import View, depth_from_disparity, disparity_from_depth, rectified_view, remapped
from tests.stereo.rooms import pair, rig

SIZE = (320, 200)
LENS = pinhole(230, SIZE)
VIEW = rectified_view(LENS, SIZE, rig())
EYE = (384, 384)
TURNED = rig((0.5, -0.4, 0.8))


@pytest.fixture(scope="module")
def flat():
    return pair(LENS, SIZE, rig())


@pytest.fixture(scope="module")
def wide() -> tuple[View, np.ndarray, np.ndarray, np.ndarray]:
    """A rectified wide view of a turned rig, both its pictures, and its distances."""
    lens = equirect180(EYE)
    left, right, range_m = pair(lens, EYE, TURNED)
    view = rectified_view(lens, EYE, TURNED)
    true_m = remapped(range_m.astype(np.float32), view.tables[0], cv2.INTER_NEAREST)
    return view, *view.rectified(left, right), true_m


def error(view: View, found, true_m: np.ndarray) -> tuple[float, float]:
    """Mean |estimated - true| / true where it is confident, and the share of what the left eye sees that is."""
    kept = found.confident
    range_m = depth_from_disparity(view, found.disparity, 0.063)
    return float(np.mean(np.abs(range_m - true_m)[kept] / true_m[kept])), kept.sum() / view.seen[0].sum()


def test_distances_of_a_rectified_pair(flat):
    left, right, true_m = flat
    off, share = error(VIEW, DenseDisparity()(left, right, VIEW, 0.063), true_m)
    assert off < 0.01
    assert share > 0.85


def test_distances_of_a_turned_vr180_rig_in_a_wide_view(wide):
    view, left, right, true_m = wide
    found = DenseDisparity()(left, right, view, 0.063)
    off, share = error(view, found, true_m)
    assert off < 0.045
    assert share > 0.8
    wrong = rectified_view(equirect180(EYE), EYE, rig())  # the rig's turn is not known
    assert wrong.size == view.size
    naive = DenseDisparity()(*wrong.rectified(*pair(equirect180(EYE), EYE, TURNED)[:2]), wrong, 0.063)
    assert naive.thrown["vertical"] > 3 * found.thrown["vertical"]


def test_an_eye_turned_by_twelve_degrees_loses_its_border_alone():
    """As the cells of mosaics are cut: disparities of 12 degrees everywhere before rectification, none after."""
    lens, shifted = equirect180(EYE), rig((0.1, 12.0, -0.1))
    left, right, range_m = pair(lens, EYE, shifted)
    view = rectified_view(lens, EYE, shifted)
    true_m = remapped(range_m.astype(np.float32), view.tables[0], cv2.INTER_NEAREST)
    found = DenseDisparity()(*view.rectified(left, right), view, 0.063)
    off, share = error(view, found, true_m)
    assert off < 0.045
    assert share > 0.8
    assert not found.confident[~view.seen[0]].any()


def test_confident_pixels_are_better_and_what_is_thrown_out_is_counted(flat):
    left, right, true_m = flat
    found = DenseDisparity()(left, right, VIEW, 0.063)
    assert found.disparity.dtype == np.float32
    assert found.confident.dtype == bool
    assert set(found.thrown) == {"unseen", "vertical", "return", "range", "gradient", "second"}
    assert not (found.confident & np.isnan(found.disparity)).any()
    off = np.abs(depth_from_disparity(VIEW, found.disparity, 0.063) - true_m) / true_m
    doubtful = ~found.confident & np.isfinite(off)
    assert off[found.confident].mean() < 0.3 * off[doubtful].mean()
    alone = DenseDisparity(checks=replace(Checks(), most_apart_px=None))(left, right, VIEW, 0.063)
    assert "second" not in alone.thrown
    assert alone.confident.sum() >= found.confident.sum()


@dataclass
class Told:
    """A flow that is known beforehand; the role `Flow`."""

    flows: np.ndarray
    asked: list = field(default_factory=list)

    def pairs(self, frames, pairs, warps=None):
        assert warps is None
        self.asked.append((frames.copy(), pairs.copy()))
        return self.flows[: len(pairs)]


def true_flows(range_m: float = 2.0, view: View = VIEW) -> np.ndarray:
    """There and back, float32 (2, H, W, 2), of a sphere about the left eye, as good as flat here."""
    disparity = disparity_from_depth(view, np.full(view.size[::-1], range_m), 0.063)
    there = np.stack([-disparity, 0 * disparity], axis=2).astype(np.float32)
    return np.stack([there, -there])


def test_each_check_finds_what_it_is_for():
    there, back = true_flows()
    spots = {name: (slice(40, 60), slice(60 + 40 * n, 80 + 40 * n)) for n, name in enumerate(("vertical", "return"))}
    there[spots["vertical"]] += (0, 1.2)
    y, x = spots["vertical"]
    back[y.start : y.stop + 2, x.start - 10 : x.stop] += (0, -1.2)
    there[120:140, 60:80, 0] = -0.063 * 230 / 25  # as what is 25 m away
    back[118:142, 58:82, 0] = 0.063 * 230 / 25
    back[spots["return"]] += (1.5, 0)
    failed = Checks().failed(VIEW, 0.063, there, back)
    inner = (slice(44, 56), slice(64, 76))
    assert failed["vertical"][inner].all()
    assert failed["vertical"].sum() == 400
    assert failed["return"][44:56, 112:118].all()
    assert failed["range"][120:140, 60:80].all()
    assert failed["range"].sum() == 400
    assert failed["gradient"][121:139, 59:61].all()
    assert not failed["gradient"][124:136, 64:76].any()
    assert not failed["gradient"][90:110, 30:200].any()
    assert failed["unseen"][:, :5].all()  # leads out of the right picture
    assert not failed["unseen"][:, 10:].any()
    second = -there[..., 0].copy()
    second[150:160, 100:120] += 1.5
    second[150:160, 140:160] = np.nan
    assert Checks().failed(VIEW, 0.063, there, back, second)["second"].sum() == 400


@settings(deadline=None, max_examples=20)
@given(st.floats(60, 84.5), st.sampled_from([0.25, 0.5, 1.0]))
def test_the_gradient_bounds_how_steeply_a_surface_is_seen_whatever_the_pixels(steep_deg, scale):
    """A wall seen at an angle from its normal: 81.4 degrees is the paper's 0.03 over two pixels of 443 a radian."""
    lens = pinhole(PAPER_FOCAL_PX * scale, (round(200 * scale), 20))
    view = rectified_view(lens, (round(200 * scale), 20), rig())
    x = (np.arange(view.size[0]) - lens.cx) / lens.focal_px
    z = 2.0 / (1 - x * np.tan(np.radians(steep_deg)))
    middle = slice(view.size[0] // 2 - 1, view.size[0] // 2 + 1)
    there = np.zeros((20, view.size[0], 2), np.float32)
    there[..., 0] = -0.063 * lens.focal_px / z
    failed = Checks().failed(view, 0.063, there, -there)["gradient"][5:15, middle]
    bound_deg = np.degrees(np.arctan(0.015 * PAPER_FOCAL_PX))
    assert 81 < bound_deg < 82
    if abs(steep_deg - bound_deg) > 1:
        assert (failed == (steep_deg > bound_deg)).all()


def test_what_the_right_eye_does_not_see_is_not_confident(wide):
    view, *_ = wide
    there, back = true_flows(2.0, view)
    failed = Checks().failed(view, 0.063, there, back)
    assert failed["unseen"][~view.seen[0]].all()
    assert not failed["unseen"][view.size[1] // 2, view.size[0] // 2]


def test_any_flow_can_be_asked():
    flow = Told(np.concatenate([true_flows(), true_flows()]))
    dense = DenseDisparity(flow, Checks(most_apart_px=None), pairs_at_once=2)
    pictures = [np.full((*SIZE[::-1], 3), level, np.uint8) for level in (10, 20, 30, 40, 50, 60)]
    pairs = [(pictures[0], pictures[1]), (pictures[2], pictures[3]), (pictures[4], pictures[5])]
    found = list(dense.many(iter(pairs), VIEW, 0.063))
    assert len(found) == 3
    for one in found:
        range_m = depth_from_disparity(VIEW, one.disparity, 0.063)
        np.testing.assert_allclose(range_m[one.confident], 2.0, rtol=1e-3)
        assert one.confident.mean() > 0.9
    levels = [[(int(f[i][0, 0, 0]), int(f[j][0, 0, 0])) for i, j in asked] for f, asked in flow.asked]
    assert levels == [[(10, 20), (20, 10), (30, 40), (40, 30)], [(50, 60), (60, 50)]]


def test_grey_parts_of_a_wide_frame_and_other_flows_do_as_well(flat):
    left, right, true_m = flat
    frame = np.concatenate([left, right], axis=1)
    usual = DenseDisparity()(left, right, VIEW, 0.063)
    parts = DenseDisparity()(frame[:, :320], frame[:, 320:], VIEW, 0.063)
    np.testing.assert_array_equal(usual.disparity, parts.disparity)
    other = DenseDisparity(DisFlow("medium"))(frame[:, :320], frame[:, 320:], VIEW, 0.063)
    assert error(VIEW, other, true_m)[0] < 0.03


def test_the_second_opinion_knows_the_distance_and_says_where_it_does_not(flat):
    left, right, true_m = flat
    found = matched(left, right, 46)
    true_px = disparity_from_depth(VIEW, true_m, 0.063)
    answered = np.isfinite(found)
    assert answered.mean() > 0.8
    assert np.median(np.abs(found - true_px)[answered]) < 0.5  # its own fractions lean towards whole pixels
    assert np.isnan(matched(left[:, :20], right[:, :20], 46)).all()  # too narrow to search in
