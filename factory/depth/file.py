"""The file `mono_depth.npz`: depth of a clip's frames, of which pixels it was measured, and how far it can be trusted.

mono_depth.npz: `np.load` reads it without pickle. E frames.
    frame_index     int64 (E,)         number in the source, ascending
    depth           float16 (E, h, w)  along the optical axis, by `unit`; NaN where it is not known
    unit            float64 ()         in the unit of the poses: the median depth
    origin          uint8 (E, h, w)    0 none, 1 measured and confirmed by other frames (sure), 2 measured in other
                                       frames, 3 filled, 4 a network's, brought to what was measured
    agreement       float64 ()         of all pixels that were measured, the share that other frames confirm
    focal_reliable  int8 ()            1: the clip pins its focal length down; 0: it does not, and depth is off by about
                                       twice what that is; -1: not known

Pixels are those of the clip's picture (black bars cropped), shrunk as the masks are.
"""

import numpy as np

from factory.artifacts import broken, pack_arrays, read_arrays
from factory.depth.maps import NONE, PRIOR, MonoDepth

KINDS = {"frame_index": "i", "depth": "f", "unit": "f", "origin": "u", "agreement": "f", "focal_reliable": "i"}


def pack_mono_depth(depth: MonoDepth, frame_index: np.ndarray) -> bytes:
    """The file's content. frame_index: int64 (F,), numbers in the source of all F sampled frames.

    Half floats are exact to 0.05 % from 1/16000 to 65000 times the median depth; what lies beyond becomes unknown.
    """
    known = np.isfinite(depth.depth)
    unit = float(np.median(depth.depth[known])) if known.any() else 1.0
    with np.errstate(over="ignore"):
        values = (depth.depth / np.float32(unit)).astype(np.float16)
    there = np.isfinite(values) & (values > 0)
    return pack_arrays(
        frame_index=np.asarray(frame_index, np.int64)[depth.frame],
        depth=np.where(there, values, np.float16(np.nan)),
        unit=np.array(unit),
        origin=np.where(there, depth.origin, NONE).astype(np.uint8),
        agreement=np.array(float(depth.agreement)),
        focal_reliable=np.array(-1 if depth.focal_reliable is None else int(depth.focal_reliable), np.int8),
    )


def read_mono_depth(content: bytes) -> MonoDepth:
    """`frame` has the numbers in the source. Raises StorageError where the content is broken: of another type or shape,
    or not as the file says it is."""
    found = read_arrays(content, *KINDS)
    for name, kind in KINDS.items():
        if found[name].dtype.kind != kind:
            raise broken(f"{name} is of type {found[name].dtype}")
    frame, depth, origin, unit = (found[name] for name in ("frame_index", "depth", "origin", "unit"))
    if depth.ndim != 3 or origin.shape != depth.shape or frame.shape != depth.shape[:1]:
        raise broken(f"its depth is {depth.shape}, origins {origin.shape}, frames {frame.shape}")
    if any(found[name].shape != () for name in ("unit", "agreement", "focal_reliable")):
        raise broken("what should be one number is more")
    agreement, reliable = float(found["agreement"]), int(found["focal_reliable"])
    if not (np.isfinite(unit) and unit > 0 and 0.0 <= agreement <= 1.0 and reliable in (-1, 0, 1)):
        raise broken("its unit, agreement or focal_reliable is none")
    known = np.isfinite(depth)
    if np.any(depth[known] <= 0) or np.any(known != (origin != NONE)) or np.any(origin > PRIOR):
        raise broken("its depths and where they come from do not fit together")
    if np.any(np.diff(frame) <= 0):
        raise broken("its frames are not in order")
    values = depth.astype(np.float32) * np.float32(unit)
    return MonoDepth(frame.astype(np.int64), values, origin, agreement, None if reliable < 0 else bool(reliable))
