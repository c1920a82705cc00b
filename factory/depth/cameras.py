"""The camera of each sampled frame, from the columns that the pose phase tells of a clip."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from factory.geometry.camera import Camera

# Columns of the pose phase; `width` is that of the pictures they are told for.
COLUMNS = (
    *("width", "focal_px", "focal_per_frame_px", "cx_px", "cy_px", "cx_per_frame_px", "cy_per_frame_px", "k1", "k2"),
)


def cameras_of(row: Mapping[str, Any], frames: int, width: int) -> tuple[Camera, ...]:
    """One a frame, for pictures `width` pixels wide. Where a column has null for a frame (it has no pose), the clip's
    own value stands.

    row: COLUMNS, lists of one value a sampled frame or null. Raises ValueError where a list is of other frames.
    """
    scale = width / row["width"]

    def each(of_frames: str, of_clip: str) -> np.ndarray:
        values = row[of_frames]
        if values is None:
            return np.full(frames, float(row[of_clip]))
        if len(values) != frames:
            raise ValueError(f"{of_frames} has {len(values)} values for {frames} frames")
        return np.array([row[of_clip] if value is None else value for value in values], float)

    focal_px = each("focal_per_frame_px", "focal_px") * scale
    cx = (each("cx_per_frame_px", "cx_px") + 0.5) * scale - 0.5
    cy = (each("cy_per_frame_px", "cy_px") + 0.5) * scale - 0.5
    k1, k2 = float(row["k1"] or 0.0), float(row["k2"] or 0.0)
    values = zip(focal_px.tolist(), cx.tolist(), cy.tolist(), strict=True)
    return tuple(Camera(*value, k1, k2) for value in values)
