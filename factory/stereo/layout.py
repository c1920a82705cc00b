"""Where a frame of stereo video holds which eye, and how an eye sees."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from factory.geometry.fov_bounds import FovBounds, lens_of
from factory.geometry.lens import Lens, equirect180

Arrangement = Literal["side_by_side", "top_bottom"]
Projection = Literal["half_equirect", "fisheye", "rectified"]

# Where a clip is first tried whose eyes nobody knows. Too long a lens is mended by what it leads to, too short a one
# not always: from 1.7 times as long as it is all of five rendered clips are, from 0.6 times four.
GUESSED_ACROSS_DEG = 55.0


@dataclass(frozen=True)
class Layout:
    """swapped: the right eye's picture comes first. Of half_equirect, fov_bounds: what part of the sphere an eye shows,
    see `geometry.fov_bounds`; None: half of it, squeezed into the eye's shape. Of fisheye, circle: its centre (x, y)
    and radii (across, down) as shares of the eye's width and height; fisheye_deg: what the circle spans. Of rectified,
    across_deg: what an eye's width spans, None while nobody said; across_found: it is the clip itself that says it.
    squeeze: rows are so many times as dense as columns
    (2 where a wide picture is stored at half its width).
    """

    arrangement: Arrangement
    projection: Projection
    swapped: bool = False
    fov_bounds: FovBounds | None = None
    circle: tuple[float, float, float, float] = (0.5, 0.5, 0.5, 0.5)
    fisheye_deg: float = 180.0
    across_deg: float | None = None
    across_found: bool = False
    squeeze: float = 1.0

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Layout":
        """Of a manifest's column `layout`."""
        tuples = {name: None if told[name] is None else tuple(told[name]) for name in ("fov_bounds", "circle")}
        return cls(**{**told, **tuples})


def split(frame: np.ndarray, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """The left and the right eye's picture of a frame (H, W) or (H, W, C): views of it, without the middle column or
    row of an odd number."""
    height, width = frame.shape[0] // 2, frame.shape[1] // 2
    if layout.arrangement == "side_by_side":
        first, second = frame[:, :width], frame[:, frame.shape[1] - width :]
    else:
        first, second = frame[:height], frame[frame.shape[0] - height :]
    return (second, first) if layout.swapped else (first, second)


def eye_size(layout: Layout, size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of one eye's picture in frames of `size`."""
    return (size[0] // 2, size[1]) if layout.arrangement == "side_by_side" else (size[0], size[1] // 2)


def eye_lens(layout: Layout, size: tuple[int, int]) -> Lens:
    """Of both eyes, whose pictures are of `size` (width, height); `GUESSED_ACROSS_DEG` wide where they are rectified
    and nobody said. Raises ValueError where fov_bounds are none."""
    width, height = size
    if layout.projection == "half_equirect":
        return equirect180(size, squeezed=True) if layout.fov_bounds is None else lens_of(layout.fov_bounds, size)
    if layout.projection == "fisheye":
        x, y, across, down = layout.circle
        focal_px = across * width / np.radians(layout.fisheye_deg / 2)
        squeeze = down * height / (across * width)
        return Lens("fisheye", float(focal_px), x * width - 0.5, y * height - 0.5, squeeze=squeeze)
    focal_px = width / 2 / np.tan(np.radians((layout.across_deg or GUESSED_ACROSS_DEG) / 2))
    return Lens("pinhole", float(focal_px), (width - 1) / 2, (height - 1) / 2, squeeze=layout.squeeze)


def found_lens(layout: Layout, factor: float) -> Layout:
    """The layout of eyes that turned out to have `factor` times the focal length that `eye_lens` took."""
    tangent = np.tan(np.radians((layout.across_deg or GUESSED_ACROSS_DEG) / 2)) / factor
    return replace(layout, across_deg=float(np.degrees(2 * np.arctan(tangent))), across_found=True)
