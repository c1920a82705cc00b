"""What is true of a frame besides its pose: where its surfaces are in other frames, and codings of depth and flow."""

from dataclasses import dataclass, fields

import numpy as np

from factory.geometry.camera import invert_rigid, transform_points
from factory.geometry.lens import Lens
from factory.synth.moment import Geometry, Sight
from factory.synth.render import pixel_grid

FAR_M = 1e6  # the sky, as a point to project: no baseline within a scene shifts it by a pixel
SLACK_M = 2e-3  # how far before a point a ray may end and still show it; pictures hang 20 mm before their wall
SLACK = 1e-3  # and as a share of the distance
DEPTH_UNIT_M = 6553.5  # a depth PNG holds DEPTH_UNIT_M / depth: from 0.1 m on, to 0.02 % at 3 m, 0.15 % at 20 m


@dataclass(frozen=True)
class Camera:
    """A lens at a pose, world_from_cam (4, 4), at a time."""

    lens: Lens
    world_from_cam: np.ndarray
    time_s: float

    def project(self, world: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (N, 2) of world points (N, 3), and whether the lens sees there (N,)."""
        return self.lens.project(transform_points(invert_rigid(self.world_from_cam), world))


def inside(xy: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Whether pixels (N, 2) lie in the picture: within half a pixel of a centre."""
    return np.all((xy >= -0.5) & (xy < np.array(size) - 0.5), axis=1)


def surface_points(geometry: Geometry, sight: Sight, seen_from: Camera, xy: np.ndarray, time_s: float) -> np.ndarray:
    """Where at `time_s` that is in the world, float64 (N, 3), which a flat sight (N,) met through pixels (N, 2)."""
    rays = seen_from.lens.rays(xy) @ seen_from.world_from_cam[:3, :3].T
    points = seen_from.world_from_cam[:3, 3] + FAR_M * rays
    hit = sight.face >= 0
    points[hit] = geometry.at(time_s).points(sight.face[hit], sight.barycentric[hit])
    return points


def unobstructed(geometry: Geometry, camera: Camera, world: np.ndarray) -> np.ndarray:
    """Whether the way from the camera to world points (N, 3), which lie on surfaces or far away, is free: bool (N,)."""
    ways = world - camera.world_from_cam[:3, 3]
    distance_m = np.linalg.norm(ways, axis=1)
    with np.errstate(divide="ignore"):
        short = 1 - SLACK - SLACK_M / distance_m
    starts = np.broadcast_to(camera.world_from_cam[:3, 3], ways.shape)
    return geometry.at(camera.time_s).free(starts, ways * np.maximum(short, 0)[:, None])


def flow(geometry: Geometry, sight: Sight, here: Camera, there: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Where what the pixels of `here`, of sight (H, W), show is in `there`: flow float32 (H, W, 2) in pixels, and bool
    (H, W): whether it is in that picture and nothing hides it. Where it is outside the lens's view, flow is nan."""
    height, width = sight.face.shape
    xy = pixel_grid((width, height))
    world = surface_points(geometry, sight.reshaped(-1), here, xy, there.time_s)
    to, seen = there.project(world)
    valid = seen & inside(to, (width, height))
    valid[valid] = unobstructed(geometry, there, world[valid])
    moved = np.where(seen[:, None], to - xy, np.nan).astype(np.float32)
    return moved.reshape(height, width, 2), valid.reshape(height, width)


def image_motion_px(geometry: Geometry, sight: Sight, seen_from: Camera, a: Camera, b: Camera, step: int = 4) -> float:
    """How far what is seen moves in the picture from camera a to b, in pixels: the 99.5th percentile over a grid, so
    that what is small and fast counts."""
    height, width = sight.face.shape
    xy = pixel_grid((width, height)).reshape(height, width, 2)[step // 2 :: step, step // 2 :: step].reshape(-1, 2)
    at = np.round(xy).astype(int)
    few = Sight(*(getattr(sight, field.name)[at[:, 1], at[:, 0]] for field in fields(Sight)))
    ends = [camera.project(surface_points(geometry, few, seen_from, xy, camera.time_s)) for camera in (a, b)]
    seen = ends[0][1] & ends[1][1]
    return float(np.percentile(np.linalg.norm(ends[0][0] - ends[1][0], axis=1)[seen], 99.5)) if seen.any() else 0.0


def encode_depth(depth_m: np.ndarray) -> np.ndarray:
    """uint16: DEPTH_UNIT_M / depth, rounded; 0 in the sky and beyond 13 km. Nearer than 0.1 m is told as 0.1 m."""
    with np.errstate(divide="ignore"):
        return np.clip(np.round(DEPTH_UNIT_M / depth_m), 0, 65535).astype(np.uint16)


def decode_depth(coded: np.ndarray) -> np.ndarray:
    """float32 metres, inf where coded is 0."""
    with np.errstate(divide="ignore"):
        return (DEPTH_UNIT_M / coded.astype(np.float64)).astype(np.float32)
