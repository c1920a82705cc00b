"""Depth of one frame by plane sweep: which of many planes makes its neighbours look like it (Collins 1996)."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from factory.construct import Count, NotNegative, Positive
from factory.depth.flat import Flat, flat_camera
from factory.depth.posed import Posed
from factory.depth.smooth import semi_global

UNKNOWN = np.float32(9.0)  # the cost of a pixel that a neighbour does not show; no true cost is above 1


@dataclass(frozen=True)
class Swept:
    """inverse: float32 (h, w), one by the depth; NaN where no neighbour shows the pixel. margin: float32 (h, w), by how
    much the second best plane is worse; 0 where the best does not match."""

    inverse: np.ndarray
    margin: np.ndarray


@dataclass
class PlaneSweep:
    """Planes across the axis, each nearer than the last by one factor; 1 - ZNCC, the mean of the better half of the
    neighbours; semi-global smoothing; a parabola through the best plane and those beside it.

    Planes uniform in inverse depth were two thirds worse on a rendered clip whose walls lie three planes from infinity.
    Numbers without another word: a study on one rendered clip in which half of them were varied by factors of two, to
    the effect of a tenth of the error at the most.
    """

    planes: Count = 64
    window_px: Count = 5
    noise_levels: Positive = 2.0  # of grey: windows with less contrast do not speak
    p1: NotNegative = 0.06
    p2: NotNegative = 0.6
    guide_weight: NotNegative = 0.08
    guide_log: Positive = 0.4  # ratio, as a logarithm, from which on being far from the guide costs no more
    beside_planes: Count = 2  # so near to the best plane none is a second best
    most_cost: Positive = 0.5  # of a match, without smoothing: above, smoothing alone has decided, as in the sky

    def __call__(
        self, posed: Posed, frame: int, neighbours: Sequence[int], inverse_range: tuple[float, float],
        guide: np.ndarray | None = None,
    ) -> Swept:  # fmt: skip
        """inverse_range: of the planes. guide: float32 (h, w), the inverse depth expected; NaN where none is."""
        planes = np.geomspace(*inverse_range, self.planes)
        here = flat_camera(posed.cameras[frame], posed.size)
        grey = here.flat(_grey(posed.frames[frame]))
        cost = self._cost(posed, frame, grey, neighbours, planes, here)
        unseen = cost.min(axis=0) >= UNKNOWN
        np.minimum(cost, 1.0, out=cost)
        if guide is not None and self.guide_weight:
            self._add_guide(cost, here.flat(guide, np.nan), planes)
        smooth = semi_global(cost, grey, self.p1, self.p2)
        matched = cv2.blur(np.take_along_axis(cost, smooth.argmin(axis=0)[None], axis=0)[0], (3, 3))
        inverse, margin = self._best(smooth, planes)
        inverse[unseen], margin[unseen | (matched > self.most_cost)] = np.nan, 0.0
        return Swept(here.bent(inverse, np.nan), here.bent(margin, 0.0))

    def _cost(
        self, posed: Posed, frame: int, grey: np.ndarray, neighbours: Sequence[int], planes: np.ndarray, here: Flat
    ) -> np.ndarray:
        """float32 (D, H, W), in [0, 1], UNKNOWN where no neighbour shows the pixel."""
        window = (self.window_px, self.window_px)
        noise = np.float32(self.noise_levels**2)
        mean = cv2.blur(grey, window)
        spread = np.maximum(cv2.blur(grey * grey, window) - mean * mean, 0.0) + noise
        cost = np.empty((len(planes), *grey.shape), np.float32)
        others = [self._seen(posed, frame, other, here) for other in neighbours]
        each = np.empty((len(others), *grey.shape), np.float32)
        for number, plane in enumerate(planes):
            for place, (picture, at_infinity, by_inverse) in enumerate(others):
                warp = at_infinity + plane * by_inverse
                moved = cv2.warpPerspective(
                    picture, warp, grey.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
                )
                shown, known = cv2.split(moved)
                shown_mean = cv2.blur(shown, window)
                shown_spread = cv2.blur(cv2.multiply(shown, shown), window) - cv2.multiply(shown_mean, shown_mean)
                both = cv2.blur(cv2.multiply(shown, grey), window) - cv2.multiply(shown_mean, mean)
                np.maximum(shown_spread, 0.0, out=shown_spread)
                shown_spread += noise
                shown_spread *= spread
                both /= cv2.sqrt(shown_spread)
                np.subtract(1.0, both, out=both)
                np.clip(both, 0.0, 1.0, out=both)
                both[known < 0.99] = UNKNOWN
                each[place] = both
            cost[number] = _better_half(each)
        return cost

    def _seen(self, posed: Posed, frame: int, other: int, here: Flat) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A neighbour's picture float32 (H, W, 2), grey and 1 where it can be used, and the homography from pixels of
        the frame to its own: a part of planes at infinity and one that inverse depth multiplies."""
        there = flat_camera(posed.cameras[other], posed.size)
        usable = 1.0 - cv2.dilate(posed.moving[other].astype(np.float32), np.ones((self.window_px, self.window_px)))
        usable[[0, -1]] = usable[:, [0, -1]] = 0.0
        picture = cv2.merge([there.flat(_grey(posed.frames[other])), there.flat(usable)])
        motion, back = posed.from_to(frame, other), np.linalg.inv(here.matrix)
        beside = np.zeros((3, 3))
        beside[:, 2] = motion[:3, 3]
        return picture, there.matrix @ motion[:3, :3] @ back, there.matrix @ beside @ back

    def _add_guide(self, cost: np.ndarray, guide: np.ndarray, planes: np.ndarray) -> None:
        with np.errstate(divide="ignore", invalid="ignore"):
            log_guide = np.log(guide)
        for number, plane in enumerate(planes):
            apart = np.minimum(np.abs(np.float32(np.log(plane)) - log_guide) / np.float32(self.guide_log), 1.0)
            cost[number] += np.float32(self.guide_weight) * np.nan_to_num(apart, copy=False, nan=0.0)

    def _best(self, cost: np.ndarray, planes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Inverse depth between the planes, and margin, float32 (H, W) each. Writes over the cost."""
        best = cost.argmin(axis=0)[None]
        inner = np.clip(best, 1, len(planes) - 2)
        low, middle, high = (np.take_along_axis(cost, inner + step, axis=0)[0] for step in (-1, 0, 1))
        least = np.take_along_axis(cost, best, axis=0)[0]
        bend = low - 2.0 * middle + high
        shift = np.where(bend > 1e-6, 0.5 * (low - high) / np.maximum(bend, 1e-6), 0.0)
        at = np.clip(inner[0] + np.clip(shift, -1.0, 1.0), 0, len(planes) - 1)
        for step in range(-self.beside_planes, self.beside_planes + 1):
            np.put_along_axis(cost, np.clip(best + step, 0, len(planes) - 1), np.inf, axis=0)
        inverse = np.interp(at, np.arange(len(planes)), planes)
        return inverse.astype(np.float32), (cost.min(axis=0) - least).astype(np.float32)


def _better_half(each: np.ndarray) -> np.ndarray:
    """Of costs (n, H, W), the mean of the lower half of those that are known; UNKNOWN where none is."""
    if len(each) == 1:
        return each[0]
    first = np.minimum(each[0], each[1])
    second = np.maximum(each[0], each[1])
    for more in each[2:]:
        second = np.minimum(second, np.maximum(first, more))
        first = np.minimum(first, more)
    if len(each) < 3:
        return first
    # With fewer than three known, the half is one.
    few = np.count_nonzero(each < UNKNOWN, axis=0) < 3
    return np.where(few, first, 0.5 * (first + second))


def _grey(picture: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)
