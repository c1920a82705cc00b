"""From the coded picture to the one that is shown: square pixels, mirrored and turned as the container asks."""

import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import Interpolation

from factory.errors import VideoError

# Larger pictures are decoded shrunk, before they become RGB: nothing here looks at finer detail, and a worker's memory
# holds. 2560 is twice the side at which points are tracked.
DECODED_SIDE_PX = 2560
SQUARE_SLACK = 0.005  # pixels this near to square are rounding of the display's size: resampling would harm more
PIXEL_RATIOS = (0.25, 4.0)  # of width by height; formats in use have 0.9 to 2.2, others are damage
# Formats whose first plane is the brightness, a byte a pixel.
LUMA_FIRST = {"gray", "nv12", *(f"yuv{range_}{kind}p" for range_ in ("", "j") for kind in ("420", "422", "440", "444"))}
TURN_SLACK_DEG = 1.0  # what FFmpeg's own auto-rotation takes for a quarter turn


@dataclass(frozen=True)
class Display:
    """How a coded picture is shown: its pixels are `pixel_ratio` times as wide as high, rows and columns change places
    (`swap`), then it is mirrored left to right (`flip_x`) and top to bottom (`flip_y`)."""

    pixel_ratio: Fraction = Fraction(1)
    swap: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @property
    def mirrored(self) -> bool:
        return self.swap + self.flip_x + self.flip_y in (1, 3)

    @property
    def rotation_deg(self) -> int:
        """Counter-clockwise; of a mirrored picture, after left and right have been swapped."""
        if self.swap:
            return 270 if self.flip_x else 90
        return 180 if self.flip_y else 0

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height as displayed of a coded picture of this size."""
        square = (max(1, round(width * self.pixel_ratio)), height)
        return square[::-1] if self.swap else square

    def image(self, frame: av.VideoFrame, grey: bool, max_side_px: int = DECODED_SIDE_PX) -> np.ndarray:
        """The picture as displayed, uint8 (H, W, 3) RGB or (H, W) grey; its longer side `max_side_px` at most, and
        DECODED_SIDE_PX. Shrunk before it gets its colours: a small one costs a fraction of a whole one."""
        width, height = max(1, round(frame.width * self.pixel_ratio)), frame.height
        scale = min(1.0, min(max_side_px, DECODED_SIDE_PX) / max(width, height))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        form = "gray" if grey else "rgb24"
        wanted = {"width": size[0], "height": size[1], "interpolation": Interpolation.AREA} if scale < 1.0 else {}
        # One thread a worker, and none that outlives the frame: left to itself the scaler starts one a core for every
        # clip, which go when Python's cyclic garbage is collected. Their stacks count as memory: after 60 clips 1 GB.
        image: np.ndarray = frame.reformat(format=form, threads=1, **wanted).to_ndarray()
        if image.shape[1::-1] != size:
            how = cv2.INTER_AREA if size[0] < image.shape[1] else cv2.INTER_CUBIC
            image = cv2.resize(image, size, interpolation=how)
        if self.swap:
            image = np.swapaxes(image, 0, 1)
        if self.flip_x:
            image = image[:, ::-1]
        return image[::-1] if self.flip_y else image


def luma(frame: av.VideoFrame, max_side_px: int | None = None) -> np.ndarray:
    """Brightness as coded, uint8 (h, w): not turned, and of whatever range the stream has; its longer side
    `max_side_px` at most. The cheapest picture there is: for comparing frames of one stream."""
    most_px = max_side_px or max(frame.width, frame.height)
    if max(frame.width, frame.height) > most_px or frame.format.name not in LUMA_FIRST:
        return Display().image(frame, True, most_px)
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return np.ascontiguousarray(rows[:, : plane.width])


def display_of(frame: av.VideoFrame, pixel_ratio: Fraction) -> Display:
    """How the frame is shown. Raises VideoError where that is no quarter turn, or the pixels' shape is absurd."""
    if not PIXEL_RATIOS[0] <= pixel_ratio <= PIXEL_RATIOS[1]:
        raise VideoError(
            f"the file says that its pixels are {float(pixel_ratio):.3g} times as wide as high, which is not believed: "
            "correct its sample aspect ratio."
        )
    square = abs(pixel_ratio - 1) <= SQUARE_SLACK
    return Display(Fraction(1) if square else pixel_ratio, *_turned(frame))


def shrink(image: np.ndarray, max_side_px: int | None) -> np.ndarray:
    """The image with its longer side at most `max_side_px`, area-averaged; never enlarged."""
    height, width = image.shape[:2]
    if max_side_px is None or max(height, width) <= max_side_px:
        return np.ascontiguousarray(image)
    scale = max_side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _turned(frame: av.VideoFrame) -> tuple[bool, bool, bool]:
    """swap, flip_x, flip_y of the frame's display matrix: x' = a x + c y, y' = b x + d y, in 16.16 fixed point, by rows
    a b u, c d v, x y w (ISO/IEC 14496-12, 8.3.2)."""
    matrix: Any = frame.side_data.get(Type.DISPLAYMATRIX)  # type: ignore[call-overload]
    if matrix is None:
        return False, False, False
    a, b, _, c, d = struct.unpack("<5i", bytes(matrix)[:20])
    if not (a or b) or not (c or d):
        return False, False, False  # no matrix at all: players ignore it
    swap = abs(b) > abs(a)
    straight, across = ((b, c), (a, d)) if swap else ((a, d), (b, c))
    slant_deg = max(math.degrees(math.atan2(abs(q), abs(p))) for p, q in zip(straight, across, strict=True))
    if slant_deg > TURN_SLACK_DEG:
        raise VideoError(
            f"the picture is to be shown turned by {math.degrees(math.atan2(b, a)):.0f} degrees: "
            "only quarter turns are taken, turn it and encode it again."
        )
    return (True, c < 0, b < 0) if swap else (False, a < 0, d < 0)
