"""What a digital stabiliser does: it cuts a window out of each frame, and moves it. The principal point moves the other
way, one pixel for one; nothing else changes in the picture, so the truth stays exact."""

import numpy as np

from factory.synth.take import Path, Shift

LONGEST_S = 60.0  # as long as a walk goes on


def walking(rng: np.random.Generator, step_px: float, most_px: float, fps: int = 24) -> Shift:
    """A random walk of `step_px` a frame each way, held within `most_px`: jitter that nothing in the scene explains."""
    steps = rng.normal(0.0, step_px, (round(LONGEST_S * fps), 2))
    places, place = np.zeros_like(steps), np.zeros(2)
    for number, step in enumerate(steps):
        places[number] = place
        place = np.clip(place + step, -most_px, most_px)

    def shift(time_s: float) -> tuple[float, float]:
        x, y = places[int(np.clip(round(time_s * fps), 0, len(places) - 1))]
        return float(x), float(y)

    return shift


def drifting(most_px: float, period_s: float = 2.0) -> Shift:
    """A smooth loop, `most_px` far across and 0.6 of that down: a stabiliser that follows slowly."""

    def shift(time_s: float) -> tuple[float, float]:
        turn = 2 * np.pi * time_s / period_s
        return float(most_px * np.sin(turn)), float(0.6 * most_px * np.sin(1.3 * turn + 0.5))

    return shift


def following(path: Path, focal_px: float, most_px: float, over_s: float = 0.4) -> Shift:
    """The window that takes the hand's shake out of a path: it stays where the gaze, smoothed by a Gaussian of standard
    deviation `over_s`, falls in each frame, at most `most_px` from the middle."""
    offsets_s = np.linspace(-2.0, 2.0, 17) * over_s
    weight = np.exp(-0.5 * (offsets_s / over_s) ** 2)

    def shift(time_s: float) -> tuple[float, float]:
        gaze = np.average(path(time_s + offsets_s)[:, :3, 2], axis=0, weights=weight)
        x, y, z = path(np.array([time_s]))[0, :3, :3].T @ gaze
        along, down = np.clip(focal_px * np.array([x, y]) / z, -most_px, most_px)
        return float(along), float(down)

    return shift
