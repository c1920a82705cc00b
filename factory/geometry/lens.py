"""Lenses: which way a pixel looks, and where a point is seen. Pixel centres at integer coordinates, OpenCV axes."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

Model = Literal["pinhole", "fisheye", "equirect180", "transverse"]

NEWTON_STEPS = 20  # the radius of strong barrel distortion (1 + 3 k1 r^2 = 0.1) is right to 1e-12 after 12


@dataclass(frozen=True)
class Lens:
    """One of four models, x and y being pixels from (cx, cy), y divided by `squeeze`, and theta the angle to the axis:

    * pinhole: COLMAP's RADIAL, (x, y) = f (1 + k1 r^2 + k2 r^4) (X/Z, Y/Z) with r the length of (X/Z, Y/Z);
    * fisheye: equidistant, the length of (x, y) is f theta;
    * equirect180: x = f longitude, y = f latitude (downwards), 180 degrees each way;
    * transverse: the same with the poles left and right, x = f asin(X), y = f atan2(Y, Z) of a unit ray (X, Y, Z): what
      two eyes beside each other see of a point is in one row.

    focal_px: pixels per unit of tan(theta) for the pinhole, per radian for the others. squeeze: rows are so many times
    as dense as columns; cells of VR180 mosaics and pictures stored to save width have it other than 1.
    """

    model: Model
    focal_px: float
    cx: float
    cy: float
    k1: float = 0.0
    k2: float = 0.0
    squeeze: float = 1.0

    def rays(self, xy: np.ndarray) -> np.ndarray:
        """Unit rays, float64 (N, 3), in the camera's frame, of pixels (N, 2)."""
        x, y = self._from_axis(xy)
        if self.model == "equirect180":
            return np.stack([np.cos(y) * np.sin(x), np.sin(y), np.cos(y) * np.cos(x)], axis=1)
        if self.model == "transverse":
            return np.stack([np.sin(x), np.cos(x) * np.sin(y), np.cos(x) * np.cos(y)], axis=1)
        seen = np.hypot(x, y)
        theta = seen if self.model == "fisheye" else np.arctan(self._ideal_radius(seen))
        share = np.where(seen > 0, np.sin(theta) / np.where(seen > 0, seen, 1.0), 1.0)
        return np.stack([x * share, y * share, np.cos(theta)], axis=1)

    def project(self, points_cam: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels, float64 (N, 2), of points (N, 3) in the camera's frame, and bool (N,): whether the lens sees there.

        Where it does not (behind it, or where the distortion folds back) the pixels mean nothing. It may see beyond
        the picture's border.
        """
        x, y, z = np.asarray(points_cam, float).T
        if self.model == "equirect180":
            distance = np.sqrt(x * x + y * y + z * z)
            seen = (distance > 0) & (z > 0)
            latitude = np.arcsin(np.clip(y / np.where(distance > 0, distance, 1.0), -1, 1))
            xy = np.stack([np.arctan2(x, z), latitude], axis=1)
        elif self.model == "transverse":
            seen = z > 0
            xy = np.stack([np.arctan2(x, np.sqrt(y * y + z * z)), np.arctan2(y, z)], axis=1)
        elif self.model == "fisheye":
            across = np.sqrt(x * x + y * y)
            theta = np.arctan2(across, z)
            seen = theta < np.pi - 1e-9
            xy = np.stack([x, y], axis=1) * (theta / np.where(across > 0, across, 1.0))[:, None]
        else:
            seen = z > 0
            r = np.sqrt(x * x + y * y) / np.where(seen, z, 1.0)
            seen &= r < self._fold
            # Points that are not seen get some number: far out, so that no bound on the picture lets them in.
            xy = np.stack([x, y], axis=1) / np.where(seen, z, 1.0)[:, None] * self._radial(r)[:, None]
            xy[~seen] = 1e6
        return xy * (self.focal_px, self.focal_px * self.squeeze) + (self.cx, self.cy), seen

    def spread(self, xy: np.ndarray) -> np.ndarray:
        """The angle in radians, (N,), that a pixel at xy (N, 2) covers: the square root of its solid angle."""
        x, y = self._from_axis(xy)
        focal_px = self.focal_px * np.sqrt(self.squeeze)
        if self.model in ("equirect180", "transverse"):
            return np.sqrt(np.maximum(np.cos(y if self.model == "equirect180" else x), 0)) / focal_px
        seen = np.hypot(x, y)
        if self.model == "fisheye":
            return np.sqrt(np.abs(np.sinc(seen / np.pi))) / focal_px
        r = self._ideal_radius(seen)
        return (1 + r * r) ** -0.75 / (focal_px * np.sqrt(self._slope(r) * self._radial(r)))

    def depth_m(self, rays: np.ndarray, distance_m: np.ndarray) -> np.ndarray:
        """What a depth map holds: for the pinhole the depth along the optical axis, else the distance along the ray."""
        return distance_m * rays[:, 2] if self.model == "pinhole" else distance_m

    def resized(self, size: tuple[int, int], new: tuple[int, int]) -> "Lens":
        """The lens of the same camera whose pictures are `new` wide and high instead of `size`: angles across stay.

        Raises ValueError where the lens cannot fill the new shape.
        """
        scale = new[0] / size[0]
        old = _middle(size)
        cx, cy = _middle(new)[0] + (self.cx - old[0]) * scale, _middle(new)[1] + (self.cy - old[1]) * scale
        lens = replace(self, focal_px=self.focal_px * scale, cx=cx, cy=cy)
        lens.check_fills(new)
        return lens

    def check_fills(self, size: tuple[int, int]) -> None:
        """Raises ValueError where some pixel of a picture of `size` would look nowhere."""
        corner_px = float(max(np.hypot(x - self.cx, y - self.cy) for x in (0, size[0] - 1) for y in (0, size[1] - 1)))
        if self.model == "equirect180":
            if abs(size[0] * self.squeeze - size[1]) >= 1:
                raise ValueError(f"180 degrees each way need a square picture, not {size[0]}x{size[1]}")
        elif self.model == "transverse":
            across, down = np.abs(self._from_axis(np.array([(0, 0), (size[0] - 1, size[1] - 1)]))).max(axis=1)
            if max(across, down) >= np.pi / 2:
                raise ValueError(f"a picture of {size[0]}x{size[1]} reaches beyond 90 degrees from the axis")
        elif self.model == "fisheye":
            if corner_px / self.focal_px > np.pi:
                raise ValueError(f"a fisheye of {self.focal_px:g} px a radian does not reach {corner_px:.0f} px out")
        elif np.isfinite(fold := self._fold) and fold * self._radial(fold) * self.focal_px <= corner_px:
            raise ValueError(f"k1={self.k1:g}, k2={self.k2:g} fold back before the corner, {corner_px:.0f} px out")

    def as_json(self) -> dict[str, str | float]:
        """The fields, and how to read them; `Lens` takes them back without `pixel_centres`."""
        return {**asdict(self), "pixel_centres": "integer"}

    def _from_axis(self, xy: np.ndarray) -> np.ndarray:
        """x and y, (2, N), of pixels (N, 2) in focal lengths from the axis."""
        x, y = ((np.asarray(xy, float) - (self.cx, self.cy)) / self.focal_px).T
        return np.stack([x, y / self.squeeze])

    def _radial(self, r: Any) -> Any:
        return 1 + r * r * (self.k1 + r * r * self.k2)

    def _slope(self, r: np.ndarray) -> np.ndarray:
        """How fast the distorted radius grows with the ideal one."""
        return 1 + r * r * (3 * self.k1 + r * r * 5 * self.k2)

    @property
    def _fold(self) -> float:
        """The ideal radius at which the distorted one stops growing: what is farther out is not seen."""
        # The smaller positive root r^2 of 1 + 3 k1 r^2 + 5 k2 r^4.
        discriminant = 9 * self.k1**2 - 20 * self.k2
        divisor = np.sqrt(max(discriminant, 0.0)) - 3 * self.k1
        return float(np.sqrt(2 / divisor)) if discriminant >= 0 and divisor > 0 else np.inf

    def _ideal_radius(self, distorted: np.ndarray) -> np.ndarray:
        """Undoes the radial terms by Newton's method, which for one term converges from one side up to the fold."""
        r = distorted
        if self.k1 or self.k2:
            for _ in range(NEWTON_STEPS):
                r = r - (r * self._radial(r) - distorted) / self._slope(r)
        return r


def pinhole(focal_px: float, size: tuple[int, int], k1: float = 0.0, k2: float = 0.0) -> Lens:
    """A lens whose axis meets the middle of a picture of `size` (width, height).

    Raises ValueError when the distortion folds back before the picture's corner: some pixel would look nowhere.
    """
    return _filling(Lens("pinhole", float(focal_px), *_middle(size), float(k1), float(k2)), size)


def fisheye(focal_px: float, size: tuple[int, int]) -> Lens:
    """An equidistant fisheye; 180 degrees across the width take focal_px = width / pi.

    Raises ValueError when a corner would look more than 180 degrees from the axis.
    """
    return _filling(Lens("fisheye", float(focal_px), *_middle(size)), size)


def equirect180(size: tuple[int, int], squeezed: bool = False) -> Lens:
    """Half of a sphere's equirectangular picture, as VR180 has for each eye. Raises ValueError where it is not square,
    unless it was `squeezed` into its shape."""
    squeeze = size[1] / size[0] if squeezed else 1.0
    return _filling(Lens("equirect180", size[0] / np.pi, *_middle(size), squeeze=squeeze), size)


def transverse(focal_px: float, size: tuple[int, int]) -> Lens:
    """Of a rectified eye whose picture is wide; `focal_px` pixels a radian. Raises ValueError where a pixel would look
    90 degrees or more to a side."""
    return _filling(Lens("transverse", float(focal_px), *_middle(size)), size)


def _filling(lens: Lens, size: tuple[int, int]) -> Lens:
    lens.check_fills(size)
    return lens


def _middle(size: tuple[int, int]) -> tuple[float, float]:
    return (size[0] - 1) / 2, (size[1] - 1) / 2
