"""Pictures seen through another lens: where each pixel of the new picture lies in the old one."""

from functools import lru_cache

import numpy as np

from factory.geometry.lens import Lens

MOST_SIDE_PX = 32_766  # cv2.remap counts pixels in 16 bits
OUTSIDE_PX = -16.0  # no interpolation reaches from there into a picture


def remap_table(
    source: Lens,
    target: Lens,
    size: tuple[int, int],
    source_from_target: np.ndarray | None = None,
) -> np.ndarray:
    """Pixels of the source that a picture of `size` (width, height) through the lens `target` shows: float32 (H, W, 2),
    as `cv2.remap` takes it; what the source's lens does not see lies outside of its picture.

    source_from_target: float64 (3, 3), takes rays of the target's frame to the source's; None: both look the same way.
    The last tables are kept, and are not to be written to. Raises ValueError where the picture is larger than OpenCV
    remaps.
    """
    if max(size) > MOST_SIDE_PX:
        raise ValueError(
            f"a picture of {size[0]}x{size[1]} is larger than the {MOST_SIDE_PX} pixels cv2.remap can make"
        )
    rotation = np.eye(3) if source_from_target is None else np.asarray(source_from_target, float)
    return _table(source, target, size, tuple(rotation.ravel().tolist()))


def inside(table: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Where a table (H, W, 2) leads into a picture of `size` (width, height), its outermost pixel centres included:
    bool (H, W)."""
    x, y = table[..., 0], table[..., 1]
    return np.asarray((x >= 0) & (x <= size[0] - 1) & (y >= 0) & (y <= size[1] - 1))


def pixel_grid(size: tuple[int, int]) -> np.ndarray:
    """Centres of all pixels, row by row: float64 (W * H, 2)."""
    x, y = np.meshgrid(np.arange(size[0], dtype=float), np.arange(size[1], dtype=float))
    return np.stack([x.ravel(), y.ravel()], axis=1)


@lru_cache(maxsize=4)  # two eyes in two pictures each: a clip's
def _table(source: Lens, target: Lens, size: tuple[int, int], rotation: tuple[float, ...]) -> np.ndarray:
    rays = target.rays(pixel_grid(size)) @ np.reshape(rotation, (3, 3)).T
    xy, seen = source.project(rays)
    xy[~seen] = OUTSIDE_PX
    table = np.clip(xy, OUTSIDE_PX, 2 * MOST_SIDE_PX).astype(np.float32).reshape(size[1], size[0], 2)
    table.flags.writeable = False
    return table
