"""Where things may stand: away from the camera's way, from what it looks at, and from each other."""

from collections.abc import Callable, Sequence

import numpy as np

from factory.synth.scene import Motion

TRIES = 200
Clear = np.ndarray  # points (N, 2) on the ground that stay free


def corridor(
    path: Callable[[np.ndarray], np.ndarray], seconds: float, motions: Sequence[Motion] = (), sight_m: float = 0.0
) -> Clear:
    """The ground under a camera's path, under what moves, and for `sight_m` along the camera's view."""
    times_s = np.linspace(0, seconds, 25)
    poses = path(times_s)
    ahead = np.linspace(0, sight_m, 2 + round(4 * sight_m))
    seen = poses[:, None, :2, 3] + ahead[:, None] * poses[:, None, :2, 2]
    moved = [motion(float(t))[:2, 3] for motion in motions for t in times_s]
    return np.concatenate([seen.reshape(-1, 2), np.reshape(moved, (-1, 2))])


def spots(
    rng: np.random.Generator,
    count: int,
    low_m: Sequence[float],
    high_m: Sequence[float],
    clear: Clear,
    clear_m: float,
    apart_m: float,
) -> np.ndarray:
    """At most `count` points (N, 2) of a rectangle, `clear_m` from the points of `clear`, `apart_m` from each other."""
    taken: list[np.ndarray] = []
    for _ in range(count):
        for _ in range(TRIES):
            spot = rng.uniform(low_m, high_m)
            if len(clear) and np.linalg.norm(clear - spot, axis=1).min() < clear_m:
                continue
            if taken and np.linalg.norm(np.array(taken) - spot, axis=1).min() < apart_m:
                continue
            taken.append(spot)
            break
    return np.array(taken).reshape(-1, 2)
