"""What of a box in one frame is the object: candidates from motion and colour, and which of them to believe.

A box is worth most where the vote on motion fails (a car that stands for a while, a thing that hides the border), and
there motion must not be asked; where motion works it is better than any colour. What tells is how much of the box each
fills, and how tightly: GrabCut (Rother et al., SIGGRAPH 2004) is right or collapses.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from factory.construct import Share
from factory.prior.merge import mask_box


@dataclass(frozen=True)
class Seed:
    """mask: bool (h, w), the object in the frame of the box. motion: whether motion may say more of it elsewhere."""

    mask: np.ndarray
    motion: bool


@dataclass(frozen=True)
class ChooseSeed:
    """Bounds set on 60 boxes, three a clip: twelve real clips (ten of DAVIS) and five rendered ones in which motion
    alone misleads, half of the real ones only seen when the first bounds stood. What becomes of others:
    `tests/bench/boxes.py`."""

    # Of the box, that the motion mask fills: below, motion sees nothing, or something else. Things that pass for the
    # world 0.03 and less, a paraglider on thin lines 0.04, riders, a swan and a cow 0.20 and more.
    least_motion: Share = 0.035
    # A motion mask that fills it so loosely may have seen a part; with so little of it, it has: a camel 0.83 and 0.26.
    part_tight: Share = 0.9
    part_fill: Share = 0.3
    # Not one that fills it looser still: what hangs on lines (0.06 and 0.14), or leaps by (0.5), no colour finds.
    least_tight: Share = 0.6
    # Where the solve is refused, a thing whose box takes so much of the picture may have the vote, and motion sees bits
    # of what is left: a turntable and a stand before a mirror (rendered), a motocross rider (real: J 0.28 to 0.50).
    large: Share = 0.4
    # GrabCut is believed where it fills the box as tightly: where motion sees nothing or may have seen a part,
    sure_tight: Share = 0.9
    # where it finds a thing of the shape of its box (a tray 0.97 and more; a motorcycle that fills the picture 0.84),
    # which motion is asked no more of if it sees less than half,
    full: Share = 0.93
    full_motion: Share = 0.5
    # where motion has seen a part,
    whole_tight: Share = 0.75
    # and, started from the motion mask, for a sharper outline.
    sharp_tight: Share = 0.8
    sharp_fill: Share = 0.25
    sharp_overlap: Share = 0.6  # with the motion mask, by their union: a breakdancer 0.59 (worse), others 0.63 to 0.84
    least_part: Share = 0.15  # parts of a GrabCut that are smaller, by the largest, are none of the object; the study's
    iterations: int = 5

    def __call__(self, rgb: np.ndarray, motion: np.ndarray, box: np.ndarray, doubted: bool = False) -> Seed:
        """rgb: uint8 (h, w, 3). motion: bool (h, w), what moves in this frame; doubted: by a solve that is refused.
        box: float (4,) left, top, right, bottom in pixels, centres at integers."""
        inside = box_mask(box, motion.shape)
        moving = motion & inside
        fill = moving.sum() / max(inside.sum(), 1)
        colour = self._grabbed(rgb, np.where(inside, cv2.GC_PR_FGD, cv2.GC_BGD))
        bits = fill < self.part_fill and tightness(moving, inside) < self.least_tight
        if fill < self.least_motion or (doubted and bits and inside.mean() >= self.large):
            return Seed(colour if tightness(colour, inside) >= self.sure_tight else inside, False)
        if tightness(colour, inside) >= self.sure_tight and colour.sum() >= self.full * inside.sum():
            return Seed(colour, bool((colour & moving).sum() >= self.full_motion * colour.sum()))
        if self.least_tight <= tightness(moving, inside) < self.part_tight:
            enough = self.whole_tight if fill < self.part_fill else self.sure_tight
            if tightness(colour, inside) >= enough:
                return Seed(colour, True)
        start = np.where(moving, cv2.GC_PR_FGD, np.where(inside, cv2.GC_PR_BGD, cv2.GC_BGD))
        sharp = self._grabbed(rgb, start)
        alike = (sharp & moving).sum() >= self.sharp_overlap * (sharp | moving).sum()
        if alike and tightness(sharp, inside) >= self.sharp_tight and sharp.sum() >= self.sharp_fill * inside.sum():
            return Seed(sharp, True)
        return Seed(moving, True)

    def _grabbed(self, rgb: np.ndarray, start: np.ndarray) -> np.ndarray:
        """What GrabCut makes of a start, without small parts: bool (h, w)."""
        labels, outside, within = start.astype(np.uint8), np.zeros((1, 65)), np.zeros((1, 65))
        cv2.setRNGSeed(0)  # it draws: the same call gave a J of 0.68 once and of 0 once
        try:
            bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
            cv2.grabCut(bgr, labels, (0, 0, 0, 0), outside, within, self.iterations, cv2.GC_INIT_WITH_MASK)
        except cv2.error:  # too few pixels of either kind
            return np.zeros(start.shape, bool)
        found = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
        count, parts, told, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8))
        areas = told[1:count, cv2.CC_STAT_AREA]
        large = np.array([False, *(areas >= self.least_part * areas.max(initial=0))])
        return np.asarray(large[parts])


def box_mask(box: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The pixels of a box, bool (h, w): at least one."""
    height, width = shape
    x0, y0 = np.clip(np.floor(box[:2] + 0.5).astype(int), 0, [width - 1, height - 1])
    x1, y1 = np.clip(np.ceil(box[2:] + 0.5).astype(int), [x0 + 1, y0 + 1], [width, height])
    inside = np.zeros((height, width), bool)
    inside[y0:y1, x0:x1] = True
    return inside


def tightness(mask: np.ndarray, inside: np.ndarray) -> float:
    """Overlap by union of a mask's bounding box and a box, both bool (h, w)."""
    ours, given = mask_box(mask), mask_box(inside)
    if ours is None or given is None:
        return 0.0
    both = np.prod(np.maximum(np.minimum(ours[2:], given[2:]) - np.maximum(ours[:2], given[:2]), 0))
    return float(both / (np.prod(ours[2:] - ours[:2]) + np.prod(given[2:] - given[:2]) - both))
