"""The paper's terms against their formulas written out in loops, their gradients against differences of values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.world.lifted import begins
from factory.world.paper import Objective, PaperOffsets, whole
from tests.world.walks import walks

TERMS = ("static_term", "dynamic_term", "regularising_term")


def moved(seed, **options):
    """An objective in double precision, ranges off the measured ones, and the sightings."""
    seen, _ = walks(seed=seed, **options)
    rng = np.random.default_rng(seed)
    is_static = rng.random(seen.count)
    objective = Objective.of(seen, is_static, PaperOffsets(regulariser=0.3), np.float64)
    return objective, seen.ranges * rng.uniform(0.8, 1.2, len(seen.ranges)), seen, is_static


def static_in_pairs(points):
    norm = np.mean([np.linalg.norm(p) for p in points])
    pairs = [np.sum(((p - q) / norm) ** 2) for p in points for q in points]
    return sum(pairs) / (2 * len(points) ** 2)


def dynamic_in_loops(points, rays, frames, last):
    """Frames beyond the clip's ends are those ends."""
    at, total = dict(zip(frames, range(len(frames)), strict=True)), 0.0
    for i, frame in enumerate(frames):
        for step in (1, 3, 5):
            before, after = at.get(max(frame - step, 0)), at.get(min(frame + step, last))
            if before is not None and after is not None:
                total += np.dot(points[after] - 2 * points[i] + points[before], rays[i]) ** 2
    return total


@pytest.mark.parametrize("seed", range(3))
def test_terms_are_their_formulas(seed):
    objective, ranges, seen, _ = moved(seed)
    points = seen.centres + ranges[:, None] * seen.rays
    for track in range(seen.count):
        rows = seen.track == track
        static = static_in_pairs(points[rows])
        dynamic = dynamic_in_loops(points[rows], seen.rays[rows], seen.frame[rows].tolist(), len(seen.times_s) - 1)
        regularising = np.sum((1 / ranges[rows] - 1 / seen.ranges[rows]) ** 2)
        for name, value in zip(TERMS, (static, dynamic, regularising), strict=True):
            assert getattr(objective, name)(ranges)[0][track] == pytest.approx(value, rel=1e-9), name


@pytest.mark.parametrize("name", TERMS)
@given(seed=st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_gradients_are_those_of_the_values(name, seed):
    objective, ranges, seen, _ = moved(seed)
    way, step = np.random.default_rng(seed).normal(size=len(ranges)), 1e-6
    term = getattr(objective, name)
    slope = np.add.reduceat(term(ranges)[1] * way, begins(seen.track))
    differences = (term(ranges + step * way)[0] - term(ranges - step * way)[0]) / (2 * step)
    np.testing.assert_allclose(slope, differences, rtol=1e-5, atol=1e-7)


def test_the_whole_is_blended_by_motion_and_weighted():
    objective, ranges, seen, is_static = moved(0)
    value, gradient = objective(ranges)
    terms = [getattr(objective, name)(ranges) for name in TERMS]
    weights = (100 * is_static, 100 * (1 - is_static), np.full(seen.count, 0.3))
    np.testing.assert_allclose(value, sum(w * t[0] for w, t in zip(weights, terms, strict=True)))
    np.testing.assert_allclose(gradient, sum(w[seen.track] * t[1] for w, t in zip(weights, terms, strict=True)))


def test_motion_decides_whether_a_track_may_travel():
    seen, truth = walks(count=20, speed=1.0, noise=1.0, gaps=0.0)
    moving = seen.track % 2 == 1
    still_px, moving_px = (PaperOffsets()(seen, np.full(len(seen.track), px)) for px in (1.0, 60.0))
    off = [np.linalg.norm(points - truth, axis=1) for points in (seen.points, still_px, moving_px)]
    assert off[1][~moving].mean() < 0.4 * off[0][~moving].mean()
    assert off[2][moving].mean() < 0.8 * off[1][moving].mean()


def test_points_stay_on_their_rays_and_beside_gaps_there_are_none():
    seen, _ = walks(noise=1.0, gaps=0.1)
    points = PaperOffsets(steps=3)(seen, np.zeros(len(seen.track)))
    kept = whole(seen)
    assert np.array_equal(np.isfinite(points).all(axis=1), kept)
    assert 0 < kept.sum() < len(kept)
    for row, frame in enumerate(seen.frame):
        near = [f for f in range(frame - 2, frame + 3) if 0 <= f < len(seen.times_s)]
        known = seen.frame[seen.track == seen.track[row]]
        assert kept[row] == set(near).issubset(known.tolist())
    away = (points - seen.centres)[kept]
    np.testing.assert_allclose(away / np.linalg.norm(away, axis=1, keepdims=True), seen.rays[kept], atol=1e-9)
    assert 0.5 * 0.15 < np.abs(np.linalg.norm(away, axis=1) - seen.ranges[kept]).max() < 0.15 + 1e-5  # 3 steps of 0.05


def test_blocks_change_nothing():
    seen, _ = walks(count=30, noise=1.0)
    motion = np.where(seen.track % 2, 40.0, 2.0)
    at_once, apart = PaperOffsets()(seen, motion), PaperOffsets(batch=100)(seen, motion)
    np.testing.assert_allclose(apart, at_once, atol=2e-4)  # single precision, summed in another order


def test_nothing_seen_gives_nothing():
    seen, _ = walks()
    none = seen.observations(np.zeros(len(seen.track), bool))
    assert PaperOffsets()(none, np.zeros(0)).shape == (0, 3)
