"""The points that a clip's poses rest on, where they were seen, and the file `points.npz` that keeps them.

points.npz: P points, seen N times in F sampled frames.
    xyz             float32 (P, 3)   where, in the world of the poses, in their unit of length
    rgb             uint8 (P, 3)     colour, from the middle one of the frames that see it
    error_px        float32 (P,)     mean reprojection error, pixels of the working frame
    point           int32 (N,)       0..P-1, the point of each observation, sorted by point, then frame
    frame           int32 (N,)       0..F-1, its sampled frame
    xy              float32 (N, 2)   where, pixels of the working frame, pixel centres at integers
    size            int64 (2,)       width and height of the working frame, as of tracks.npz
    frame_error_px  float32 (F,)     mean reprojection error of each sampled frame; NaN where it sees no point
"""

from dataclasses import dataclass, fields

import numpy as np

from factory.artifacts import broken, pack_arrays, read_arrays


@dataclass(frozen=True)
class ScenePoints:
    """See above: the arrays of the file under their names, but the size as two numbers."""

    xyz: np.ndarray
    rgb: np.ndarray
    error_px: np.ndarray
    point: np.ndarray
    frame: np.ndarray
    xy: np.ndarray
    frame_error_px: np.ndarray
    width: int
    height: int


ARRAYS = tuple(field.name for field in fields(ScenePoints) if field.name not in ("width", "height"))
KINDS = {"xyz": "f", "rgb": "u", "error_px": "f", "point": "i", "frame": "i", "xy": "f", "frame_error_px": "f"}


def pack_points(points: ScenePoints) -> bytes:
    """The file's content."""
    arrays = {name: getattr(points, name) for name in ARRAYS}
    return pack_arrays(**arrays, size=np.array([points.width, points.height]))


def read_points(content: bytes) -> ScenePoints:
    """Raises StorageError when the content is broken: of another type or shape, or its numbers lead nowhere."""
    found = read_arrays(content, *ARRAYS, "size")
    for name, kind in {**KINDS, "size": "i"}.items():
        if found[name].dtype.kind != kind:
            raise broken(f"{name} is of type {found[name].dtype}")
    count, seen, frames = len(np.ravel(found["xyz"])) // 3, found["point"].size, found["frame_error_px"].size
    shapes = {"xyz": (count, 3), "rgb": (count, 3), "error_px": (count,), "size": (2,), "frame_error_px": (frames,)}
    shapes |= {"point": (seen,), "frame": (seen,), "xy": (seen, 2)}
    for name, shape in shapes.items():
        if found[name].shape != shape:
            raise broken(f"{name} has shape {found[name].shape}, not {shape}")
    for name, end in (("point", count), ("frame", frames)):
        if np.any((found[name] < 0) | (found[name] >= end)):
            raise broken(f"an observation is of a {name} that is not there")
    if not (np.isfinite(found["xyz"]).all() and np.isfinite(found["xy"]).all() and np.all(found["size"] > 0)):
        raise broken("its points are not finite")
    width, height = map(int, found.pop("size"))
    return ScenePoints(**found, width=width, height=height)
