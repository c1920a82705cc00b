"""Objects that are said to move, before anybody has cut them out."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sighting:
    """Where an object was seen. frame: of the sampled ones. box: float64 (4,), left, top, right, bottom, as shares of
    the picture's width and height; None where nobody has told."""

    frame: int
    box: np.ndarray | None = None

    def box_px(self, width: int, height: int) -> np.ndarray | None:
        """The box in pixels of a picture, pixel centres at integers: float64 (4,)."""
        return None if self.box is None else self.box * [width, height, width, height] - 0.5


@dataclass(frozen=True)
class Named:
    """An object that moves on its own. name: a description, or "object 1". seen: at least one, each where the object is
    hidden least in one stretch of time in which it can be seen."""

    name: str
    seen: tuple[Sighting, ...]
