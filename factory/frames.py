"""A clip's pictures, of one decoding: grey ones to track in, smaller ones in colour to see what is in them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Passing:
    """A frame while it comes by. index: its number in the source. time_s: in the source. grey: uint8 (H, W). sampled:
    it stays, with its colour, uint8 (h, w, 3) RGB, where a stage has asked for it; others come by once."""

    index: int
    time_s: float
    grey: np.ndarray
    sampled: bool = True
    colour: np.ndarray | None = None


class Frames:
    """The sampled frames of a clip, decoded once, however many stages look at them.

    Nothing is decoded before it is asked for. The first to ask may see the frames between the sampled ones as well, by
    `passing`: they are never kept, so that F sampled frames take F (H W + 3 h w) bytes whatever the source's rate is.
    What goes wrong while decoding (VideoError) is raised to whoever asks, each time.
    """

    def __init__(self, decoding: Iterable[Passing]) -> None:
        self._decoding = iter(decoding)
        self._kept: list[Passing] = []
        self._error: Exception | None = None

    def passing(self) -> Iterator[Passing]:
        """All frames in time order while they are decoded; the sampled ones alone once they were."""
        yield from tuple(self._kept)
        while True:
            try:
                frame = next(self._decoding)
            except StopIteration:
                break
            except Exception as error:
                self._error = error
                break
            if frame.sampled:
                self._kept.append(frame)
            yield frame
        if self._error is not None:
            raise self._error

    @property
    def grey(self) -> list[np.ndarray]:
        """Sampled frames, uint8 (H, W), all of one size."""
        return [frame.grey for frame in self._all()]

    @property
    def colour(self) -> np.ndarray:
        """Sampled frames, uint8 (F, h, w, 3) RGB. Raises ValueError where they were decoded without their colours."""
        colours = [frame.colour for frame in self._all() if frame.colour is not None]
        if len(colours) != len(self._kept) or not colours:
            raise ValueError("these frames were decoded without their colours")
        return np.stack(colours)

    @property
    def rgb(self) -> np.ndarray:
        """Sampled frames for networks, uint8 (F, h, w, 3): in colour where they were decoded with it, else grey."""
        if any(frame.colour is None for frame in self._all()):
            return np.stack([np.repeat(grey[..., None], 3, axis=2) for grey in self.grey])
        return self.colour

    @property
    def times_s(self) -> np.ndarray:
        """Of the sampled frames, in the source: float64 (F,)."""
        return np.array([frame.time_s for frame in self._all()], np.float64)

    @property
    def frame_index(self) -> np.ndarray:
        """Numbers of the sampled frames in the source: int64 (F,)."""
        return np.array([frame.index for frame in self._all()], np.int64)

    def __len__(self) -> int:
        """F, the number of sampled frames."""
        return len(self._all())

    def _all(self) -> list[Passing]:
        for _ in self.passing():
            pass
        return self._kept
