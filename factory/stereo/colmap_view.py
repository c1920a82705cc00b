"""Lenses of ours as pycolmap's cameras."""

import pycolmap

from factory.geometry.lens import Lens
from factory.sfm.model.model import COLMAP_OFFSET_PX


def colmap_view(lens: Lens, width: int, height: int, camera_id: int) -> pycolmap.Camera:
    """Raises ValueError for lenses that points are not followed in, see `stereo.eyes.WorkingView`."""
    params = [lens.focal_px, lens.cx + COLMAP_OFFSET_PX, lens.cy + COLMAP_OFFSET_PX]
    if lens.model == "fisheye" and lens.squeeze == 1.0:
        model = "SIMPLE_FISHEYE"
    elif lens.model == "pinhole" and lens.squeeze == 1.0:
        model = "RADIAL" if lens.k1 or lens.k2 else "SIMPLE_PINHOLE"
        params += [lens.k1, lens.k2] if model == "RADIAL" else []
    else:
        raise ValueError(f"a rig is not solved in pictures of a {lens.model} lens: make working pictures first")
    return pycolmap.Camera(model=model, width=width, height=height, params=params, camera_id=camera_id)
