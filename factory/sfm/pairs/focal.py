"""The focal length to start from: the one under which wide pairs of frames are most nearly epipolar."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from factory.geometry.camera import centred_camera
from factory.geometry.epipolar import fundamental_matrix, sampson_error
from factory.sfm.pairs.relative import relative_pose
from factory.tracks import Tracks


@dataclass(frozen=True)
class FocalSearch:
    """How the focal length is searched. Lengths in units of the longer side of the frame.

    provenance: grid, pairs and prior as measured on five rendered clips (walls fail without the prior: the score falls
    monotonically to 1.5 x and more of the truth); 12 pairs and 60 trials leave six real clips as right as 18 and 120;
    0.9 is a common phone or web camera (60 degrees).
    """

    least: float = 0.45
    most: float = 2.2
    steps: int = 11
    pairs: int = 12
    prior: float = 0.9
    prior_weight: float = 0.5
    trials: int = 60
    clip_px: float = 2.0


def focal_start(tracks: Tracks, search: FocalSearch) -> float:
    """Focal length in pixels. The prior where no pair can be judged.

    For each focal length of a logarithmic grid a five-point model is fitted to each of the wide pairs and its mean
    clipped squared Sampson error taken; a parabola through the best grid point and its neighbours gives the answer.
    """
    side = max(tracks.width, tracks.height)
    grid = np.geomspace(search.least, search.most, search.steps)
    costs = []
    for xy_i, xy_j in wide_pairs(tracks, search.pairs):
        row = [_pair_cost(xy_i, xy_j, f * side, tracks, search) for f in grid]
        if np.all(np.isfinite(row)):
            costs.append(np.array(row))
    if not costs:
        return search.prior * side
    # Each pair counts by its own noise, so that one bad pair does not outvote the rest.
    score = np.mean([row / (row.mean() + 1e-9) for row in costs], axis=0)
    score = score * (1.0 + search.prior_weight * np.log(grid / search.prior) ** 2)
    return float(np.exp(_parabola_minimum(np.log(grid), score)) * side)


def wide_pairs(tracks: Tracks, count: int, least_matches: int = 40) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Matches (n, 2) of up to `count` pairs spread over the clip, each with as much motion as tracks allow."""
    starts = np.unique(np.linspace(0, max(tracks.frames - 2, 0), count // 2).astype(int))
    for i in starts:
        candidates = []
        for stride in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32):
            if i + stride >= tracks.frames:
                break
            ids, xy_i, xy_j = tracks.pair(i, i + stride)
            if len(ids) >= least_matches:
                candidates.append((float(np.median(np.linalg.norm(xy_i - xy_j, axis=1))), xy_i, xy_j))
        candidates.sort(key=lambda candidate: -candidate[0])
        yield from ((xy_i, xy_j) for motion_px, xy_i, xy_j in candidates[:2] if motion_px > 4.0)


def _pair_cost(xy_i: np.ndarray, xy_j: np.ndarray, focal_px: float, tracks: Tracks, search: FocalSearch) -> float:
    camera = centred_camera(focal_px, tracks.width, tracks.height)
    pose = relative_pose(xy_i, xy_j, camera, (tracks.width, tracks.height), search.clip_px, search.trials)
    if pose is None:
        return float("nan")
    error = sampson_error(fundamental_matrix(pose[0], camera, camera), xy_i, xy_j)
    return float(np.mean(np.minimum(error, search.clip_px) ** 2))


def _parabola_minimum(x: np.ndarray, y: np.ndarray) -> float:
    k = int(np.argmin(y))
    if k in (0, len(x) - 1):
        return float(x[k])
    a, b, _ = np.polyfit(x[k - 1 : k + 2] - x[k], y[k - 1 : k + 2], 2)
    return float(x[k] - b / (2 * a)) if a > 0 else float(x[k])
