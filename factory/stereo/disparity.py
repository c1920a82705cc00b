"""Dense disparity of rectified pairs, and where it can be trusted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import cv2
import numpy as np

from factory.construct import Count, Positive
from factory.models.fine_dis import FineDis
from factory.models.roles import Flow
from factory.stereo.checks import Checks
from factory.stereo.rectify import View

Pair = tuple[np.ndarray, np.ndarray]

SGBM_STEP_PX = 16  # OpenCV searches multiples of it, and counts disparities in sixteenths
SGBM_BLOCK_PX = 9  # 5 to 11 reach the same on rendered pinholes, 9 and 11 keep half more of a VR180 picture


@dataclass(frozen=True)
class Disparity:
    """disparity: float32 (H, W) pixels of the rectified left picture, left[y, x] ~ right[y, x - disparity]; NaN where
    one of the eyes does not see it. confident: bool (H, W). thrown: by check, how many pixels fail it, whatever other
    checks say of them."""

    disparity: np.ndarray
    confident: np.ndarray
    thrown: dict[str, int]

    def without(self, unseen: np.ndarray) -> "Disparity":
        """The same where the left eye shows nothing in `unseen`, bool (H, W)."""
        if not unseen.any():
            return self
        disparity = np.where(unseen, np.float32(np.nan), self.disparity)
        thrown = self.thrown | {"unseen": int(np.count_nonzero(np.isnan(disparity)))}
        return Disparity(disparity, self.confident & ~unseen, thrown)


@dataclass
class DenseDisparity:
    """Optical flow from the left picture to the right one and back, and what passes all checks of it.

    flow: null stands for DIS, as fine as the pictures are: pinholes show their own pixels, wide views are interpolated
    (on 90 degrees of rendered VR180 AbsRel .042 of .88 of the pixels with scale 1, .051 of .74 with 0).
    """

    flow: Flow | None = None
    checks: Checks = field(default_factory=Checks)
    nearest_baselines: Positive = 5.0  # what is nearer the second opinion does not find: 0.3 m for eyes. A guess
    pairs_at_once: Count = 8  # that a network is asked for

    def __call__(self, left: np.ndarray, right: np.ndarray, view: View, baseline_m: float) -> Disparity:
        """Of one rectified pair, uint8 (H, W) grey or (H, W, 3) RGB. Raises ModelError."""
        return next(self.many([(left, right)], view, baseline_m))

    def many(self, pairs: Iterable[Pair], view: View, baseline_m: float) -> Iterator[Disparity]:
        """Of rectified pairs in their order, a few at a time. Raises ModelError."""
        waiting = iter(pairs)
        while some := list(islice(waiting, self.pairs_at_once)):
            for (left, right), (there, back) in zip(some, self.flows(some, view), strict=True):
                second = None
                if self.checks.most_apart_px is not None:
                    second = matched(_grey(left), _grey(right), round(view.lens.focal_px / self.nearest_baselines))
                yield judged(self.checks.failed(view, baseline_m, there, back, second), there)

    def flows(self, pairs: list[Pair], view: View) -> Iterator[Pair]:
        """Flow there and back, float32 (H, W, 2), of each pair."""
        if self.flow is None:
            dis = FineDis(finest_scale=0 if view.lens.model == "pinhole" else 1)
            for left, right in pairs:
                yield dis.flow(_grey(left), _grey(right)), dis.flow(_grey(right), _grey(left))
            return
        frames = np.stack([_rgb(picture) for pair in pairs for picture in pair])
        wanted = np.array([(2 * n + way, 2 * n + 1 - way) for n in range(len(pairs)) for way in (0, 1)])
        found = self.flow.pairs(frames, wanted)
        for n in range(len(pairs)):
            yield found[2 * n].astype(np.float32), found[2 * n + 1].astype(np.float32)


def judged(failed: dict[str, np.ndarray], there: np.ndarray) -> Disparity:
    """The disparity of a flow float32 (H, W, 2), confident where no check, see `Checks.failed`, failed."""
    disparity = np.where(failed["unseen"], np.nan, -there[..., 0]).astype(np.float32)
    thrown = {name: int(np.count_nonzero(pixels)) for name, pixels in failed.items()}
    return Disparity(disparity, ~np.any(list(failed.values()), axis=0), thrown)


def matched(left: np.ndarray, right: np.ndarray, most_px: int) -> np.ndarray:
    """Disparity of rectified grey pictures, uint8 (H, W), by semi-global matching (Hirschmueller, TPAMI 2008): float32
    (H, W) pixels from 0 to `most_px` and a little more, NaN where there is none."""
    count = min(most_px // SGBM_STEP_PX + 1, left.shape[1] // (2 * SGBM_STEP_PX)) * SGBM_STEP_PX
    if count == 0:
        return np.full(left.shape, np.nan, np.float32)
    smooth = SGBM_BLOCK_PX**2
    sgbm = cv2.StereoSGBM.create(
        minDisparity=0,
        numDisparities=count,
        blockSize=SGBM_BLOCK_PX,
        P1=8 * smooth,  # OpenCV's own suggestion for one channel, as is 32
        P2=32 * smooth,
        mode=cv2.STEREO_SGBM_MODE_SGBM_3WAY,
    )
    # It does not answer in columns from which the farthest disparity leads outside.
    wide = [cv2.copyMakeBorder(picture, 0, 0, count, 0, cv2.BORDER_REPLICATE) for picture in (left, right)]
    found = sgbm.compute(*wide)[:, count:]
    return np.where(found < 0, np.nan, found / SGBM_STEP_PX).astype(np.float32)


def _grey(picture: np.ndarray) -> np.ndarray:
    # DIS refuses a picture that is a part of a wider one, as an eye is.
    return np.ascontiguousarray(picture) if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def _rgb(picture: np.ndarray) -> np.ndarray:
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
