"""Whether two pictures show one scene: geometry, made so that repeated texture and overlays cannot stand in for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from factory.video import shrink

SIDE_PX = 640  # of the pictures that are kept, at most
# Of what is matched. Features of a picture half as large cost a quarter; of 60 joins of real clips and 48 pairs of
# frames near each other, half of them at low contrast, all were told as with 640.
MATCHED_PX = 320
FEATURES = 1000
EPIPOLAR_PX, SIMILARITY_PX = 1.0, 8.0  # bounds of an inlier, of pictures 320 px wide
INLIERS = 10  # unrelated real pictures give 5 at most (of 500 pairs), neighbours in fast motion 40 and more in the main
CELLS = 4  # of 4 x 4, in either picture: a logo or a subtitle sits in one or two
STILL_CELLS = 8  # when no inlier moves: half the picture, an overlay (scores, a ticker, a frame) covers less
STILL_PX = 0.6
TURN_DEG, ZOOM_OCTAVES = 20.0, 0.6  # how far one match may turn and scale its feature beyond what the others do
STEP_TURN_DEG = 30.0  # and all of them from one frame to the next, beyond which the view was cut: a guess,
STEP_ZOOM_OCTAVES = 0.5  # and between the 0.4 of the fastest real zoom and the 0.63 of such a cut
LEAST_RANGE = 16.0  # of 255: what is stretched to full contrast is at least this, or noise becomes texture


@dataclass(frozen=True)
class Picture:
    """One frame of the recent past; its features are found when a cut near it is judged. `grey`: uint8 (h, w)."""

    grey: np.ndarray

    @cached_property
    def matched(self) -> np.ndarray:
        return shrink(self.grey, MATCHED_PX)

    @cached_property
    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """SIFT: float64 (N, 4), x, y, angle in degrees, size in pixels; descriptors float32 (N, 128)."""
        low, high = np.percentile(self.matched[::2, ::2], (1, 99))
        scale = 255.0 / max(high - low, LEAST_RANGE)
        stretched = np.clip((self.matched - low) * scale, 0, 255).astype(np.uint8)
        keys, descriptors = cv2.SIFT.create(nfeatures=FEATURES).detectAndCompute(stretched, None)
        if descriptors is None:
            return np.empty((0, 4)), np.empty((0, 128), np.float32)
        return np.array([(*key.pt, key.angle, key.size) for key in keys]), descriptors


def same_scene(a: Picture, b: Picture, *, far_apart: bool = False) -> bool:
    """Whether matches that are best both ways agree on one geometry, one turn and one zoom.

    Striped and repeated texture matches anything under an epipolar geometry alone: many features to a few, turned and
    scaled at random. Counted are inliers in several parts of both pictures. Unless the two were taken `far_apart`, a
    sudden zoom or roll is a cut to another view of the scene: 0.63 octaves and more at such cuts, 0.4 in the fastest
    real zoom.
    """
    from_a, from_b = matches(a, b)
    if len(from_a) < INLIERS:
        return False
    turn = (from_b[:, 2] - from_a[:, 2] + 180) % 360 - 180
    zoom = np.log2(from_b[:, 3] / from_a[:, 3])
    moves = np.linalg.norm(from_a[:, :2] - from_b[:, :2], axis=1) > STILL_PX
    for inlier in geometries(from_a[:, :2].astype(np.float32), from_b[:, :2].astype(np.float32)):
        mean_turn = float(np.degrees(np.angle(np.exp(1j * np.radians(turn[inlier])).sum())))
        mean_zoom = float(np.median(zoom[inlier])) if inlier.any() else 0.0
        agree = inlier & (np.abs((turn - mean_turn + 180) % 360 - 180) < TURN_DEG)
        agree &= np.abs(zoom - mean_zoom) < ZOOM_OCTAVES
        sudden = abs(mean_turn) > STEP_TURN_DEG or abs(mean_zoom) > STEP_ZOOM_OCTAVES
        if sudden and not far_apart:
            continue
        for found, cells in ((agree, STILL_CELLS), (agree & moves, CELLS)):
            if found.sum() >= INLIERS and min(spread(a, from_a[found]), spread(b, from_b[found])) >= cells:
                return True
    return False


def geometries(from_a: np.ndarray, from_b: np.ndarray) -> Iterator[np.ndarray]:
    """Inliers, bool (N,), of points float32 (N, 2): of a fundamental matrix, and of a loose similarity.

    The first is exact for a rigid scene but undetermined by few points on a plane; the second is rough everywhere.
    """
    cv2.setRNGSeed(0)
    _, found = cv2.findFundamentalMat(from_a, from_b, cv2.FM_RANSAC, EPIPOLAR_PX, 0.999, 2000)
    if found is not None:
        yield found.ravel()[: len(from_a)] > 0
    cv2.setRNGSeed(0)
    _, found = cv2.estimateAffinePartial2D(from_a, from_b, ransacReprojThreshold=SIMILARITY_PX, maxIters=1000)
    if found is not None:
        yield found.ravel() > 0


def matches(a: Picture, b: Picture) -> tuple[np.ndarray, np.ndarray]:
    """Features of `a` and `b` that are each other's nearest, and clearly nearer than the next: two (N, 4)."""
    (keys_a, descriptors_a), (keys_b, descriptors_b) = a.features, b.features
    if min(len(keys_a), len(keys_b)) < INLIERS:
        return np.empty((0, 4)), np.empty((0, 4))
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    back = [match.trainIdx for match in matcher.match(descriptors_b, descriptors_a)]
    pairs = matcher.knnMatch(descriptors_a, descriptors_b, k=2)
    good = [m for m, second in pairs if m.distance < 0.8 * second.distance and back[m.trainIdx] == m.queryIdx]
    index = np.array([(m.queryIdx, m.trainIdx) for m in good], int).reshape(-1, 2)
    return keys_a[index[:, 0]], keys_b[index[:, 1]]


def spread(picture: Picture, keys: np.ndarray) -> int:
    """In how many of 4 x 4 cells the features lie."""
    height, width = picture.matched.shape
    cells = np.floor(keys[:, :2] / (width / 4, height / 4)).astype(int)
    return len(np.unique(cells @ (1, 4)))
