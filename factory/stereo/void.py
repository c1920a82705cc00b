"""What no eye ever shows: black bars, and the black around the pictures of some lenses."""

from collections.abc import Sequence

import cv2
import numpy as np

from factory.stereo.projection import DARK_LEVELS

# What borders on black stands still in the picture, and would pass for something that goes with the camera. The search
# for a point looks at 6 px around it, semi-global matching at 4. Of a rendered walker's clip 5.7 % of the sightings
# move; letterboxed 10.9 % without this, 6.2 % with it.
MARGIN_PX = 8


def never_shown(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """bool (H, W): what is black in all pictures, uint8 (H, W) grey, and reaches one of their corners, and a margin."""
    brightest = pictures[0].copy()
    for picture in pictures[1:]:
        np.maximum(brightest, picture, out=brightest)
    _, number = cv2.connectedComponents((brightest <= DARK_LEVELS).astype(np.uint8), connectivity=4)
    corners = np.unique(number[[0, 0, -1, -1], [0, -1, 0, -1]])
    black = np.isin(number, corners[corners > 0]).astype(np.uint8)
    around = np.ones((2 * MARGIN_PX + 1, 2 * MARGIN_PX + 1), np.uint8)
    return np.asarray(cv2.dilate(black, around) > 0)
