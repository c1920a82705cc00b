"""Pinhole cameras with up to two radial terms, and rigid motions. Pixel centres lie at integers throughout."""

from dataclasses import dataclass

import numpy as np

COLMAP_MODELS = ("SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL")  # by how many radial terms they have


@dataclass(frozen=True)
class Camera:
    """RADIAL of COLMAP: x = f (1 + k1 r^2 + k2 r^4) X/Z + cx, with r the length of (X/Z, Y/Z). Pixels; k1 and k2 have
    no unit."""

    focal_px: float
    cx: float
    cy: float
    k1: float = 0.0
    k2: float = 0.0

    @property
    def radial_terms(self) -> int:
        """How many of k1, k2 the lens has."""
        return 2 if self.k2 else 1 if self.k1 else 0

    @property
    def colmap_model(self) -> str:
        """COLMAP's name for it."""
        return COLMAP_MODELS[self.radial_terms]

    @property
    def matrix(self) -> np.ndarray:
        """K, float64 (3, 3), without the distortion."""
        return np.array([[self.focal_px, 0.0, self.cx], [0.0, self.focal_px, self.cy], [0.0, 0.0, 1.0]])


def centred_camera(focal_px: float, width: int, height: int, k1: float = 0.0) -> Camera:
    """A camera whose axis meets the middle of the picture: (width - 1) / 2 when pixel centres are integers."""
    return Camera(focal_px, (width - 1) / 2, (height - 1) / 2, k1)


def scaled(camera: Camera, scale: float) -> Camera:
    """The camera of the picture at another size."""
    centre = ((camera.cx + 0.5) * scale - 0.5, (camera.cy + 0.5) * scale - 0.5)
    return Camera(camera.focal_px * scale, *centre, camera.k1, camera.k2)


def project_cam(points_cam: np.ndarray, camera: Camera, focal_px: np.ndarray | None = None) -> np.ndarray:
    """Pixels, float64 (..., 2), of points (..., 3) in the camera's frame. Where z <= 0 they mean nothing.

    focal_px: float64 (...,), one a point, in place of the camera's own: of a lens that zooms.
    """
    focal = camera.focal_px if focal_px is None else focal_px[..., None]
    xy = points_cam[..., :2] / points_cam[..., 2:]
    return xy * _bent(xy, camera) * focal + np.array([camera.cx, camera.cy])


def unproject(xy: np.ndarray, camera: Camera, focal_px: np.ndarray | None = None) -> np.ndarray:
    """Rays, float64 (..., 3) with z = 1, in the camera's frame, of pixels (..., 2); `focal_px` as in `project_cam`.

    The radial terms are undone by Newton steps on the radius, which converge where the model is one to one: the radius
    of a pixel must grow with that of its ray.
    """
    focal = camera.focal_px if focal_px is None else focal_px[..., None]
    distorted = (np.asarray(xy, dtype=float) - np.array([camera.cx, camera.cy])) / focal
    ideal = distorted
    if camera.radial_terms:
        radius = np.linalg.norm(distorted, axis=-1, keepdims=True)
        ideal = distorted * (_ideal_radius(radius, camera) / np.maximum(radius, 1e-12))
    return np.concatenate([ideal, np.ones_like(ideal[..., :1])], axis=-1)


def one_to_one(camera: Camera, width: int, height: int, least_slope: float = 0.1) -> bool:
    """Whether pixels move outwards with their rays as far as the corner of the picture: radial terms that are none of a
    lens fold the picture back on itself."""
    if not camera.radial_terms:
        return True
    ray, image = _radii(camera)
    slope = np.gradient(image, ray)
    at = int(np.argmax(image >= corner_radius(camera, width, height)))
    return at > 0 and bool(slope[: at + 1].min() >= least_slope)


def corner_bend(camera: Camera, width: int, height: int) -> float:
    """By how much the lens draws the corner in, as a share of the radius it would have without distortion."""
    ray, image = _radii(camera)
    at = int(np.argmax(image >= corner_radius(camera, width, height)))
    return float(1.0 - image[at] / ray[at]) if at > 0 else 0.0


def corner_radius(camera: Camera, width: int, height: int) -> float:
    """Of the corner farthest from the principal point, in focal lengths."""
    x, y = max(camera.cx, width - 1 - camera.cx), max(camera.cy, height - 1 - camera.cy)
    return float(np.hypot(x, y) / camera.focal_px)


def _radii(camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Radii of rays up to 72 degrees off the axis, and of their pixels in focal lengths."""
    ray = np.linspace(0.0, 3.0, 301)
    square = ray**2
    return ray, ray * (1.0 + square * (camera.k1 + square * camera.k2))


def _bent(xy: np.ndarray, camera: Camera) -> np.ndarray:
    """1 + k1 r^2 + k2 r^4 of (..., 2): (..., 1)."""
    square = np.sum(xy * xy, axis=-1, keepdims=True)
    bent: np.ndarray = 1.0 + square * (camera.k1 + square * camera.k2)
    return bent


def _ideal_radius(radius: np.ndarray, camera: Camera) -> np.ndarray:
    """Where r (1 + k1 r^2 + k2 r^4) is the radius given."""
    ideal, most = radius, 4.0 * radius  # what is pulled in further is folded back
    for _ in range(12):
        square = ideal * ideal
        value = ideal * (1.0 + square * (camera.k1 + square * camera.k2)) - radius
        slope = 1.0 + square * (3.0 * camera.k1 + square * 5.0 * camera.k2)
        # Beyond where the model folds back the slope is no guide: a step there is kept short.
        ideal = np.clip(ideal - value / np.maximum(slope, 0.2), 0.0, most)
    return ideal


def invert_rigid(transform: np.ndarray) -> np.ndarray:
    """The inverse of rigid 4x4 transforms, float64 (..., 4, 4): world_from_cam <-> cam_from_world."""
    rotation = np.swapaxes(transform[..., :3, :3], -1, -2)
    inverse = np.zeros_like(transform)
    inverse[..., :3, :3] = rotation
    inverse[..., :3, 3] = 0.0 - np.einsum("...ij,...j->...i", rotation, transform[..., :3, 3])  # no -0.0
    inverse[..., 3, 3] = 1.0
    return inverse


def transform_points(transform: np.ndarray, points: np.ndarray) -> np.ndarray:
    """R p + t for 4x4 transforms (..., 4, 4) and points (..., 3), broadcast against each other."""
    return np.einsum("...ij,...j->...i", transform[..., :3, :3], points) + transform[..., :3, 3]
