"""Pictures of stereo video as its depth and tracks count their pixels."""

import numpy as np

from factory.geometry.lens import Lens
from factory.geometry.remap import remap_table
from factory.stereo.layout import Layout, eye_lens, split
from factory.stereo.rectify import remapped


def left_eyes(
    frames: np.ndarray, layout: Layout, left_rig: np.ndarray, lens: Lens, size: tuple[int, int]
) -> np.ndarray:
    """The rectified left eye, uint8 (n, h, w, 3), of whole pictures, uint8 (n, H, W, 3); black where it does not see.

    left_rig: float64 (3, 3), takes rays of the rectified frame to the eye's. lens, size (width, height): of the
    rectified picture.
    """
    lefts = [split(frame, layout)[0] for frame in frames]
    eye = (lefts[0].shape[1], lefts[0].shape[0])
    table = remap_table(eye_lens(layout, eye), lens, size, left_rig)
    return np.stack([remapped(left, table) for left in lefts])
