"""Dynamic-mask specialist: how much of the picture moves on its own, and how rigid the background is."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from scipy.spatial import cKDTree

from factory.clip import ClipRecord
from factory.filters.robust import fit_homography
from factory.filters.two_view import ViewPair


@dataclass
class MovingShare:
    """Share of points that move against the background: too small and nothing moves (C3), too large and there is
    nothing to tell the camera from (C2).

    A point moves when it is off its epipolar line, or runs along it the wrong way, and most of its nearest neighbours
    do the same: an object is a patch that moves together, a tracking error stands alone. Where one homography explains
    nearly all points the camera turns on the spot (or looks at a plane), every object can be explained away by some
    translation, and a point moves when it is off the homography instead.

    Needs: view_pairs, point_tracks. Gives: moving_share, float, mean over the pairs; rigid_share,
    float, of the points at the left, right and upper border those that move as a static scene would, median over the
    pairs. None without a pair.
    """

    needs: ClassVar[tuple[str, ...]] = ("view_pairs", "point_tracks")
    gives: ClassVar[tuple[str, ...]] = ("moving_share", "rigid_share")

    neighbours: int = 5
    agreeing: float = 0.6  # three of five
    near_diagonals: float = 0.08
    widest_diagonals: float = 0.5  # 0.6 of the width of a 16:9 frame
    border: float = 0.15
    least_border: int = 8
    turning: float = 0.9  # share of points on one homography
    homography_px: float = 1.5

    def __call__(self, record: ClipRecord) -> ClipRecord:
        pairs: list[ViewPair] = record["view_pairs"]
        tracks = record["point_tracks"]
        if not pairs:
            return record.give(moving_share=None, rigid_share=None)
        moving = [float(self.moving(pair, tracks.diagonal_px).mean()) for pair in pairs]
        rigid = []
        for pair in pairs:
            part = pair.xy1 / (tracks.width, tracks.height)
            border = (part[:, 0] < self.border) | (part[:, 0] > 1 - self.border) | (part[:, 1] < self.border)
            if border.sum() >= self.least_border:
                rigid.append(float(pair.rigid[border].mean()))
        return record.give(moving_share=float(np.mean(moving)), rigid_share=float(np.median(rigid)) if rigid else None)

    def moving(self, pair: ViewPair, diagonal_px: float) -> np.ndarray:
        """bool (n,): the points of the pair that move, in patches."""
        distance_px, neighbour = cKDTree(pair.xy1).query(pair.xy1, k=self.neighbours + 1)
        near, neighbour = distance_px[:, 1:] < self.near_diagonals * diagonal_px, neighbour[:, 1:]

        def in_patches(suspect: np.ndarray, alike: np.ndarray) -> np.ndarray:
            return suspect & ((alike & near & suspect[neighbour]).mean(axis=1) >= self.agreeing)

        side = pair.side
        beside = in_patches(side != 0, side[neighbour] == side[:, None])
        against = self._off_homography(pair)
        if against is None:
            behind = in_patches(pair.behind, np.ones_like(near))
            return beside if self._is_layer(pair.xy1[behind], diagonal_px) else beside | behind
        length = np.linalg.norm(against, axis=1)
        heading = against / np.maximum(length, 1e-9)[:, None]
        same_way = (heading[neighbour] * heading[:, None]).sum(axis=-1) > 0.5  # within 60 degrees
        return beside | in_patches(length > 2 * pair.tolerance_px, same_way)

    def _is_layer(self, xy: np.ndarray, diagonal_px: float) -> bool:
        """Whether points that move the wrong way reach from side to side: then they are the ground seen from a window,
        and it is the depths' sign that is wrong, as it is easily where a camera moves sideways past far things."""
        if len(xy) < 5:
            return False
        left, right = np.quantile(xy[:, 0], (0.05, 0.95))
        return bool(right - left > self.widest_diagonals * diagonal_px)

    def _off_homography(self, pair: ViewPair) -> np.ndarray | None:
        """Displacement from where the homography moves each point, pixels (n, 2); None when it explains too few."""
        homography = fit_homography(pair.xy1, pair.xy2, self.homography_px)
        if homography is None:
            return None
        off_px = pair.xy2 - cv2.perspectiveTransform(pair.xy1[None], homography)[0]
        return off_px if (np.linalg.norm(off_px, axis=1) < self.homography_px).mean() >= self.turning else None
