"""The ratio of two frames' focal lengths, of many frame pairs whose relative poses are not known."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from factory.geometry.camera import centred_camera, unproject
from factory.geometry.turning import Matches
from factory.sfm.pairs.pairwise import PairPoses, packed, refined_zooms
from factory.sfm.pairs.relative import LEAST_MATCHES, MOST_MATCHES, relative_pose
from factory.sfm.zoom.zoomed_rotation import growth
from factory.tracks import Tracks

LOSS_PX = 0.5  # Cauchy
ITERATIONS = 12  # guess


@dataclass(frozen=True)
class ZoomRatios:
    """Of P frame pairs: i, j, int (P,); log_ratio, float64 (P,), log of the focal length in j by that in i; sigma,
    float64 (P,), its standard deviation."""

    i: np.ndarray
    j: np.ndarray
    log_ratio: np.ndarray
    sigma: np.ndarray


def zoom_ratios(tracks: Tracks, pairs: Iterable[tuple[int, int]], focal_px: float, trials: int) -> ZoomRatios | None:
    """Ratios of the pairs that have a five-point model without a zoom, under `focal_px`; None where none has.

    It is refined with the ratio free, from none and from as much as the picture grows: the answer of lower cost counts.
    That finds as much as a model of its own for either start (20 made-up clips), in half the time.
    """
    camera, size = centred_camera(focal_px, tracks.width, tracks.height), (tracks.width, tracks.height)
    middle = np.array([camera.cx, camera.cy])
    found: list[tuple[int, int]] = []
    matches, poses, grown = [], [], []
    for i, j in pairs:
        ids, xy_i, xy_j = tracks.pair(i, j)
        if len(ids) < LEAST_MATCHES:
            continue
        part = np.linspace(0, len(ids) - 1, min(len(ids), MOST_MATCHES)).astype(int)
        a, b = xy_i[part], xy_j[part]
        pose = relative_pose(a, b, camera, size, 1.5, trials)
        if pose is not None:
            found.append((i, j))
            matches.append((unproject(a, camera), unproject(b, camera)))
            poses.append(pose[0])
            grown.append(np.log(growth(Matches(a - middle, b - middle))))
    if not found:
        return None
    rays, scale, starts = packed(matches, MOST_MATCHES), LOSS_PX / focal_px, np.stack(poses)
    ratios, costs, sigmas = [], [], []
    for log_ratio in (np.zeros(len(found)), np.array(grown)):
        start = PairPoses(starts[:, :3, :3], starts[:, :3, 3], log_ratio)
        refined, error, sigma = refined_zooms(rays, start, scale, ITERATIONS)
        ratios.append(refined.log_ratio)
        sigmas.append(sigma)
        costs.append(np.sum(np.log1p((error / scale) ** 2) * rays.weight, axis=1))
    best = np.argmin(costs, axis=0), np.arange(len(found))
    i, j = np.array(found).T
    return ZoomRatios(i, j, np.array(ratios)[best], np.array(sigmas)[best])
