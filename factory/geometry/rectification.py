"""Two eyes turned so that what both see of a point lies in one row."""

import numpy as np

from factory.geometry.lens import Lens

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
    eye, `baseline` further right, sees `disparity_px` (..., N) further left; NaN where that is nowhere ahead.

    Both rays lie in one plane with the baseline b: l s = b x + r t, whose part across the baseline gives t.
    """
    disparity_px = np.asarray(disparity_px, float)
    left_x, left_across = _along_and_across(lens, xy)
    found = np.empty(disparity_px.shape)
    for each in np.ndindex(disparity_px.shape[:-1]):
        right_x, right_across = _along_and_across(lens, xy - np.stack([disparity_px[each], np.zeros(len(xy))], axis=1))
        with np.errstate(divide="ignore", invalid="ignore"):
            found[each] = baseline / (left_x - right_x * left_across / right_across)
    return np.where((found > 0) & np.isfinite(found), found, np.nan)


def _along_and_across(lens: Lens, xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the unit rays through pixels (N, 2), the part along the baseline and that across it, (N,) each."""
    x, y, z = lens.rays(xy).T
    return x, np.sqrt(y * y + z * z)
