"""Pinhole cameras with one radial term, and rigid motions. Pixel centres lie at integer coordinates throughout."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Camera:
    """SIMPLE_RADIAL of COLMAP: x = f (1 + k1 r^2) X/Z + cx, with r the length of (X/Z, Y/Z). Pixels; k1 has no unit."""

    focal_px: float
    cx: float
    cy: float
    k1: float = 0.0

    @property
    def matrix(self) -> np.ndarray:
        """K, float64 (3, 3), without the distortion."""
        return np.array([[self.focal_px, 0.0, self.cx], [0.0, self.focal_px, self.cy], [0.0, 0.0, 1.0]])


def centred_camera(focal_px: float, width: int, height: int, k1: float = 0.0) -> Camera:
    """A camera whose axis meets the middle of the picture: (width - 1) / 2 when pixel centres are integers."""
    return Camera(focal_px, (width - 1) / 2, (height - 1) / 2, k1)


def project_cam(points_cam: np.ndarray, camera: Camera, focal_px: np.ndarray | None = None) -> np.ndarray:
    """Pixels, float64 (..., 2), of points (..., 3) in the camera's frame. Where z <= 0 they mean nothing.

    focal_px: float64 (...,), one a point, in place of the camera's own: of a lens that zooms.
    """
    focal = camera.focal_px if focal_px is None else focal_px[..., None]
    xy = points_cam[..., :2] / points_cam[..., 2:]
    radial = 1.0 + camera.k1 * np.sum(xy * xy, axis=-1, keepdims=True)
    return xy * radial * focal + np.array([camera.cx, camera.cy])


def unproject(xy: np.ndarray, camera: Camera, focal_px: np.ndarray | None = None) -> np.ndarray:
    """Rays, float64 (..., 3) with z = 1, in the camera's frame, of pixels (..., 2); `focal_px` as in `project_cam`.

    The radial term is undone by fixed-point iteration, which converges for the mild distortion (|k1| r^2 < 0.3) this
    model is meant for.
    """
    focal = camera.focal_px if focal_px is None else focal_px[..., None]
    distorted = (np.asarray(xy, dtype=float) - np.array([camera.cx, camera.cy])) / focal
    ideal = distorted
    if camera.k1 != 0.0:
        for _ in range(12):
            ideal = distorted / (1.0 + camera.k1 * np.sum(ideal * ideal, axis=-1, keepdims=True))
    return np.concatenate([ideal, np.ones_like(ideal[..., :1])], axis=-1)


def invert_rigid(transform: np.ndarray) -> np.ndarray:
    """The inverse of rigid 4x4 transforms, float64 (..., 4, 4): world_from_cam <-> cam_from_world."""
    rotation = np.swapaxes(transform[..., :3, :3], -1, -2)
    inverse = np.zeros_like(transform)
    inverse[..., :3, :3] = rotation
    inverse[..., :3, 3] = -np.einsum("...ij,...j->...i", rotation, transform[..., :3, 3])
    inverse[..., 3, 3] = 1.0
    return inverse


def transform_points(transform: np.ndarray, points: np.ndarray) -> np.ndarray:
    """R p + t for 4x4 transforms (..., 4, 4) and points (..., 3), broadcast against each other."""
    return np.einsum("...ij,...j->...i", transform[..., :3, :3], points) + transform[..., :3, 3]
