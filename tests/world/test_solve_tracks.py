"""From followed points to labelled tracks, on made sightings with known answers."""

from dataclasses import replace

import numpy as np
import pytest

from factory.world.depth_rules import DepthRules, Sampled
from factory.world.follow import SeededTracks
from factory.world.labels import Labels
from factory.world.noise import ClipNoise
from factory.world.paper import PaperOffsets
from factory.world.solve import SolveTracks
from factory.world.tracks import MOVING, STATIC, UNKNOWN
from tests.world.made_tracks import LENS, path_of, tracks_of
from tests.world.walks import walks

BASELINE_M = 0.063


def followed(seen, noise_px=0.15, seed=0):
    """What following and sampling would give of lifted tracks: seeds are first sightings."""
    tracks, rng = tracks_of(seen), np.random.default_rng(seed)
    local = seen.ranges[:, None] * seen.rays
    disparity = (tracks.xy - LENS.project(local - (BASELINE_M, 0, 0))[0])[:, 0] + noise_px * rng.normal(size=len(local))
    begin = np.searchsorted(seen.track, np.arange(seen.count))
    sampled = Sampled(disparity.astype(np.float32), np.zeros(len(local), bool))
    return SeededTracks(tracks, seen.frame[begin]), sampled


def solved(seen, **options):
    return SolveTracks(**options)(LENS, BASELINE_M, *followed(seen), path_of(seen))


def test_points_come_nearer_to_the_truth_and_labels_are_right():
    seen, truth = walks(count=60, frames=30, speed=1.0)
    # By the usual 0.7 px, 3.3 standard deviations of a difference, one sighting is cut away.
    found = solved(seen, rules=DepthRules(jump_px=1.0))
    assert found.count == 60
    assert len(found.track) == len(seen.track)
    moving = found.track % 2 == 1
    off = {name: np.linalg.norm(getattr(found, name) - truth, axis=1) for name in ("measured", "points")}
    assert off["points"][~moving].mean() < 0.4 * off["measured"][~moving].mean()
    assert off["points"][moving].mean() < 0.9 * off["measured"][moving].mean()
    assert (found.label[1::2] == MOVING).mean() > 0.95
    assert (found.label[::2] == MOVING).mean() < 0.05
    assert (found.label[::2] == STATIC).mean() > 0.5
    z = (found.speed_m_s[1::2] - 1) / found.speed_sigma_m_s[1::2]
    assert abs(np.median(z)) < 0.5


def test_what_cannot_be_told_is_unknown():
    """Seen for a fifth of a second, far away."""
    seen, _ = walks(count=20, frames=6, speed=0.1)
    assert (solved(seen).label == UNKNOWN).mean() > 0.8


def test_bounds_of_labels():
    rows = [
        (1, 0.01, 0.02, 1, 1, STATIC),
        (1, 0.01, 0.2, 1, 1, UNKNOWN),  # may have moved by 0.4 m/s
        (1, 0.5, 0.1, 9, 1, MOVING),
        (20, 0, 0.01, 9, 1, MOVING),
        (20, 0.5, 0.1, 4, 1, UNKNOWN),  # nobody would see it
        (10, 0, 0.01, 1, 1, UNKNOWN),
        (1, 0.01, 0.02, 9, 20, MOVING),  # rays that meet nowhere
        (1, 0.01, 0.02, 1, 20, UNKNOWN),
        (0, np.inf, np.inf, 0, 0, UNKNOWN),
    ]
    *values, wanted = np.array(rows).T
    assert Labels().labels(*values, ClipNoise()).tolist() == wanted.tolist()
    noisy = Labels().labels(*values, ClipNoise(speeds=2.0, rays=3.0))
    assert noisy.tolist() == [STATIC, UNKNOWN, UNKNOWN, MOVING, UNKNOWN, UNKNOWN, STATIC, STATIC, UNKNOWN]


def test_a_moving_track_among_still_ones_of_its_range_goes():
    """A cloud of still tracks, one of which slides off; another that slides, far in front of them, stays."""
    base, _ = walks(count=1, frames=20, gaps=0.0)
    rng, frames = np.random.default_rng(0), 20
    starts = np.concatenate([rng.uniform((-0.3, -0.3, 4.9), (0.3, 0.3, 5.1), (40, 3)), [(0, 0, 5), (0, 0, 2.5)]])
    ways = np.zeros((42, 3))
    ways[40:] = (0.5, 0, 0)
    points = (starts[:, None] + base.times_s[:, None] * ways[:, None]).reshape(-1, 3) + base.centres[0]
    track, frame = np.repeat(np.arange(42, dtype=np.int32), frames), np.tile(np.arange(frames, dtype=np.int32), 42)
    centres = np.tile(base.centres[0], (len(track), 1))
    away = points - centres
    distance = np.linalg.norm(away, axis=1)
    seen = replace(
        base,
        track=track,
        frame=frame,
        centres=centres,
        rays=away / distance[:, None],
        ranges=distance,
        sigmas=0.01 * distance,
        acrosses=0.001 * distance,
    )
    found = SolveTracks().solved(LENS, seen, tracks_of(seen), path_of(seen))
    assert found.count == 41
    assert (found.label == MOVING).sum() == 1
    assert found.range_m[found.track == 40].max() < 3
    kept = SolveTracks(labels=Labels(stray=1.0)).solved(LENS, seen, tracks_of(seen), path_of(seen))
    assert kept.count == 42


def test_sightings_on_edges_and_short_tracks_go():
    seen, _ = walks(count=10, frames=20, gaps=0.0)
    seeded, sampled = followed(seen)
    sampled.on_edge[np.flatnonzero(seen.track == 3)[7]] = True
    sampled.on_edge[np.flatnonzero(seen.track == 4)[0]] = True  # its seed
    sampled.disparity_px[(seen.track == 5) & (seen.frame > 3)] = np.nan
    found = SolveTracks()(LENS, BASELINE_M, seeded, sampled, path_of(seen))
    assert np.bincount(found.track).tolist() == [20, 20, 20, 19, 20, 20, 20, 20]


def test_the_paper_s_optimiser_takes_sightings_away_beside_gaps():
    seen, _ = walks(count=30, frames=30, speed=1.0, gaps=0.05)
    ours, paper = solved(seen), solved(seen, optimiser=PaperOffsets(steps=2))
    assert len(paper.track) < len(ours.track)
    assert np.isfinite(paper.points).all()
    assert paper.track.max() == paper.count - 1


@pytest.mark.parametrize("lost", ["disparity", "pose"])
def test_nothing_known_is_no_track(lost):
    seen, _ = walks()
    seeded, sampled = followed(seen)
    poses = path_of(seen)
    if lost == "pose":
        poses[:] = np.nan
    else:
        sampled.disparity_px[:] = np.nan
    found = SolveTracks()(LENS, BASELINE_M, seeded, sampled, poses)
    assert (found.count, len(found.track), len(found.times_s)) == (0, 0, len(seen.times_s))


def test_blocks_change_nothing(monkeypatch):
    from factory.world import solve

    seen, _ = walks(count=40, frames=30, speed=1.0)
    whole = solved(seen)
    monkeypatch.setattr(solve, "BLOCK", 100)
    parts = solved(seen)
    for name in ("track", "points", "label", "chi2", "motion_px", "speed_m_s"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-5, atol=1e-6)
