"""Dynamic-mask specialist: how much of the picture moves on its own, and how rigid the background is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from scipy.spatial import cKDTree

from factory.clip import ClipRecord
from factory.filters.robust import fit_homography
from factory.filters.two_view import ViewPair
from factory.tracks import Tracks


@dataclass
class MovingShare:
    """Share of points that move against the background: too small and nothing moves (C3), too large and there is
    nothing to tell the camera from (C2).

    A point moves when it is off its epipolar line, or runs along it the wrong way. The pair furthest apart in which it
    still lives decides: it sees most, but what moves on its own has often died before. And a point moves only in a
    patch: most of those near it that go the same way are suspect too. A tracking error goes its own way, alone.

    Where one homography explains nearly all points the camera turns on the spot (or looks at a plane, or has not come
    far yet), every object can be explained away by some translation, and a point moves when it is off the homography,
    too. Elsewhere, what runs along its line the right way looks like something nearer that stands still: not found.

    Needs: view_steps, tracks. Gives: moving_share, float, mean over the starts of the share of the points that
    live in the shortest pair; rigid_share, float, of the points at the left, right and upper border those that move as
    a static scene would over the longest pair, median. None without a pair.
    """

    needs: ClassVar[tuple[str, ...]] = ("view_steps", "tracks")
    gives: ClassVar[tuple[str, ...]] = ("moving_share", "rigid_share")

    near_diagonals: float = 0.08  # 29 px of 320 x 180: two to three times the distance of tracked corners
    like_px: float = 1.0  # displacements differ by less than this and `like_share` of the longer: they go the same way
    like_share: float = 0.3  # 17 degrees, or a limb's motion against the body's; a choice
    least_alike: int = 2  # with the point itself a patch of three; measured: with two, a static car park reaches 0.019
    agreeing: float = 0.6  # of the points alike
    widest_diagonals: float = 0.5  # 0.6 of the width of a 16:9 frame
    border: float = 0.15
    least_border: int = 8
    turning: float = 0.9  # share of points on one homography
    homography_px: float = 1.5

    def __call__(self, record: ClipRecord) -> ClipRecord:
        steps: list[list[ViewPair]] = record["view_steps"]
        tracks: Tracks = record["tracks"]
        if not steps:
            return record.give(moving_share=None, rigid_share=None)
        moving = [float(self.moving(pairs, tracks).mean()) for pairs in steps]
        rigid = []
        for pair in (pairs[-1] for pairs in steps):
            part = pair.xy1 / (tracks.width, tracks.height)
            border = (part[:, 0] < self.border) | (part[:, 0] > 1 - self.border) | (part[:, 1] < self.border)
            if border.sum() >= self.least_border:
                rigid.append(float(pair.rigid[border].mean()))
        return record.give(moving_share=float(np.mean(moving)), rigid_share=float(np.median(rigid)) if rigid else None)

    def moving(self, pairs: Sequence[ViewPair], tracks: Tracks) -> np.ndarray:
        """bool (n,): the points of the first pair that move, in patches. pairs: from one frame, shortest first."""
        count, diagonal_px = tracks.count, tracks.diagonal_px
        beside, behind = np.zeros(count, bool), np.zeros(count, bool)
        for pair in pairs:
            off_px = self._off_homography(pair)
            off = np.zeros(len(pair.track), bool)
            if off_px is not None:
                off = (off_px > 2 * pair.tolerance_px) & self._stays(pair, pairs[-1], tracks)
            beside[pair.track] = (pair.side != 0) | off
            behind[pair.track] = pair.behind & (off_px is None)
        shown = pairs[0]
        beside, behind = beside[shown.track], behind[shown.track]
        alike = self._alike(shown, diagonal_px)
        if self._is_layer(shown.xy1[self._in_patches(behind, alike)], diagonal_px):
            return self._in_patches(beside, alike)
        return self._in_patches(beside | behind, alike)

    def _stays(self, pair: ViewPair, last: ViewPair, tracks: Tracks) -> np.ndarray:
        """bool (n,): whether the points would still be in the picture in the `last` pair if they went on as they do. A
        post close to a moving camera is off the homography, too; while it stays in the picture the last pair clears
        it."""
        step_px, last_px = (np.median(np.linalg.norm(p.xy2 - p.xy1, axis=1)) for p in (pair, last))
        ahead = pair.xy1 + (pair.xy2 - pair.xy1) * (last_px / step_px)
        inside: np.ndarray = ((ahead >= 0) & (ahead <= [tracks.width - 1, tracks.height - 1])).all(axis=1)
        return inside | (pair is last)

    def _alike(self, pair: ViewPair, diagonal_px: float) -> np.ndarray:
        """int (m, 2): which points are near each other and go the same way."""
        near = cKDTree(pair.xy1).query_pairs(self.near_diagonals * diagonal_px, output_type="ndarray")
        step_px = pair.xy2 - pair.xy1
        one, other = step_px[near[:, 0]], step_px[near[:, 1]]
        longer_px = np.maximum(np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1))
        return near[np.linalg.norm(one - other, axis=1) < self.like_px + self.like_share * longer_px]

    def _in_patches(self, suspect: np.ndarray, alike: np.ndarray) -> np.ndarray:
        a, b = np.concatenate([alike, alike[:, ::-1]]).T
        backing = np.bincount(a, suspect[b], len(suspect))
        of = np.bincount(a, minlength=len(suspect))
        return suspect & (backing >= self.least_alike) & (backing >= self.agreeing * of)

    def _is_layer(self, xy: np.ndarray, diagonal_px: float) -> bool:
        """Whether points that move the wrong way reach from side to side: then they are the ground seen from a window,
        and it is the depths' sign that is wrong, as it is easily where a camera moves sideways past far things."""
        if len(xy) < 5:
            return False
        left, right = np.quantile(xy[:, 0], (0.05, 0.95))
        return bool(right - left > self.widest_diagonals * diagonal_px)

    def _off_homography(self, pair: ViewPair) -> np.ndarray | None:
        """Distance from where the homography moves each point, pixels (n,); None when it explains too few."""
        homography = fit_homography(pair.xy1, pair.xy2, self.homography_px)
        if homography is None:
            return None
        off_px = np.linalg.norm(pair.xy2 - cv2.perspectiveTransform(pair.xy1[None], homography)[0], axis=1)
        return off_px if (off_px < self.homography_px).mean() >= self.turning else None
