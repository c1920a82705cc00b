"""A furnished box as any lens sees it, with exact distances: what rendered clips show, in a tenth of a second."""

from functools import cache

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from factory.geometry.lens import Lens
from factory.geometry.remap import pixel_grid

# Boxes by their lower and upper corners in metres, in the frame of the first eye (y down): the room, and things in it.
ROOM = ((-2.5, -1.4, -2.0), (2.5, 1.5, 4.0))
THINGS = (
    ((-1.2, 0.3, 1.6), (-0.4, 1.5, 2.4)),
    ((0.5, -0.6, 2.2), (1.1, 1.5, 2.8)),
    ((-0.2, 0.9, 1.0), (0.3, 1.5, 1.5)),
)
GRAIN_M = (0.3, 0.1, 0.05)


def rig(turn_deg=(0.0, 0.0, 0.0), baseline=(0.063, 0.0, 0.0)) -> np.ndarray:
    """left_from_right, float64 (4, 4)."""
    made = np.eye(4)
    made[:3, :3] = Rotation.from_rotvec(turn_deg, degrees=True).as_matrix()
    made[:3, 3] = baseline
    return made


def seen(lens: Lens, size: tuple[int, int], room_from_eye: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The picture, uint8 (H, W), of an eye, and how far each pixel's ray goes, float64 (H, W) metres."""
    rays = lens.rays(pixel_grid(size)) @ room_from_eye[:3, :3].T
    start = room_from_eye[:3, 3]
    distance_m = _crossed(start, rays, *ROOM)[1]
    for box in THINGS:
        near, far = _crossed(start, rays, *box)
        distance_m = np.where((near < far) & (near > 0), np.minimum(near, distance_m), distance_m)
    levels = _texture(start + rays * distance_m[:, None], seed)
    shape = size[1], size[0]
    return np.clip(levels, 0, 255).astype(np.uint8).reshape(shape), distance_m.reshape(shape)


def pair(lens: Lens, size: tuple[int, int], left_from_right: np.ndarray, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Both eyes' pictures and the left one's distances."""
    left, range_m = seen(lens, size, np.eye(4), seed)
    return left, seen(lens, size, left_from_right, seed)[0], range_m


def _crossed(start: np.ndarray, rays: np.ndarray, low: tuple, high: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Where rays enter a box, and where they leave it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = (np.array([low, high])[:, None] - start) / rays
    return np.nanmax(ends.min(axis=0), axis=1), np.nanmin(ends.max(axis=0), axis=1)


def _texture(points: np.ndarray, seed: int) -> np.ndarray:
    levels = np.full(len(points), 110.0)
    for number, grain_m in enumerate(GRAIN_M):
        noise = _noise(seed * len(GRAIN_M) + number)
        levels += 160 * map_coordinates(noise, (points / grain_m).T, order=1, mode="grid-wrap")
    return levels


@cache
def _noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (64, 64, 64))
