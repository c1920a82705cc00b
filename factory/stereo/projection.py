"""How the eyes of a stereo video see, from what their pictures look like."""

from collections.abc import Sequence

import cv2
import numpy as np

CELL_PX = 256
DARK_LEVELS = 20.0  # black of video is 16 of 255 where its range is not stretched
RIM = 0.03  # of the radius: where compression blurs the edge of the circle
LEAST_DARK, MOST_DARK = 0.97, 0.35  # outside the circle and just within it. Guesses; night scenes fail the second
LEAST_CORNERS = 0.12  # of the picture outside the circle: an inscribed one leaves 0.21
POLE_ROWS = 0.04  # the outermost rows, where the parallels are a fifteenth as long as the equator
LEAST_LEVELS = 2.0  # from row to row: less is a flat pole that says nothing
MOST_STRETCH = 0.25  # of a pole, see `looks_half_equirect`: 0.08-0.15 on real and rendered VR180, 0.38 and more else
MOST_ASPECT = 1.3  # half spheres are stored square, or squeezed to 0.89 in a frame of 16:9


def circle_of(eyes: Sequence[np.ndarray]) -> tuple[float, float, float, float] | None:
    """The circle of a fisheye, see `Layout`, where all eyes, uint8 (H, W), are black outside of one; else None."""
    brightest = np.max([_cell(eye) for eye in eyes], axis=0)
    lit = cv2.medianBlur(brightest, 5) > DARK_LEVELS
    if not lit.any():
        return None
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    x, y = (columns[0] + columns[-1] + 1) / 2, (rows[0] + rows[-1] + 1) / 2
    across, down = (columns[-1] + 1 - columns[0]) / 2, (rows[-1] + 1 - rows[0]) / 2
    j, i = np.meshgrid(np.arange(CELL_PX) + 0.5, np.arange(CELL_PX) + 0.5)
    radius = np.hypot((j - x) / across, (i - y) / down)
    outside, rim = radius > 1 + RIM, (radius > 0.9) & (radius < 1 - RIM)
    if outside.mean() < LEAST_CORNERS or (~lit[outside]).mean() < LEAST_DARK or (~lit[rim]).mean() > MOST_DARK:
        return None
    return x / CELL_PX, y / CELL_PX, across / CELL_PX, down / CELL_PX


def looks_half_equirect(eyes: Sequence[np.ndarray]) -> bool:
    """Whether eyes, uint8 (H, W), are nearly square, and nothing says that they do not show the poles: there, at the
    upper and the lower border, one direction fills a whole row, and levels hardly change along it."""
    height, width = eyes[0].shape
    if width > MOST_ASPECT * height or height > MOST_ASPECT * width:
        return False
    told = np.array([_stretches(_cell(eye)) for eye in eyes])
    poles = [np.median(pole[~np.isnan(pole)]) for pole in told.T if (~np.isnan(pole)).mean() > 0.5]
    return not poles or min(poles) <= MOST_STRETCH


def _stretches(eye: np.ndarray) -> tuple[float, float]:
    """How much levels change along rows, as a share of how much they do across them, at the upper and at the lower
    border; NaN where they do not change at all."""
    levels, rows = eye.astype(np.float32), round(POLE_ROWS * CELL_PX)
    found = []
    for border in (levels[:rows], levels[-rows:]):
        across, down = np.abs(np.diff(border, axis=1)).mean(), np.abs(np.diff(border, axis=0)).mean()
        found.append(float(across / down) if max(across, down) >= LEAST_LEVELS else np.nan)
    return found[0], found[1]


def _cell(eye: np.ndarray) -> np.ndarray:
    return cv2.resize(eye, (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA)
