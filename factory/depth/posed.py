"""What depth is made from: pictures of known cameras, and the points that the poses rest on."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from factory.geometry.camera import Camera, invert_rigid, project_cam, transform_points, unproject
from factory.points import ScenePoints


@dataclass(frozen=True)
class Posed:
    """frames: uint8 (F, h, w, 3) RGB. cameras: of each frame, in its pixels. world_from_cam: float64 (F, 4, 4), NaN
    where not registered. points: of these poses; None where there are none. moving: bool (F, h, w), what moves on its
    own."""

    frames: np.ndarray
    cameras: tuple[Camera, ...]
    world_from_cam: np.ndarray
    points: ScenePoints | None
    moving: np.ndarray

    def __post_init__(self) -> None:
        count = len(self.frames)
        if not len(self.cameras) == len(self.world_from_cam) == len(self.moving) == count:
            raise ValueError(f"there are {count} frames, and other numbers of cameras, poses or masks")
        if self.frames.shape[:3] != self.moving.shape:
            raise ValueError(f"frames are {self.frames.shape[:3]} and masks {self.moving.shape}")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.frames.shape[2], self.frames.shape[1]

    @property
    def registered(self) -> np.ndarray:
        """bool (F,)."""
        return np.asarray(np.isfinite(self.world_from_cam).all(axis=(1, 2)))

    def from_to(self, one: int, other: int) -> np.ndarray:
        """The motion that takes points of one frame's camera to another's, float64 (4, 4)."""
        found: np.ndarray = invert_rigid(self.world_from_cam[other]) @ self.world_from_cam[one]
        return found


@dataclass(frozen=True)
class Anchors:
    """Where points of the scene were seen, N times: frame int (N,), ascending; xy float64 (N, 2), pixels of the frames;
    inverse float64 (N,), one by the depth along the optical axis, in the poses' unit; xyz float64 (N, 3), in the
    frame's camera."""

    frame: np.ndarray
    xy: np.ndarray
    inverse: np.ndarray
    xyz: np.ndarray

    def of(self, frame: int) -> "Anchors":
        """Those of one frame."""
        rows = slice(*np.searchsorted(self.frame, [frame, frame + 1]))
        return Anchors(self.frame[rows], self.xy[rows], self.inverse[rows], self.xyz[rows])


def closed(moving: np.ndarray, by_px: int) -> np.ndarray:
    """Masks bool (F, h, w) with gaps narrower than `by_px` closed: masks have holes where a thing is plain, or moves
    as the camera does, and what is measured there lies at any depth."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (by_px | 1, by_px | 1))
    return np.stack([cv2.morphologyEx(each.astype(np.uint8), cv2.MORPH_CLOSE, kernel) > 0 for each in moving])


def anchors(posed: Posed, without: np.ndarray, most_error_px: float = 2.0) -> Anchors:
    """Sightings in registered frames, before the camera and not in the masks `without`, bool (F, h, w), of points whose
    mean error is at most `most_error_px` of the working frame: a guess, kept points lie at 0.2 to 0.6."""
    points = posed.points
    if points is None or not len(points.frame):
        return Anchors(np.empty(0, int), np.empty((0, 2)), np.empty(0), np.empty((0, 3)))
    order = np.argsort(points.frame, kind="stable")
    frame, point = points.frame[order].astype(int), points.point[order]
    width, height = posed.size
    xy = (points.xy[order].astype(float) + 0.5) * [width / points.width, height / points.height] - 0.5
    cam_from_world = invert_rigid(posed.world_from_cam)[frame]
    xyz = transform_points(cam_from_world, points.xyz[point].astype(float))
    x, y = np.clip(xy.round().astype(int), 0, [width - 1, height - 1]).T
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1.0 / xyz[:, 2]
    good = (xyz[:, 2] > 0) & np.isfinite(inverse) & (points.error_px[point] <= most_error_px)
    good &= ~without[frame, y, x]
    return Anchors(frame[good], xy[good], inverse[good], xyz[good])


def values_at(values: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Values (h, w) at the nearest pixels of xy (N, 2), held inside the picture."""
    x, y = np.clip(xy.round().astype(int), 0, [values.shape[1] - 1, values.shape[0] - 1]).T
    found: np.ndarray = values[y, x]
    return found


@lru_cache(maxsize=8)  # a clip of one lens needs one; of a zoom they are made anew
def rays(camera: Camera, size: tuple[int, int]) -> np.ndarray:
    """Of all pixels of a picture of `size` (width, height), with z = 1: float32 (h, w, 3). Not to be written to."""
    x, y = np.meshgrid(np.arange(size[0], dtype=float), np.arange(size[1], dtype=float))
    found = unproject(np.stack([x, y], axis=-1), camera).astype(np.float32)
    found.flags.writeable = False
    return found


def carried(posed: Posed, one: int, other: int, depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where pixels of one frame, of depth float32 (h, w), are in another: pixels float32 (h, w, 2), and their depth
    there float32 (h, w). What lies behind the other camera has a depth below 0; NaN stays NaN."""
    motion = posed.from_to(one, other)
    turn, shift = motion[:3, :3].astype(np.float32), motion[:3, 3].astype(np.float32)
    there = (rays(posed.cameras[one], posed.size) @ turn.T) * depth[..., None] + shift
    with np.errstate(divide="ignore", invalid="ignore"):
        xy = project_cam(there, posed.cameras[other]).astype(np.float32)
    return xy, there[..., 2]
