"""Frames of pictures at hand, as if they had just been decoded."""

from collections.abc import Iterable, Sequence

import numpy as np

from factory.clip import sampling
from factory.frames import Frames, Passing
from factory.video import Frame


def decoding(frames: Iterable[Frame], native_fps: float, fps: float = 12.0) -> Frames:
    """All of them come by, and those on the grid of `fps` stay, as in the pose phase."""
    grid = sampling(frames, fps, native_fps, most_fps=31.0)
    return Frames(Passing(frame.index, frame.time_s, frame.image, on_grid) for frame, on_grid in grid)


def at_rate(greys: Sequence[np.ndarray], fps: float = 12.0) -> Frames:
    """Sampled frames alone, evenly spaced."""
    return Frames([Passing(number, number / fps, grey) for number, grey in enumerate(greys)])
