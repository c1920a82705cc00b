"""The noise of a clip, measured on what stands still in it."""

from dataclasses import replace

import numpy as np
import pytest

from factory.world.labels import Labels
from factory.world.noise import ClipNoise, clip_noise, ray_chi2
from factory.world.solve import SolveTracks
from factory.world.tracks import MOVING, STATIC
from tests.world.made_tracks import LENS, path_of, tracks_of
from tests.world.walks import walks


def creeping(seen, sigmas):
    """Ranges that are off by what changes slowly, from minus to plus so many standard deviations along each track."""
    begin = np.searchsorted(seen.track, np.arange(seen.count))
    length = np.diff(np.append(begin, len(seen.track)))
    share = (np.arange(len(seen.track)) - begin[seen.track]) / np.maximum(length - 1, 1)[seen.track]
    sign = np.where(seen.track % 4 < 2, 1.0, -1.0)
    return replace(seen, ranges=seen.ranges + sign * sigmas * seen.sigmas * (2 * share - 1))


def test_rays_meet_whatever_ranges_say_and_those_of_what_moves_do_not():
    still, _ = walks(count=80, speed=0.0, noise=1.0)
    assert np.quantile(ray_chi2(creeping(still, 4.0)), 0.9) < 9
    moving, _ = walks(count=80, speed=1.0, noise=1.0)
    assert np.mean(ray_chi2(moving)[1::2] > 9) > 0.8


def test_noise_as_told_is_left_as_it_is():
    found = clip_noise(walks(count=300, speed=1.0, noise=0.5, seed=1)[0])
    assert found.ranges == pytest.approx(1.0, abs=0.3)
    assert found.speeds < 1.5


def test_ranges_that_creep_are_noise_and_no_motion():
    seen, _ = walks(count=300, speed=1.0, noise=0.5, seed=2)
    seen = creeping(seen, 4.0)
    noise = clip_noise(seen)
    assert noise.ranges > 1.5
    solve = SolveTracks(labels=Labels(stray=1.0))  # keeps all
    alone = solve.solved(LENS, seen, tracks_of(seen), path_of(seen)).label
    assert np.mean(alone[::2] == MOVING) > 0.5  # or the test below could not fail
    wider = replace(seen, sigmas=noise.ranges * seen.sigmas)
    label = solve.solved(LENS, wider, tracks_of(wider), path_of(wider)).label
    assert np.mean(label[::2] == MOVING) < 0.05
    assert np.mean(label[1::2] == MOVING) > 0.7
    assert np.mean(label[1::2] == STATIC) < 0.05


def test_too_few_tracks_tell_nothing():
    assert clip_noise(walks(count=10)[0]).ranges == 1.0
    assert clip_noise(walks(count=1)[0].observations(slice(0, 0))) == ClipNoise()
