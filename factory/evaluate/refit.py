"""What static matches allow at best: per pair of frames the pose refined on them alone, and the best pure rotation.

A trajectory's Sampson error says little beside nothing: here are its floor, what a camera that only turns would leave,
and how far the translation lies from the refined one where the matches hold that.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from factory.geometry.camera import Camera
from factory.geometry.epipolar import essential_matrix, sampson_error, signed_sampson_error
from factory.geometry.turning import Matches, fit_rotation, rotation_residual
from factory.sfm.pairs.relative import relative_pose

PINNED_DEG = 5.0  # a translation counts where the matches hold it to this, three standard deviations
LOSS_PX = 1.0  # Cauchy
TRIALS = 300  # of RANSAC


@dataclass(frozen=True)
class Refit:
    """Of one pair, in pixels of the ideal camera whose focal length is given: the mean Sampson error after refinement,
    the median distance that the best rotation leaves, and the angle in degrees between the directions of translation
    given and refined (None where the matches do not pin it, or none was given)."""

    floor_px: float
    turn_px: float
    translation_deg: float | None


def refit(xy_i: np.ndarray, xy_j: np.ndarray, focal_px: float, cam_j_from_i: np.ndarray) -> Refit:
    """xy_i, xy_j: float64 (n, 2), ideal pixels from the principal point, n >= 8. cam_j_from_i: (4, 4), the pose given;
    it is one start, the five-point pose of the matches the other; of lower cost counts."""
    turn = fit_rotation(Matches(xy_i, xy_j), focal_px)
    turn_px = float(np.median(rotation_residual(Matches(xy_i, xy_j), focal_px, turn)))
    best = None
    for start in (cam_j_from_i, *_five_point(xy_i, xy_j, focal_px)):
        if np.linalg.norm(start[:3, 3]) == 0.0:
            continue
        found = _refined(xy_i, xy_j, focal_px, start)
        best = found if best is None or found[0] < best[0] else best
    if best is None:
        return Refit(turn_px, turn_px, None)
    _, pose, spread_deg = best
    floor_px = float(sampson_error(_fundamental(pose, focal_px), xy_i, xy_j).mean())
    given = cam_j_from_i[:3, 3]
    if spread_deg > PINNED_DEG / 3 or np.linalg.norm(given) == 0.0:
        return Refit(floor_px, turn_px, None)
    cosine = given @ pose[:3, 3] / np.linalg.norm(given) / np.linalg.norm(pose[:3, 3])
    return Refit(floor_px, turn_px, float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))))


def _refined(xy_i: np.ndarray, xy_j: np.ndarray, focal_px: float, start: np.ndarray) -> tuple[float, np.ndarray, float]:
    """Robust cost, pose, and standard deviation of the direction of translation in degrees, from rotation (3) and
    direction (2)."""
    direction = start[:3, 3] / np.linalg.norm(start[:3, 3])
    across = np.linalg.svd(direction[None])[2][1:]

    def posed(x: np.ndarray) -> np.ndarray:
        pose = np.eye(4)
        pose[:3, :3] = Rotation.from_rotvec(x[:3]).as_matrix() @ start[:3, :3]
        pose[:3, 3] = Rotation.from_rotvec(x[3:] @ across).as_matrix() @ direction
        return pose

    def off(x: np.ndarray) -> np.ndarray:
        return signed_sampson_error(_fundamental(posed(x), focal_px), xy_i, xy_j)

    found = least_squares(off, np.zeros(5), loss="cauchy", f_scale=LOSS_PX, x_scale=0.01, max_nfev=40)
    noise = 1.4826 * float(np.median(np.abs(found.fun)))
    covariance = np.linalg.pinv(found.jac.T @ found.jac)  # the loss's weights are in it
    spread = noise * np.sqrt(np.linalg.eigvalsh(covariance[3:, 3:])[-1])
    return float(found.cost), posed(found.x), float(np.degrees(spread))


def _five_point(xy_i: np.ndarray, xy_j: np.ndarray, focal_px: float) -> list[np.ndarray]:
    size = 4.0 * focal_px  # of a picture that holds all of them
    camera = Camera(focal_px, 0.0, 0.0)
    found = relative_pose(xy_i, xy_j, camera, (int(size), int(size)), LOSS_PX, TRIALS)
    return [] if found is None else [found[0]]


def _fundamental(pose: np.ndarray, focal_px: float) -> np.ndarray:
    inverse = np.diag([1 / focal_px, 1 / focal_px, 1.0])
    return np.asarray(inverse @ essential_matrix(pose) @ inverse)
