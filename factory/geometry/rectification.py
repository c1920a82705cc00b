"""Two eyes turned so that what both see of a point lies in one row."""

import numpy as np

from factory.geometry.lens import Lens

STEEPEST = 1e6  # X / D of a ray that has run out of the half sphere: the point is at the eye
LEAST_SINE = 0.1  # between the baseline and where the left eye looks; less is no pair of eyes side by side. A guess


def rectified2rig(left_from_right: np.ndarray) -> np.ndarray:
    """Rotations float64 (2, 3, 3), left and right, that take rays of the rectified frame to each eye's frame as it is
    built in (Stereo4D, Jin et al., CVPR 2025; its name).

    left_from_right: float64 (4, 4), takes points of the right eye's frame to the left eye's. The rectified frame's x
    axis points from the left eye to the right one, its z axis is the left eye's without the part along x. Raises
    ValueError where the eyes are in one place, or one behind the other.
    """
    rotation, baseline = left_from_right[:3, :3], left_from_right[:3, 3]
    length = np.linalg.norm(baseline)
    if not length > 0:
        raise ValueError("two eyes in one place see no depth: left_from_right has no translation")
    x = baseline / length
    z = np.array([0.0, 0.0, 1.0]) - x[2] * x
    sine = np.linalg.norm(z)
    if sine < LEAST_SINE:
        raise ValueError("the right eye is in front of the left one or behind it: such a pair cannot be rectified")
    z /= sine
    left = np.stack([x, np.cross(z, x), z], axis=1)
    return np.stack([left, rotation.T @ left])


def ranges_of(lens: Lens, baseline: float, xy: np.ndarray, disparity_px: np.ndarray) -> np.ndarray:
    """Distances along the left eye's rays, float64 (..., N), of pixels (N, 2) of its rectified picture that the right
    eye, `baseline` further right, sees `disparity_px` (..., N) further left; NaN where that is nowhere ahead. lens: of
    both rectified pictures, a pinhole without distortion or a transverse one."""
    return ranges_in_rows(lens, baseline, np.asarray(xy, float)[:, 0], ray_depths(lens, xy), disparity_px)


def ranges_in_rows(
    lens: Lens, baseline: float, x: np.ndarray, depths: np.ndarray, disparity_px: np.ndarray
) -> np.ndarray:
    """The same by columns x and `ray_depths`, from the slopes of both eyes: baseline = D (left - right). Shapes are
    broadcast."""
    apart = row_slopes(lens, x) - row_slopes(lens, x - disparity_px)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = baseline / apart / depths
    return np.where((found > 0) & np.isfinite(found), found, np.nan)


def row_slopes(lens: Lens, x: np.ndarray) -> np.ndarray:
    """X / D of a column, D being the distance from the plane of the eyes (pinhole) or the baseline (transverse)."""
    x = (x - lens.cx) / lens.focal_px
    return x if lens.model == "pinhole" else np.where(np.abs(x) < np.pi / 2, np.tan(x), np.sign(x) * STEEPEST)


def ray_depths(lens: Lens, xy: np.ndarray) -> np.ndarray:
    """D of the unit rays through xy (N, 2), see `row_slopes`."""
    rays = lens.rays(xy)
    return rays[:, 2] if lens.model == "pinhole" else np.hypot(rays[:, 1], rays[:, 2])
