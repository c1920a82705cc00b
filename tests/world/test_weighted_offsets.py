"""Points under the noise of ranges: what stands still is fused as statistics say, what moves is not pulled away."""

from dataclasses import replace

import numpy as np
import pytest

from factory.world.lifted import begins
from factory.world.still import speeds, still_points
from factory.world.weighted import STEPS, WeightedOffsets, _acceleration_bands
from tests.world.walks import FPS, walks


def off(points, truth):
    return np.linalg.norm(points - truth, axis=1)


def test_exact_sightings_stay():
    seen, truth = walks(speed=0.5)
    np.testing.assert_allclose(WeightedOffsets()(seen), truth, atol=1e-3)


def test_what_stands_still_is_one_point_as_good_as_least_squares_can():
    """The mean over n sightings of one noise is off by a root of n less; rays that cross do better."""
    seen, truth = walks(count=300, frames=24, noise=1.0, gaps=0.0)
    still = still_points(seen).chi2 < 9
    points = WeightedOffsets(still_chi2=9.0)(seen)
    assert still.mean() > 0.9
    rows = still[seen.track]
    assert np.ptp(points[seen.track == 0], axis=0).max() == 0
    assert off(points, truth)[rows].mean() < 1.1 * off(seen.points, truth)[rows].mean() / np.sqrt(24)


def test_chi2_is_that_of_three_degrees_of_freedom():
    seen, truth = walks(count=400, frames=60, noise=1.0, gaps=0.0)
    still = still_points(seen)
    assert np.median(still.chi2) == pytest.approx(6.25, rel=0.1)  # the 90th percentile of chi2 with 3
    assert off(still.points[seen.track], truth).mean() < 0.2 * off(seen.points, truth).mean()


def test_a_few_wild_ranges_do_not_pull():
    seen, truth = walks(count=50, noise=1.0, gaps=0.0)
    wild = np.arange(len(seen.track)) % 12 == 5
    spoilt = replace(seen, ranges=np.where(wild, 2 * seen.ranges, seen.ranges))
    clean, found = (off(still_points(each).points[seen.track], truth).mean() for each in (seen, spoilt))
    assert found < 1.5 * clean
    assert off(WeightedOffsets()(spoilt), truth).mean() < 0.1 * off(spoilt.points, truth).mean()


def test_what_moves_evenly_gets_better_and_what_the_noise_hides_does_not_get_worse():
    seen, truth = walks(count=200, speed=1.0, noise=1.0, gaps=0.05)
    moving = seen.track % 2 == 1
    raw, found = off(seen.points, truth), off(WeightedOffsets()(seen), truth)
    assert found[moving].mean() < 0.8 * raw[moving].mean()
    seen, truth = walks(count=200, speed=0.05, noise=1.0)
    assert off(WeightedOffsets()(seen), truth)[moving[: len(truth)]].mean() < raw[moving].mean()


def test_ranges_of_what_moves_minimise_their_objective():
    """The bands are those of the second differences along the middle ray, written out."""
    seen, _ = walks(count=3, speed=2.0, noise=1.0, gaps=0.1)
    bands, right = _acceleration_bands(seen, 3.0)
    matrix, constant = [], []
    for track in range(seen.count):
        rows = np.flatnonzero(seen.track == track)
        at = dict(zip(seen.frame[rows].tolist(), rows.tolist(), strict=True))
        for frame, here in at.items():
            for step in STEPS:
                if {frame - step, frame + step} <= at.keys():
                    line, sides = np.zeros(len(seen.track)), ((at[frame - step], 1), (here, -2), (at[frame + step], 1))
                    for row, factor in sides:
                        line[row] += factor * seen.rays[row] @ seen.rays[here]
                    matrix.append(line * (FPS / step) ** 2 / 3.0)
                    total = sum(factor * seen.centres[row] for row, factor in sides) @ seen.rays[here]
                    constant.append(total * (FPS / step) ** 2 / 3.0)
    a, k = np.array(matrix), np.array(constant)
    full = np.zeros((len(seen.track),) * 2)
    for below, band in enumerate(bands):
        index = np.arange(len(seen.track) - below)
        full[index + below, index] = full[index, index + below] = band[: len(index)]
        assert not band[len(index) :].any()
    np.testing.assert_allclose(full, a.T @ a, atol=1e-6 * np.abs(full).max())
    np.testing.assert_allclose(right, -a.T @ k, atol=1e-6 * np.abs(right).max())


def test_lengths_may_be_of_any_unit():
    seen, _ = walks(count=20, speed=1.0, noise=1.0)
    scaled = WeightedOffsets(acceleration=10.0 * 17)(seen.scaled(17.0))
    np.testing.assert_allclose(scaled / 17, WeightedOffsets()(seen), atol=1e-6)


def test_speeds_are_found_with_their_noise():
    seen, _ = walks(count=600, speed=0.8, noise=1.0, gaps=0.1)
    found = speeds(seen)
    moving = np.arange(seen.count) % 2 == 1
    z = (found.speed[moving] - 0.8) / found.sigma[moving]
    assert abs(np.median(z)) < 0.3
    assert 0.8 < np.std(z) < 1.3
    assert np.mean(found.speed[~moving] < 3 * found.sigma[~moving]) > 0.95


def test_a_track_seen_once_has_no_speed_and_stays():
    seen, truth = walks(count=1, frames=1, gaps=0.0)
    assert speeds(seen).speed.tolist() == [np.inf]
    np.testing.assert_allclose(WeightedOffsets()(seen), truth, atol=1e-9)
    assert begins(seen.track).tolist() == [0]
