import numpy as np
import pytest

from factory.depth.align import ScaleShift, as_inverse
from factory.models.roles import DepthMaps

RNG = np.random.default_rng(0)
ONES = np.ones(500)


def test_scale_and_shift_are_found_among_points_that_lie():
    p = RNG.uniform(1, 3, 500)
    q = 0.4 * p + 0.2
    q[:100] = RNG.uniform(0.2, 4, 100)
    assert ScaleShift()(p, q, ONES) == pytest.approx((0.4, 0.2), abs=0.03)


def test_what_is_wrong_with_the_prior_does_not_shrink_the_scale():
    true = RNG.uniform(1.0, 1.6, 5000)
    p = true + RNG.normal(0, 0.1, 5000)
    scale, _ = ScaleShift()(p, true, np.ones(5000))
    shrunk = np.cov(p, true)[0, 1] / np.var(p)
    assert shrunk < 0.8  # least squares
    assert np.std(true) / np.std(p) < 0.88  # the reduced major axis
    assert scale == pytest.approx(1.0, rel=0.03)


def test_a_prior_that_says_nothing_is_only_scaled():
    q = RNG.uniform(1, 2, 500)
    scale, shift = ScaleShift()(RNG.uniform(4, 4.4, 500), q, ONES)
    assert shift == 0.0
    assert scale * 4.2 == pytest.approx(np.median(q), rel=0.05)
    scale, shift = ScaleShift()(ONES, q, ONES)
    assert scale == 0.0
    assert q.min() < shift < q.max()


def test_too_few_points_are_no_fit():
    assert ScaleShift()(np.ones(5), np.ones(5), np.ones(5)) is None
    assert ScaleShift()(np.full(500, np.nan), ONES, ONES) is None


@pytest.mark.parametrize("kind", ["metric", "scaled"])
def test_depth_becomes_its_inverse_and_what_is_none_is_unknown(kind):
    values = np.array([[[2.0, 0.0, np.inf, -1.0]]], np.float16)
    assert np.array_equal(as_inverse(DepthMaps(values, kind))[0, 0], [0.5, np.nan, np.nan, np.nan], equal_nan=True)
    assert as_inverse(DepthMaps(values, "affine_disparity"))[0, 0, 3] == -1.0
