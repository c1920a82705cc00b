"""The file `depth.npz`: disparities of rectified pairs, where they can be trusted, and what makes metres of them.

depth.npz: `np.load` reads it without pickle. F frames.
    frame_index   int64 (F,)          number in the source
    disparity     uint16 (F, H, W)    1/128 pixel of the rectified left picture; 0 where there is none
    confident     uint8               one row of bits: np.unpackbits(bits, count=F * H * W).reshape(F, H, W)
    baseline_m    float64 ()
    model         str                 lens of both rectified pictures, see `factory.geometry.lens`
    lens          float64 (6,)        its focal_px, cx, cy, k1, k2, squeeze
    rectified2rig float64 (2, 3, 3)   rays of the rectified frame to the left and to the right eye's
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from factory.artifacts import broken, pack_arrays, read_arrays
from factory.geometry.lens import Lens
from factory.geometry.rectification import ranges_of
from factory.geometry.remap import pixel_grid
from factory.stereo.disparity import Disparity
from factory.stereo.rectify import View

UNIT_PX = 1 / 128  # a tenth of what a disparity is off at its best; up to 512 px

NAMES = ("frame_index", "disparity", "confident", "baseline_m", "model", "lens", "rectified2rig")


@dataclass(frozen=True)
class StereoDepth:
    """frame_index: int64 (F,), number in the source. range_m: float32 (F, H, W), metres along the rays of the rectified
    left eye's `lens`, NaN where there is none. confident: bool (F, H, W). rectified2rig: float64 (2, 3, 3)."""

    frame_index: np.ndarray
    range_m: np.ndarray
    confident: np.ndarray
    lens: Lens
    rectified2rig: np.ndarray


def pack_depth(view: View, baseline_m: float, found: Sequence[Disparity], frame_index: np.ndarray) -> bytes:
    """The file's content."""
    disparity = np.stack([each.disparity for each in found]) / UNIT_PX
    model, *terms = astuple(view.lens)
    return pack_arrays(
        frame_index=np.asarray(frame_index, np.int64),
        disparity=np.clip(np.round(np.nan_to_num(disparity)), 0, 65535).astype(np.uint16),
        confident=np.packbits(np.stack([each.confident for each in found])),
        baseline_m=np.array(baseline_m),
        model=np.array(model),
        lens=np.array(terms),
        rectified2rig=view.rectified2rig,
    )


def read_depth(content: bytes, which: Sequence[int] | slice = slice(None)) -> StereoDepth:
    """which: places among the F pictures of the file; metres take as long as reading. Raises StorageError where the
    content is broken, IndexError where it has no such picture."""
    found = read_arrays(content, *NAMES)
    disparity = found["disparity"]
    shapes = {"frame_index": disparity.shape[:1], "lens": (6,), "rectified2rig": (2, 3, 3), "baseline_m": ()}
    for name, shape in shapes.items():
        if found[name].shape != shape:
            raise broken(f"{name} is {found[name].shape}, not {shape}")
    if disparity.ndim != 3 or disparity.dtype != np.uint16 or found["confident"].size * 8 < disparity.size:
        raise broken("its disparities are none")
    confident = np.unpackbits(found["confident"], count=disparity.size).reshape(disparity.shape)[which] > 0
    disparity = disparity[which]
    lens = Lens(str(found["model"]), *found["lens"].tolist())  # type: ignore[arg-type]
    pixels = np.where(disparity > 0, disparity * UNIT_PX, np.nan)
    grid, baseline_m = pixel_grid((disparity.shape[2], disparity.shape[1])), float(found["baseline_m"])
    range_m = np.empty(disparity.shape, np.float32)
    for place, each in enumerate(pixels):
        range_m[place] = ranges_of(lens, baseline_m, grid, each.ravel()).reshape(each.shape)
    return StereoDepth(found["frame_index"][which], range_m, confident, lens, found["rectified2rig"])
