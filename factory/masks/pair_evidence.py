"""Dense evidence, for two frames, that pixels move as the static background does or do not."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from scipy.spatial import cKDTree

from factory.models.warps import warped


@dataclass(frozen=True)
class PairEvidence:
    """Of one frame against another.

    moves: float32 (H, W), above 0 where the background's motion fails to explain the picture. rests: float32 (H, W),
    above 0 where it does, and a shift by half a pixel would show. goes: float32 (H, W, 2), the position of each pixel
    in the other frame. missed_grey: float32 (H, W), grey levels by which the picture there differs.
    """

    moves: np.ndarray
    rests: np.ndarray
    goes: np.ndarray
    missed_grey: np.ndarray


@dataclass
class BackgroundMotion:
    """Compares frames after taking out the background's motion, which its tracks give.

    A homography first, so that dense flow meets only what is left of fast pans. What is left of the tracks in a
    neighbourhood (parallax) has a mean and a covariance: a pixel's flow may be background where it lies within
    `sigmas` of them. Two things speak for motion: background flow explains the picture worse than the free flow does
    (slow and textured things), and misses it by more than a pixel's misregistration would (things too fast for any
    flow). Numbers were chosen on four real clips and a composite with true masks; each is on a plateau.
    """

    nearest: int = 12  # tracks of a neighbourhood
    reach_px: float = 40.0  # and their weight's scale, at a picture 320 wide
    cell_px: int = 16
    sigma_px: float = 0.5  # of tracks and flow
    sigma_share: float = 0.03  # of the background's own motion
    sigmas: float = 2.5
    # Near the camera there may be more parallax than the tracks around show, up to the most seen anywhere in the pair,
    # the further from the tracks the more. Where it may be so many pixels nothing can be called missed: the first
    # bound leaves all, the second nothing. Without it fast plain floor, which no flow follows, looks missed.
    far_px: float = 160.0
    parallax_percentile: float = 98.0
    unknown_px: tuple[float, float] = (1.0, 1.75)
    window_px: int = 7
    noise: float = 2.0  # grey levels
    miss_noise: float = 6.0
    least_tracks: int = 12
    worse_bounds: tuple[float, float] = (-0.3, 2.0)
    missed_bounds: tuple[float, float] = (-0.5, 2.0)  # no single frame decides
    most_rest: float = 1.5

    def homography(self, xy: np.ndarray, xy_other: np.ndarray) -> np.ndarray | None:
        """What takes most background points (n, 2) to the other frame, float64 (3, 3); None if nothing does."""
        if len(xy) < self.least_tracks:
            return None
        # Not one of the USAC methods: on degenerate points they fail an assertion of their own.
        found, _ = cv2.findHomography(xy, xy_other, cv2.RANSAC, 1.5, maxIters=500, confidence=0.99)
        return None if found is None or abs(np.linalg.det(found)) < 1e-6 else np.asarray(found)

    def compare(
        self,
        image: np.ndarray,
        other: np.ndarray,
        xy: np.ndarray,
        xy_other: np.ndarray,
        warp: np.ndarray,
        flow: np.ndarray,
    ) -> PairEvidence:
        """image, other: uint8 (H, W) grey. xy, xy_other: float64 (n, 2), background tracks in them, in their pixels.

        warp: what `homography` found of these. flow: (H, W, 2), from `image` to `other` seen through it.
        """
        height, width = image.shape
        steady, inside = warped(other, warp), _covered(other.shape, warp)
        flow = flow.astype(np.float32)
        left = cv2.perspectiveTransform(xy_other[:, None], np.linalg.inv(warp))[:, 0] - xy
        moved_px = float(np.median(np.linalg.norm(xy_other - xy, axis=1)))
        expected, distance, known = self._against(xy, left, flow, moved_px)
        # Of the flows the background allows, the nearest to the pixel's own: the best case for the background.
        allowed = expected + (flow - expected) * np.minimum(1.0, self.sigmas / distance)[..., None]
        own_error = self._misfit(image, steady, flow)
        background_error = self._misfit(image, steady, allowed)
        worse = np.where(distance > self.sigmas, (background_error - own_error) / (self.noise + own_error), 0.0)
        pixel = np.minimum(self._gradient(image), self._gradient(steady))
        missed = known * (background_error / (self.miss_noise + pixel) - 1.0)
        moves = np.where(inside, np.clip(worse, *self.worse_bounds) + np.clip(missed, *self.missed_bounds), 0.0)
        sure = (pixel - 0.5 * background_error) / (self.noise + background_error)
        rests = np.where(inside, np.clip(sure, 0.0, self.most_rest), 0.0)
        goes = cv2.perspectiveTransform((_grid(height, width) + flow).reshape(-1, 1, 2), warp)
        goes = goes.reshape(height, width, 2).astype(np.float32)
        return PairEvidence(moves.astype(np.float32), rests.astype(np.float32), goes, own_error)

    def _against(
        self, xy: np.ndarray, left: np.ndarray, flow: np.ndarray, moved_px: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean of the flow left to the background near each pixel, (H, W, 2), Mahalanobis distance from it, (H, W), and
        how well that motion is known there, (H, W) in [0, 1]."""
        height, width = flow.shape[:2]
        y, x = np.mgrid[self.cell_px / 2 : height : self.cell_px, self.cell_px / 2 : width : self.cell_px]
        distance, near = cKDTree(xy).query(np.column_stack([x.ravel(), y.ravel()]), k=min(self.nearest, len(xy)))
        weight = np.exp(-0.5 * (distance / self.reach_px) ** 2) + 1e-6
        weight /= weight.sum(axis=1, keepdims=True)
        mean = np.einsum("gk,gkc->gc", weight, left[near])
        apart = left[near] - mean[:, None]
        floor = self.sigma_px**2 + (self.sigma_share * moved_px) ** 2
        covariance = np.einsum("gk,gka,gkb->gab", weight, apart, apart) + floor * np.eye(2)
        parallax_px = np.percentile(np.linalg.norm(left, axis=1), self.parallax_percentile)
        unknown_px = parallax_px * distance.mean(axis=1) / self.far_px
        little_px, much_px = self.unknown_px
        known = np.clip((much_px - unknown_px) / (much_px - little_px), 0.0, 1.0)
        inverse = np.linalg.inv(covariance)
        columns = [mean[:, 0], mean[:, 1], inverse[:, 0, 0], inverse[:, 0, 1], inverse[:, 1, 1], known]
        maps = [cv2.resize(c.reshape(x.shape).astype(np.float32), (width, height)) for c in columns]
        dx, dy = flow[..., 0] - maps[0], flow[..., 1] - maps[1]
        squared = maps[2] * dx**2 + 2 * maps[3] * dx * dy + maps[4] * dy**2
        return np.dstack(maps[:2]), np.sqrt(np.maximum(squared, 1e-12)), maps[5]

    def _misfit(self, image: np.ndarray, steady: np.ndarray, flow: np.ndarray) -> np.ndarray:
        """Mean absolute difference over the window between the picture and the other one, fetched along the flow."""
        at = _grid(*image.shape) + flow
        fetched = cv2.remap(steady, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        return cv2.blur(cv2.absdiff(image, fetched).astype(np.float32), (self.window_px, self.window_px))

    def _gradient(self, image: np.ndarray) -> np.ndarray:
        """Grey levels a shift by one pixel changes, mean over the window."""
        dx = cv2.Sobel(image, cv2.CV_32F, 1, 0, scale=1 / 8)
        dy = cv2.Sobel(image, cv2.CV_32F, 0, 1, scale=1 / 8)
        return cv2.blur(cv2.magnitude(dx, dy), (self.window_px, self.window_px))


def _covered(shape: tuple[int, ...], warp: np.ndarray) -> np.ndarray:
    """Where the other frame covers the first, seen through the homography: bool (H, W)."""
    flags = cv2.WARP_INVERSE_MAP | cv2.INTER_NEAREST
    covered = cv2.warpPerspective(np.full(shape, 255, np.uint8), warp, shape[::-1], flags=flags)
    return cv2.erode(covered, np.ones((9, 9), np.uint8)) > 0


@lru_cache(maxsize=2)
def _grid(height: int, width: int) -> np.ndarray:
    """The (x, y) of every pixel: float32 (H, W, 2), not to be written to."""
    return np.dstack(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)))
