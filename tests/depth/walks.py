"""A camera that goes sideways through a furnished room: pictures, points, and the depth they should give."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from factory.depth.posed import Posed
from factory.geometry.camera import Camera, project_cam, transform_points, unproject
from factory.geometry.camera import invert_rigid as inverted
from factory.geometry.lens import Lens
from factory.points import ScenePoints
from tests.stereo.rooms import seen

SIZE = (128, 96)
FOCAL_PX = 110.0


@dataclass(frozen=True)
class Walk:
    """posed: F frames. depth: float64 (F, h, w), the truth."""

    posed: Posed
    depth: np.ndarray


@cache
def walk(frames: int = 6, step: float = 0.06, k1: float = 0.0, zoom: float = 1.0) -> Walk:
    """step: of the camera to the right between frames, metres. zoom: last focal length by the first."""
    focal_px = FOCAL_PX * zoom ** np.linspace(0, 1, frames)
    poses = np.tile(np.eye(4), (frames, 1, 1))
    poses[:, 0, 3] = (np.arange(frames) - frames / 2) * step
    cameras = tuple(Camera(float(f), (SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2, k1) for f in focal_px)
    pictures, depth = [], []
    for camera, pose in zip(cameras, poses, strict=True):
        lens = Lens("pinhole", camera.focal_px, camera.cx, camera.cy, k1)
        grey, range_m = seen(lens, SIZE, pose)
        pictures.append(np.repeat(grey[..., None], 3, axis=2))
        x, y = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
        rays = unproject(np.stack([x, y], axis=-1), camera)
        depth.append(range_m / np.linalg.norm(rays, axis=-1))
    truth = np.stack(depth)
    points = points_of(truth, cameras, poses)
    moving = np.zeros(truth.shape, bool)
    return Walk(Posed(np.stack(pictures), cameras, poses, points, moving), truth)


def points_of(depth: np.ndarray, cameras: tuple[Camera, ...], poses: np.ndarray, count: int = 60) -> ScenePoints:
    """Points picked in each frame, and where every frame sees them unhidden."""
    rng, width, height = np.random.default_rng(0), *SIZE
    world = []
    for each, camera, pose in zip(depth, cameras, poses, strict=True):
        x, y = rng.integers(2, width - 2, count), rng.integers(2, height - 2, count)
        world.append(transform_points(pose, unproject(np.stack([x, y], axis=-1), camera) * each[y, x][:, None]))
    xyz = np.concatenate(world)
    point, frame, xy = [], [], []
    for number, (each, camera, pose) in enumerate(zip(depth, cameras, poses, strict=True)):
        there = transform_points(inverted(pose), xyz)
        at = project_cam(there, camera)
        x, y = np.clip(at.round().astype(int), 0, [width - 1, height - 1]).T
        shown = np.all((at >= 0) & (at <= [width - 1, height - 1]), axis=1)
        shown &= np.abs(each[y, x] / there[:, 2] - 1) < 0.02
        point.append(np.flatnonzero(shown))
        frame.append(np.full(shown.sum(), number))
        xy.append(at[shown])
    order = np.lexsort((np.concatenate(frame), np.concatenate(point)))
    joined = (np.concatenate(point)[order].astype(np.int32), np.concatenate(frame)[order].astype(np.int32))
    where = np.concatenate(xy)[order].astype(np.float32)
    rgb, error_px = np.zeros((len(xyz), 3), np.uint8), np.full(len(xyz), 0.3, np.float32)
    frame_error_px = np.full(len(depth), 0.3, np.float32)
    return ScenePoints(xyz.astype(np.float32), rgb, error_px, *joined, where, frame_error_px, width, height)


def off(depth: np.ndarray, truth: np.ndarray, which: np.ndarray) -> float:
    """Mean |estimate - truth| / truth."""
    return float(np.mean(np.abs(depth[which] / truth[which] - 1)))
