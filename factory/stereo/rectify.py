"""Two eyes as a pair whose rows agree, and what a disparity between them is in metres."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from factory.geometry.lens import Lens
from factory.geometry.rectification import ranges_in_rows, ranges_of, ray_depths, rectified2rig, row_slopes
from factory.geometry.remap import MOST_SIDE_PX, inside, pixel_grid, remap_table

# A wide view spans so many degrees across, to the sides, and down, about the baseline. Towards 90 degrees to a side the
# parallax goes to zero with the cosine: at 75 it is a quarter. A guess; 0.86 of a half sphere.
WIDE_DEG = (150.0, 160.0)
SAME_DEG = 1e-6  # rotations below are none: 1e-5 px even of a long lens
NO_MAP = np.empty(0, np.float32)  # OpenCV's second map, of tables that hold x and y in one


@dataclass(frozen=True)
class View:
    """Both eyes turned into one frame, x from the left to the right one, seen through one lens.

    lens, size: of both rectified pictures; its model is pinhole or transverse. rectified2rig: float64 (2, 3, 3), left
    and right, take rays of the rectified frame to each eye's as it is built in. tables: float32 (H, W, 2), left and
    right, which pixels of the eyes the rectified pictures show; None where they are the eyes' own. seen: bool
    (2, H, W), where the eyes do see what the rectified picture shows.
    """

    lens: Lens
    size: tuple[int, int]
    rectified2rig: np.ndarray
    tables: tuple[np.ndarray, np.ndarray] | None
    seen: np.ndarray

    def rectified(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Both eyes' pictures, (h, w) or (h, w, C) as built in, as rectified ones; black where an eye does not see."""
        if self.tables is None:
            return left, right
        return remapped(left, self.tables[0]), remapped(right, self.tables[1])

    @cached_property
    def depths(self) -> np.ndarray:
        """`ray_depths` of each pixel, float64 (H, W)."""
        return ray_depths(self.lens, pixel_grid(self.size)).reshape(self.size[1], self.size[0])


def rectified_view(
    lens: Lens,
    size: tuple[int, int],
    left_from_right: np.ndarray,
    wide_deg: tuple[float, float] = WIDE_DEG,
    density: float = 1.0,
) -> View:
    """How to rectify eyes of `size` (width, height) with one lens, left_from_right: float64 (4, 4).

    Pinholes stay pinholes, without distortion; where nothing turns and nothing is distorted the pictures stay as they
    are. Wider lenses become transverse ones (rows are angles about the baseline, so that a half sphere is covered at
    even resolution), `density` times as dense as the eye in its middle, `wide_deg` across and down: with 1.5 the depth
    of rendered VR180 of 512 px is a fifth better (AbsRel .035 for .043), for twice the time. Raises ValueError where
    there is no baseline, see `rectified2rig`, or the view would reach 90 degrees.
    """
    rotations = rectified2rig(left_from_right)
    target, shape = Lens("pinhole", lens.focal_px, lens.cx, lens.cy, squeeze=lens.squeeze), size
    if lens.model != "pinhole":
        target, shape = _transverse(lens, wide_deg, density)
    turned_deg = np.degrees(np.abs(rotations - np.eye(3)).max())
    if target == lens and turned_deg < SAME_DEG:
        return View(lens, size, rotations, None, np.ones((2, size[1], size[0]), bool))
    left, right = (remap_table(lens, target, shape, rotation) for rotation in rotations)
    return View(target, shape, rotations, (left, right), np.stack([inside(left, size), inside(right, size)]))


def remapped(
    picture: np.ndarray,
    table: np.ndarray,
    interpolation: int = cv2.INTER_LINEAR,
    border: int = cv2.BORDER_CONSTANT,
) -> np.ndarray:
    """The picture, (h, w) or (h, w, C), through a table (H, W, 2): black where the table leads outside, but for another
    `border` of OpenCV's.

    Raises ValueError where the picture is larger than OpenCV remaps.
    """
    if max(picture.shape[:2]) > MOST_SIDE_PX:
        shape = f"{picture.shape[1]}x{picture.shape[0]}"
        raise ValueError(f"a picture of {shape} is larger than the {MOST_SIDE_PX} pixels cv2.remap can read")
    return np.asarray(cv2.remap(picture, table, NO_MAP, interpolation, borderMode=border))


def depth_from_disparity(view: View, disparity: np.ndarray, baseline_m: float) -> np.ndarray:
    """range_m, float64 (H, W): metres along the left eye's rays, of a disparity (H, W) in pixels of the rectified left
    picture. Infinite where the disparity is not above 0, NaN where it is."""
    found = ranges_in_rows(view.lens, baseline_m, np.arange(view.size[0]), view.depths, disparity)
    return np.where(np.isnan(disparity), np.nan, np.where(disparity > 0, found, np.inf))


def disparity_from_depth(view: View, range_m: np.ndarray, baseline_m: float) -> np.ndarray:
    """The inverse: disparity, float64 (H, W) pixels, of range_m (H, W). 0 where it is infinite, NaN where it is."""
    found = disparities(view, pixel_grid(view.size), range_m.ravel(), baseline_m)
    return found.reshape(range_m.shape)


def disparities(view: View, xy: np.ndarray, range_m: np.ndarray, baseline_m: float) -> np.ndarray:
    """Disparity, float64 (N,), that points at range_m (N,) along the left eye's rays through xy (N, 2) have."""
    lens, x = view.lens, np.asarray(xy, float)[:, 0]
    slope = row_slopes(lens, x) - baseline_m / (range_m * ray_depths(lens, xy))
    return np.asarray(x - lens.cx - lens.focal_px * (slope if lens.model == "pinhole" else np.arctan(slope)))


def points_from_disparity(view: View, xy: np.ndarray, disparity: np.ndarray, baseline_m: float) -> np.ndarray:
    """Points, float64 (N, 3) metres, in the frame of the left eye as it is built in: of pixels (N, 2) of the rectified
    left picture and their disparity (N,). Not finite where the disparity is not above 0."""
    rays = view.lens.rays(xy) @ view.rectified2rig[0].T
    return np.asarray(rays * ranges_of(view.lens, baseline_m, xy, disparity)[:, None])


def _transverse(lens: Lens, wide_deg: tuple[float, float], density: float) -> tuple[Lens, tuple[int, int]]:
    (across, down), focal_px = np.radians(wide_deg), lens.focal_px * density
    size = round(focal_px * across), round(focal_px * lens.squeeze * down)
    made = Lens("transverse", focal_px, (size[0] - 1) / 2, (size[1] - 1) / 2, squeeze=lens.squeeze)
    made.check_fills(size)
    return made, size
