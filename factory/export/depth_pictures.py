"""Depth as pictures: PNG of levels, and OpenEXR of floats."""

import io
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from factory.data.result import ClipResult
from factory.depth.maps import MonoDepth
from factory.errors import ConfigError, StorageError
from factory.extras import install_command


def depth_of(clip: ClipResult, found: MonoDepth, which: np.ndarray) -> Iterator[np.ndarray]:
    """Depth of the sampled frames `which`, float32 (h, w) each, in the order they are asked for: NaN where it is not
    known, as everywhere in frames that have none."""
    place = {number: i for i, number in enumerate(found.frame.tolist())}
    nothing = np.full(found.depth.shape[1:], np.nan, np.float32)
    for number in clip.frame_index[which].tolist():
        yield found.depth[place[number]] if number in place else nothing


def png_of(values: np.ndarray) -> bytes:
    """values: uint8 or uint16 (h, w)."""
    done, png = cv2.imencode(".png", values)
    if not done:
        raise StorageError(f"a picture of {values.shape} {values.dtype} cannot be encoded as PNG: report it.")
    return png.tobytes()


def exr_of(depth: np.ndarray, kind: type[np.floating]) -> bytes:
    """depth: float32 (h, w), NaN where it is not known. It becomes the channel Z, of float16 or float32 (`kind`); what
    is beyond half floats becomes unknown. Raises ConfigError without OpenEXR."""
    library = openexr()
    with np.errstate(over="ignore"):
        values = depth.astype(kind)
    values[~np.isfinite(values)] = np.nan
    head = {"compression": library.ZIP_COMPRESSION, "type": library.scanlineimage}
    buffer = io.BytesIO()
    library.File(head, {"Z": np.ascontiguousarray(values)}).write(buffer)
    return buffer.getvalue()


def openexr() -> Any:
    """The library. Raises ConfigError where it is missing."""
    try:
        import OpenEXR
    except ImportError as error:
        raise ConfigError(f"OpenEXR is not installed, which writes depth: {install_command('exr')}") from error
    return OpenEXR
