"""Static matches of a clip that no solver saw: SIFT between frames far apart, outside masks of what moves.

The study of real hand-held clips that the bounds come from did the same; solvers here follow points from frame to frame
and join SIFT tracks near in time, so that a pose that drifts is not confirmed by its own tracks.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import pycolmap
from scipy.spatial import cKDTree

from factory.evaluate.sampson import HEIGHT_PX, Matches
from factory.geometry.epipolar import sampson_error
from factory.video import Frame

GAPS = (3, 6, 10, 15, 20)  # sampled frames, 12 a second: 0.25 to 1.7 s
STARTS = 6  # pairs of each gap
FEATURES = 4000
RATIO = 0.8  # Lowe's
LEAST = 30  # matches of a pair that counts
MOST = 300  # matches of a pair that are kept, at random
HIDDEN_PX = 15.0  # how far masks are widened, at 720p: half a SIFT patch, a guess
APART_PX, APART_SHARE = 8.0, 0.2  # from what the eight nearest matches do, at 720p, and of the motion; a guess
LEAST_RIGHT = 0.6  # of a pair's matches that its geometry allows: fewer are chance; a guess
LOOSE_PX = 9.0  # a pair's own fundamental matrix, at 720p: only what breaks any two-view geometry goes


def made_matches(clip: str, frames: Sequence[Frame], moving: Sequence[np.ndarray | None]) -> Matches:
    """Matches between sampled frames of one clip, in pixels of these frames; none where nothing can be matched.

    frames: grey, uint8 (H, W). moving: bool (h, w) of any size a frame, true where something moves; None where that is
    not known.
    """
    height, width = frames[0].image.shape if frames else (1, 1)
    sift = cv2.SIFT.create(nfeatures=FEATURES)
    seen = {n: _features(sift, frames[n].image, moving[n]) for n in sorted({n for p in pairs(len(frames)) for n in p})}
    times, first, second = [np.zeros((0, 2))], [np.zeros((0, 2))], [np.zeros((0, 2))]
    for i, j in pairs(len(frames)):
        xy_i, xy_j = _matched(*seen[i], *seen[j], height / HEIGHT_PX)
        if len(xy_i) >= LEAST:
            chosen = np.random.default_rng(0).permutation(len(xy_i))[:MOST]
            times.append(np.tile([frames[i].time_s, frames[j].time_s], (len(chosen), 1)))
            first.append(xy_i[chosen])
            second.append(xy_j[chosen])
    count = sum(len(part) for part in times)
    size = np.tile([float(width), float(height)], (count, 1))
    return Matches(clip, np.concatenate(times), np.concatenate(first), np.concatenate(second), size)


def pairs(frames: int) -> Iterator[tuple[int, int]]:
    """Numbers of the sampled frames that are matched."""
    for gap in GAPS:
        last = frames - 1 - gap
        for i in np.unique(np.linspace(0, last, STARTS).astype(int)).tolist() if last >= 0 else []:
            yield i, i + gap


def _features(sift: cv2.SIFT, image: np.ndarray, moving: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Places float64 (n, 2) and RootSIFT descriptors float32 (n, 128)."""
    shown = None
    if moving is not None:
        wide = 2 * round(HIDDEN_PX * image.shape[0] / HEIGHT_PX) + 1
        hidden = cv2.resize(moving.astype(np.uint8), image.shape[::-1], interpolation=cv2.INTER_NEAREST)
        shown = 1 - cv2.dilate(hidden, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, wide)))
    points, found = sift.detectAndCompute(image, shown)
    if found is None:
        return np.zeros((0, 2)), np.zeros((0, 128), np.float32)
    return np.array([p.pt for p in points]), np.sqrt(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-6))


def _matched(
    xy_i: np.ndarray, found_i: np.ndarray, xy_j: np.ndarray, found_j: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mutual nearest descriptors that pass the ratio test both ways, do as their neighbours, and allow some two-view
    geometry."""
    if min(len(xy_i), len(xy_j)) < LEAST:
        return xy_i[:0], xy_j[:0]
    there, back = _nearest(found_i, found_j), _nearest(found_j, found_i)
    own = np.flatnonzero((there >= 0) & (back[np.maximum(there, 0)] == np.arange(len(there))))
    xy_i, xy_j = xy_i[own], xy_j[there[own]]
    if len(xy_i) < LEAST:
        return xy_i[:0], xy_j[:0]
    motion = xy_j - xy_i
    _, near = cKDTree(xy_i).query(xy_i, k=9)
    usual = np.median(motion[near[:, 1:]], axis=1)
    alike = np.linalg.norm(motion - usual, axis=1) < APART_PX * scale + APART_SHARE * np.linalg.norm(usual, axis=1)
    xy_i, xy_j = xy_i[alike], xy_j[alike]
    if len(xy_i) < LEAST:
        return xy_i[:0], xy_j[:0]
    options = pycolmap.RANSACOptions(max_error=LOOSE_PX * scale / 3, max_num_trials=2000, random_seed=0)
    found = pycolmap.estimate_fundamental_matrix(xy_i, xy_j, options)
    if found is None:
        return xy_i[:0], xy_j[:0]
    kept = sampson_error(found["F"], xy_i, xy_j) < LOOSE_PX * scale
    if kept.mean() < LEAST_RIGHT:
        return xy_i[:0], xy_j[:0]
    return xy_i[kept], xy_j[kept]


def _nearest(found: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of each descriptor, the number of the nearest other one; -1 where the second is about as near."""
    matches = cv2.BFMatcher(cv2.NORM_L2).knnMatch(found, other, k=2)
    return np.array([m.trainIdx if m.distance < RATIO * n.distance else -1 for m, n in matches])
