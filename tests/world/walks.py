"""Tracks in the world with known answers, seen by a camera that moves, with gaps."""

import numpy as np

from factory.world.lifted import Lifted, renumbered

FPS = 12.0


def walks(count=6, frames=24, seed=0, speed=0.0, noise=0.0, gaps=0.1, focal_px=448.0, baseline=0.063):
    """Tracks and their true points, float64 (N, 3). speed: metres a second, of every second track along a straight
    line. noise: of ranges and across rays, in their own sigmas (those of 0.15 px of disparity, 0.5 px in the picture).
    gaps: share of sightings that lack; so do those less than half a metre ahead of the camera, which looks along z."""
    rng = np.random.default_rng(seed)
    times_s = np.arange(frames) / FPS
    centres = np.stack([0.4 + 0.6 * times_s, 0.1 * np.sin(times_s) - 0.2, 1.0 + 0.2 * times_s], axis=1)
    starts = rng.uniform((-1.5, -1, 3), (1.5, 1, 7), (count, 3))
    ways = rng.normal(size=(count, 3))
    ways *= speed * (np.arange(count) % 2)[:, None] / np.linalg.norm(ways, axis=1, keepdims=True)
    points = (starts[:, None] + times_s[:, None] * ways[:, None]).reshape(-1, 3)
    track, frame = np.repeat(np.arange(count), frames), np.tile(np.arange(frames), count)
    there = (rng.random(len(track)) >= gaps) & (points[:, 2] - centres[frame, 2] > 0.5)
    track, frame, points = track[there], frame[there], points[there]
    away = points - centres[frame]
    distance = np.linalg.norm(away, axis=1)
    sigmas = 0.15 * distance**2 / (focal_px * baseline)
    acrosses = 0.5 * distance / focal_px
    shift = rng.normal(size=away.shape)
    shift -= np.sum(shift * away, axis=1, keepdims=True) * away / distance[:, None] ** 2
    away += noise * acrosses[:, None] * shift
    seen = Lifted(
        renumbered(track),
        frame.astype(np.int32),
        centres[frame],
        away / np.linalg.norm(away, axis=1, keepdims=True),
        distance + noise * sigmas * rng.normal(size=len(distance)),
        sigmas,
        acrosses,
        times_s,
    )
    return seen, points
