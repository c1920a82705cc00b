"""What a camera sees that only turns: directions in place of points."""

import numpy as np

from factory.geometry.camera import Camera, unproject


def mean_directions(
    xy: np.ndarray,
    world_from_cam: np.ndarray,
    track: np.ndarray,
    count: int,
    camera: Camera,
    focal_px: np.ndarray | None = None,
) -> np.ndarray:
    """Of every track, the mean direction of its observations in the world, float64 (count, 3) of length 1; zero without
    any.

    xy: pixels (n, 2). world_from_cam: float64 (n, 4, 4), the pose of each one's frame; only its rotation counts. track:
    int (n,). focal_px: float64 (n,), of a lens that zooms, in place of the camera's.
    """
    rays = np.einsum("nij,nj->ni", world_from_cam[:, :3, :3], unproject(xy, camera, focal_px))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    sums = np.stack([np.bincount(track, rays[:, k], count) for k in range(3)], axis=1)
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12))
