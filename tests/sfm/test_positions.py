"""Centres come back from rays, along a line too, past wild rays, and where a part of the path hangs on few tracks."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.geometry.trajectory import pose_errors
from factory.sfm.mapping.positions import linear_positions

FRAMES = 12


def seen(centres: np.ndarray, points: np.ndarray, first: np.ndarray, length: int) -> tuple[np.ndarray, ...]:
    """Rays (N, 3), frames and tracks of points (M, 3), each seen in `length` frames from `first`, int (M,), on."""
    frame = (first[:, None] + np.arange(length)).ravel()
    track = np.repeat(np.arange(len(points)), length)
    inside = frame < len(centres)
    frame, track = frame[inside], track[inside]
    rays = points[track] - centres[frame]
    return rays / np.linalg.norm(rays, axis=1, keepdims=True), frame, track


def off_percent(found: np.ndarray | None, truth: np.ndarray) -> float:
    assert found is not None
    poses = np.tile(np.eye(4), (2, len(truth), 1, 1))
    poses[0, :, :3, 3], poses[1, :, :3, 3] = found, truth
    error = pose_errors(poses[0], poses[1]).ate_percent
    assert error is not None
    # A mirrored path fits as well after Sim(3) of a line; the direction tells.
    assert np.sum((found[-1] - found[0]) * (truth[-1] - truth[0])) > 0
    return error


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_exact_rays_give_the_centres_back(seed: int, straight: bool) -> None:
    rng = np.random.default_rng(seed)
    steps = np.array([0.1, 0.0, 1.0]) if straight else rng.normal(0.3, 0.5, (FRAMES, 3))
    centres = np.cumsum(np.broadcast_to(steps, (FRAMES, 3)), axis=0)
    points = rng.uniform([-8, -5, 20], [8, 5, 60], (80, 3))
    rays, frame, track = seen(centres, points, np.arange(80) % (FRAMES - 3), 8)
    assert off_percent(linear_positions(rays, frame, track, FRAMES, 1e-3), centres) < 0.01


def test_wild_rays_count_for_little() -> None:
    rng = np.random.default_rng(1)
    centres = np.stack([np.linspace(0, 3, FRAMES), 0.3 * np.sin(np.arange(FRAMES)), np.zeros(FRAMES)], axis=1)
    rays, frame, track = seen(centres, rng.uniform([-4, -3, 5], [7, 3, 12], (150, 3)), rng.integers(0, 6, 150), 8)
    wild = rng.random(len(rays)) < 0.05
    rays[wild] += rng.normal(0, 0.1, (int(wild.sum()), 3))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    assert off_percent(linear_positions(rays, frame, track, FRAMES, 1e-3), centres) < 1.0


def test_a_part_that_hangs_on_few_tracks_keeps_its_size() -> None:
    rng = np.random.default_rng(0)
    frames = 24
    centres = np.stack([np.linspace(0, 3, frames), 0.2 * np.sin(np.arange(frames)), np.zeros(frames)], axis=1)
    first = np.concatenate([rng.integers(0, 6, 120), rng.integers(12, 19, 120), np.full(10, 9)])
    rays, frame, track = seen(centres, rng.uniform([-4, -3, 5], [7, 3, 12], (250, 3)), first, 6)
    rays += rng.normal(0, 2e-3, rays.shape)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    found = linear_positions(rays, frame, track, frames, 1e-3)
    assert found is not None
    left, right = (np.linalg.norm(found[b] - found[a]) for a, b in ((0, 9), (14, 23)))
    assert 0.5 < left / right < 2.0


def test_what_no_track_holds_has_no_place() -> None:
    centres = np.stack([np.arange(6.0), np.zeros(6), np.zeros(6)], axis=1)
    points = np.random.default_rng(3).uniform([-1, -3, 6], [5, 3, 12], (40, 3))
    rays, frame, track = seen(centres, points, np.zeros(40, int), 6)
    found = linear_positions(rays, frame, track, 7, 1e-3)
    assert found is not None
    assert np.isnan(found[6]).all()
    assert np.isfinite(found[:6]).all()
    assert linear_positions(rays[:1], frame[:1], track[:1], 7, 1e-3) is None
    still = np.tile([0.0, 0.0, 1.0], (6, 1))
    assert linear_positions(still, np.arange(6), np.zeros(6, int), 7, 1e-3) is None
