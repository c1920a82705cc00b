"""Depth of a clip: the values, where each comes from, and how far all of them can be trusted."""

from dataclasses import dataclass

import numpy as np

# Where a pixel's depth comes from.
NONE, SWEPT, FUSED, FILLED, PRIOR = range(5)


@dataclass(frozen=True)
class MonoDepth:
    """Of E of a clip's F sampled frames, h x w pixels.

    frame: int64 (E,), ascending, places among the sampled frames. depth: float32 (E, h, w), along the optical axis, in
    the unit of the poses; NaN where it abstains. origin: uint8 (E, h, w): NONE; SWEPT: measured, and confirmed by other
    frames; FUSED: measured in other frames; FILLED: between what is known; PRIOR: a network's, brought to what is
    known. agreement: of all pixels at rest that were measured, the share that other frames confirm; 0 without any.
    focal_reliable: whether the clip pins its focal length down: depth is off by about twice what that is. None: not
    known.
    """

    frame: np.ndarray
    depth: np.ndarray
    origin: np.ndarray
    agreement: float
    focal_reliable: bool | None = None

    @property
    def sure(self) -> np.ndarray:
        """bool (E, h, w): measured, and confirmed by other frames."""
        return np.asarray(self.origin == SWEPT)
