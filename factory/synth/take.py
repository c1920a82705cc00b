"""What is filmed and how: a scene, a camera's path through it, a lens, a film; and what is true of the result."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from factory.geometry.lens import Lens
from factory.synth.scene import Scene

# times_s (T,) -> world_from_cam float64 (T, 4, 4); any times, not only frames'
Path = Callable[[np.ndarray], np.ndarray]
Brightness = Callable[[float], float]  # time_s -> factor on all light
Shift = Callable[[float], tuple[float, float]]  # time_s -> pixels to the right and down
Edit = Callable[[np.ndarray], np.ndarray]  # frames of all takes, uint8 (T, H, W, 3) RGB -> frames of the video


def constant(_time_s: float) -> float:
    """The exposure of a camera that does not change it."""
    return 1.0


def unmoved(_time_s: float) -> tuple[float, float]:
    """The window of a camera that is not stabilised."""
    return 0.0, 0.0


@dataclass(frozen=True)
class Film:
    """How light becomes pixels. The truth of a frame is that of the middle of its exposure, of its middle row."""

    shutter_s: float = 0.0  # how long a pixel collects light: motion blur
    readout_s: float = 0.0  # how much later the last row is read than the first: rolling shutter
    exposure: Brightness = constant
    noise_levels: float = 2.0  # sensor noise, standard deviation in grey levels of 255: a phone indoors, a guess
    # Where a digital stabiliser has the middle of the window that it cuts out of a frame, from the lens's axis; see
    # `factory.synth.crop`. All rows of a frame have that of the frame's time.
    crop_px: Shift = unmoved


@dataclass(frozen=True)
class Take:
    """One shot. The lens is a function of time, so that it can zoom."""

    scene: Scene
    path: Path
    lens: Callable[[float], Lens]
    film: Film = field(default_factory=Film)


@dataclass(frozen=True)
class Labels:
    """What is true of a clip. flaw: the class of the filter's negatives it belongs to, None for suitable clips and for
    those whose camera or scene does not move."""

    camera: Literal["moving", "static", "rotating", "none"]
    object_moves: bool
    flaw: str | None = None

    @property
    def suitable(self) -> bool:
        """Whether a pose dataset wants the clip: one shot of a 3D world, the camera translates, something moves."""
        return self.camera == "moving" and self.object_moves and self.flaw is None


@dataclass(frozen=True)
class Clip:
    """A video to be made: takes one after the other, each `seconds` long. Without takes it is drawn slides.

    tags: free words for grouping results. left_from_right: 4x4 of a second eye; the video then shows the left eye,
    which goes along the takes' paths, and beside it the right one, each of `size`. labels_only: no truth is written but
    the labels. edit: what is done to the frames afterwards; only of clips with labels_only, as no truth survives it.
    """

    name: str
    takes: tuple[Take, ...]
    labels: Labels
    size: tuple[int, int] = (640, 360)
    fps: int = 24
    seconds: float = 3.0
    tags: dict[str, str | float] = field(default_factory=dict)
    left_from_right: np.ndarray | None = None
    labels_only: bool = False
    edit: Edit | None = None
