"""The pictures that points are followed in: of VR180 eyes a fisheye, of rectified ones the eyes as they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from factory.geometry.lens import Lens, fisheye
from factory.geometry.remap import remap_table
from factory.stereo.pair import Eyes
from factory.stereo.rectify import remapped

# Points followed through 16 frames of a rendered room end 0.115 degrees off (median) in this view, 0.146 at the
# source's own density, 0.136 in a perspective one of 90 degrees, where most are lost, 0.172 in the picture as stored.
ACROSS_DEG = 140.0
DENSITY = 1.5  # times the source's pixels a radian
MOST_WIDE_PX = 896  # of a wide view's side; what it costs grows with its square, what it gains was not measured
MOST_PINHOLE_PX = 1280  # of a rectified eye's longer side


@dataclass(frozen=True)
class WorkingView:
    """How an eye's picture becomes the one that points are followed in. source: the eye's lens. size: width and height
    of its picture, pixels. Raises ValueError where the lens is neither a pinhole nor sees at least 140 degrees."""

    source: Lens
    size: tuple[int, int]

    def __post_init__(self) -> None:
        if self.source.model == "transverse":
            raise ValueError("points are followed in eyes as they were filmed, not in rectified ones")

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Width and height of the picture, pixels."""
        if self.source.model == "pinhole":
            # Of a picture stored at half its width as wide as it should be, unless it is too large then.
            wide, high = (max(1.0, self.source.squeeze) * self.size[0], self.size[1] / min(1.0, self.source.squeeze))
            scale = min(1.0, MOST_PINHOLE_PX / max(wide, high))
            return round(scale * wide), round(scale * high)
        # Of a picture squeezed to one side the density is between that of its rows and that of its columns.
        side = DENSITY * self.source.focal_px * np.sqrt(self.source.squeeze) * np.radians(ACROSS_DEG)
        side_px = min(round(side), MOST_WIDE_PX)
        return side_px, side_px

    @cached_property
    def lens(self) -> Lens:
        """Of the picture."""
        if self.source.model == "pinhole":
            across, down = np.array(self.shape) / self.size
            cx, cy = across * (self.source.cx + 0.5) - 0.5, down * (self.source.cy + 0.5) - 0.5
            return replace(self.source, focal_px=across * self.source.focal_px, cx=cx, cy=cy, squeeze=1.0)
        return fisheye(self.shape[0] / np.radians(ACROSS_DEG), self.shape)

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        """uint8 grey (h, w) of an eye's whole picture, uint8 (H, W) grey or (H, W, 3) RGB."""
        grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        if self.source.model == "pinhole":
            if self.shape == self.size:
                return grey
            smaller = self.shape[0] * self.shape[1] < self.size[0] * self.size[1]
            return cv2.resize(grey, self.shape, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
        return remapped(grey, self._table, cv2.INTER_CUBIC, cv2.BORDER_REPLICATE)

    @cached_property
    def _table(self) -> np.ndarray:
        return remap_table(self.source, self.lens, self.shape)


def working_eyes(
    pairs: Iterable[tuple[np.ndarray, np.ndarray]], lens: Lens, times_s: Sequence[float], frame_index: Sequence[int]
) -> Eyes:
    """Both eyes of a clip from their whole pictures, left and right, all of one size; uint8, grey or RGB, as
    `WorkingView` takes them, whose ValueError it raises. Only the working pictures are kept. times_s: (F,) seconds in
    the source. frame_index: (F,)."""
    left, right, view = [], [], None
    for pair in pairs:
        if view is None:
            view = WorkingView(lens, (pair[0].shape[1], pair[0].shape[0]))
        left.append(view(pair[0]))
        right.append(view(pair[1]))
    working = lens if view is None else view.lens
    return Eyes(left, right, working, np.asarray(times_s, np.float64), np.asarray(frame_index, np.int64))
