"""What part of the sphere an equirectangular eye shows, as Stereo4D writes it."""

import numpy as np

from factory.geometry.lens import Lens

FovBounds = tuple[float, float, float, float]


def lens_of(fov_bounds: FovBounds, size: tuple[int, int]) -> Lens:
    """The lens of an eye of `size` (width, height) whose fov_bounds are yaw0, yaw1, tilt0, tilt1, in degrees: the
    directions, rightwards and downwards, of the *centres* of its first and last columns and rows.

    So Stereo4D (Jin et al., CVPR 2025) reads them, from 0 at the first pixel to 1 at the last. A half sphere whose
    pixels' outer edges lie at 90 degrees, as `equirect180` has it, has bounds of 90 (1 - 1 / width) degrees. Raises
    ValueError where they do not rise, or reach beyond 90 degrees.
    """
    yaw0, yaw1, tilt0, tilt1 = fov_bounds
    if not (-90 <= yaw0 < yaw1 <= 90 and -90 <= tilt0 < tilt1 <= 90) or min(size) < 2:
        shown = ", ".join(f"{angle:g}" for angle in fov_bounds)
        raise ValueError(f"fov_bounds of {shown} must be yaw0 < yaw1 and tilt0 < tilt1 between -90 and 90 degrees")
    across, down = (size[0] - 1) / np.radians(yaw1 - yaw0), (size[1] - 1) / np.radians(tilt1 - tilt0)
    centre = -np.radians(yaw0) * across, -np.radians(tilt0) * down
    return Lens("equirect180", float(across), float(centre[0]), float(centre[1]), squeeze=float(down / across))


def bounds_of(lens: Lens, size: tuple[int, int]) -> FovBounds:
    """fov_bounds, degrees, of an equirectangular eye of `size` (width, height); see `lens_of`."""
    down = lens.focal_px * lens.squeeze
    yaw = np.degrees((np.array([0, size[0] - 1]) - lens.cx) / lens.focal_px)
    tilt = np.degrees((np.array([0, size[1] - 1]) - lens.cy) / down)
    return float(yaw[0]), float(yaw[1]), float(tilt[0]), float(tilt[1])
