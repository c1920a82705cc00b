"""Pictures of a clip cut into small regions of one colour, and which of them touch in space and follow in time."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from factory.masks.pair_evidence import PairEvidence

FOLLOWED_GREY = 12.0  # grey levels by which flow may miss the picture and still link regions; guess


@dataclass(frozen=True)
class Regions:
    """The N regions of F pictures.

    at: int32 (F, h, w), the region of each pixel, numbered through the clip. first: int64 (F + 1,), the number of each
    frame's first region, then N. size: float64 (N,), pixels. lab: float64 (N, 3), mean colour, CIELAB scaled to
    0..255 as OpenCV does.
    """

    at: np.ndarray
    first: np.ndarray
    size: np.ndarray
    lab: np.ndarray

    @property
    def count(self) -> int:
        """N."""
        return int(self.first[-1])

    def means(self, frame: int, values: np.ndarray) -> np.ndarray:
        """Mean of a map (h, w) over each region of a frame: float64 (n,)."""
        begin, end = self.first[frame : frame + 2]
        return _sums(self.at[frame] - begin, values, int(end - begin)) / np.maximum(self.size[begin:end], 1.0)

    def frames(self) -> np.ndarray:
        """The frame of each region: int64 (N,)."""
        return np.repeat(np.arange(len(self.at)), np.diff(self.first))


@dataclass(frozen=True)
class Links:
    """Pairs of regions i < j, int32 (E,), and how much they touch, float64 (E,), about 1 for a whole side or region."""

    i: np.ndarray
    j: np.ndarray
    weight: np.ndarray

    def joined(self, other: "Links") -> "Links":
        return Links(*(np.concatenate(pair) for pair in zip(self._parts, other._parts, strict=True)))

    @property
    def _parts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.i, self.j, self.weight


def cut(pictures: Sequence[np.ndarray], step_px: int) -> Regions:
    """Regions about `step_px` wide of RGB pictures, uint8 (h, w, 3), all of one size.

    The watershed of the gradient (Meyer, 1992) from one seed a cell, where the gradient is least, so that edges of the
    picture become edges of regions.
    """
    at, sizes, colours, first = [], [], [], [0]
    for picture in pictures:
        smooth = cv2.GaussianBlur(picture, (0, 0), 0.8)
        labels = _watershed(smooth, step_px)
        count = int(labels.max()) + 1
        size = np.bincount(labels.ravel(), minlength=count).astype(float)
        lab = cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB)
        sums = np.column_stack([_sums(labels, lab[..., k], count) for k in range(3)])
        colours.append(sums / np.maximum(size, 1.0)[:, None])
        sizes.append(size)
        at.append(labels + first[-1])
        first.append(first[-1] + count)
    return Regions(np.stack(at), np.array(first), np.concatenate(sizes), np.concatenate(colours))


def touching(regions: Regions, step_px: int) -> Links:
    """Regions of one frame with a common border, by its length."""
    found = []
    for at in regions.at:
        ends = []
        for one, other in ((at[:, :-1], at[:, 1:]), (at[:-1], at[1:])):
            differs = one != other
            ends.append((one[differs], other[differs]))
        found.append(_counted(ends, regions.count, 1.0 / step_px))
    return _all(found)


@dataclass(frozen=True)
class FlowSteps:
    """Of every second pixel of a frame, which says enough: where flow takes it in another, int16 (h, w, 2), x and y;
    and whether that is in the picture and looks alike, bool (h, w)."""

    goes: np.ndarray
    meets: np.ndarray


def flow_steps(pair: PairEvidence | None) -> FlowSteps | None:
    if pair is None:
        return None
    height, width = pair.missed_grey.shape
    goes = np.clip(np.nan_to_num(pair.goes[::2, ::2].round(), nan=-1.0), -1, 2**15 - 1).astype(np.int16)
    inside = np.all((goes >= 0) & (goes < [width, height]), axis=-1)
    return FlowSteps(goes, inside & (pair.missed_grey[::2, ::2] < FOLLOWED_GREY))


def following(
    regions: Regions, before: Sequence[FlowSteps | None], after: Sequence[FlowSteps | None], step_px: int
) -> Links:
    """Regions of successive frames that flow takes onto each other, by the share of them it takes."""
    at, found = regions.at, []
    for f in range(len(at) - 1):
        ends = []
        for source, target, steps in ((f, f + 1, after[f]), (f + 1, f, before[f + 1])):
            if steps is not None:
                x, y = steps.goes[steps.meets].T
                ends.append((at[source, ::2, ::2][steps.meets], at[target][y, x]))
        # Both ways, a quarter of the pixels each.
        found.append(_counted(ends, regions.count, 4.0 / 2.0 / step_px**2))
    return _all(found)


def _watershed(picture: np.ndarray, step_px: int) -> np.ndarray:
    """Labels from 0, int32 (h, w)."""
    height, width = picture.shape[:2]
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    gradient = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    rows, columns, edge = max(1, height // step_px), max(1, width // step_px), step_px // 4
    side = step_px - 2 * edge
    cells = np.full((rows * step_px, columns * step_px), 255, np.uint8)
    covered = gradient[: rows * step_px, : columns * step_px]
    cells[: covered.shape[0], : covered.shape[1]] = covered
    inner = cells.reshape(rows, step_px, columns, step_px)[:, edge : edge + side, :, edge : edge + side]
    least = inner.transpose(0, 2, 1, 3).reshape(rows, columns, -1).argmin(axis=2)
    y = np.minimum(np.arange(rows)[:, None] * step_px + edge + least // side, height - 1)
    x = np.minimum(np.arange(columns)[None] * step_px + edge + least % side, width - 1)
    labels = np.zeros((height, width), np.int32)
    labels[y, x] = 1 + np.arange(rows * columns).reshape(rows, columns)
    cv2.watershed(np.ascontiguousarray(picture), labels)
    # The lines between regions, and the picture's edge, go to the neighbour with the larger number.
    filled = np.maximum(labels, 0).astype(np.uint16)
    while not filled.all():
        filled = np.where(filled == 0, cv2.dilate(filled, np.ones((3, 3), np.uint8)), filled)
    return filled.astype(np.int32) - 1


NONE = Links(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0))


def _all(found: Sequence[Links]) -> Links:
    """Counted frame by frame: of a whole clip at once the ends take 0.4 GB for 20 s."""
    return Links(*(np.concatenate(part) for part in zip(*(links._parts for links in (NONE, *found)), strict=True)))


def _counted(ends: list[tuple[np.ndarray, np.ndarray]], count: int, unit: float) -> Links:
    """Links between pairs of regions, each `unit` for every time it is named."""
    if not ends:
        return NONE
    one, other = (np.concatenate(side).astype(np.int64) for side in zip(*ends, strict=True))
    key, times = np.unique(np.minimum(one, other) * count + np.maximum(one, other), return_counts=True)
    return Links((key // count).astype(np.int32), (key % count).astype(np.int32), times * unit)


def _sums(labels: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    return np.bincount(labels.ravel(), values.ravel(), count)
