"""Cuts between shots: an abrupt change of the picture proposes, geometry has the last word.

A picture also changes abruptly in a fast pan, at a flash and between far-apart frames of one scene. So a proposed cut
stands only when the pictures on both sides do not show one scene.
"""

from collections import deque

import numpy as np

from factory.ingest.change import Thumbnail, change, is_mixture, thumbnail
from factory.ingest.same_scene import Picture, same_scene

NEIGHBOURS = 2  # frames on either side whose change tells how lively the shot is: as PySceneDetect's adaptive detector
LIVELIER = 1.25  # a large change must still exceed its neighbours': noise changes all frames alike; a guess
REACH = (0, 2, 4)  # frames compared, counted from the cut: compression smears the first, a flash lasts up to three
SPARSE_INTERVAL_S = 0.15  # frames further apart are rather a series of photos: neighbours need not overlap,
SPARSE_REACH = (0, 2)
SPARSE_MEMORY = 24  # so that a picture may belong to the shot by any of this many before it


class CutFinder:
    """Finds the cuts of one source, fed frame by frame: `add` each one, then `finish`.

    `content`: change (0: none, 1: an unrelated picture) that makes a cut. `adaptive`: change as a multiple of the
    neighbours' mean, from half of `content` on. `fade`: mean brightness (of 255) that is black. `fps`: the source's
    frame rate.
    """

    def __init__(self, content: float, adaptive: float, fade: float, fps: float) -> None:
        self._content, self._adaptive = content, adaptive
        self._sparse = fps * SPARSE_INTERVAL_S < 1
        self._before = range(1, SPARSE_MEMORY + 1) if self._sparse else [1 + reach for reach in REACH]
        self._after = SPARSE_REACH if self._sparse else REACH
        self._recent: deque[tuple[int, Picture, Thumbnail]] = deque(maxlen=max(self._before) + REACH[-1] + 1)
        self._fades, self._black = Fades(fade), fade
        self._empty = 0  # frames without a picture up to now
        self._gaps: dict[int, int] = {}  # first frame after a short stretch of them -> its first frame
        self._changes: list[float] = []  # of each frame from the one before
        self._cuts: set[int] = set()

    def add(self, image: np.ndarray, grey: np.ndarray) -> None:
        """The next frame: uint8 (h, w, 3) RGB, of which a thumbnail is made, and uint8 (H, W), to be matched."""
        small = thumbnail(image)
        self._changes.append(change(self._recent[-1][2], small) if self._recent else 0.0)
        self._fades.add(small)
        self._note_gap(small)
        self._recent.append((len(self._changes) - 1, Picture(grey), small))
        self._judge(len(self._changes) - 1 - REACH[-1])

    def finish(self) -> tuple[int, ...]:
        """Numbers of the frames at which a new shot begins; 0 is not among them."""
        count = len(self._changes)
        for number in range(max(0, count - REACH[-1]), count):
            self._judge(number)
        return tuple(sorted(cut for cut in self._cuts | self._fades.finish() if 0 < cut < count))

    def _note_gap(self, small: Thumbnail) -> None:
        """Shots may also meet, without any abrupt change, in a few frames of black, white or any one colour."""
        number = len(self._changes) - 1
        if small.blank or small.brightness < self._black:
            self._empty += 1
            return
        if 0 < self._empty <= REACH[-1]:
            self._gaps[number] = number - self._empty
        self._empty = 0

    def _judge(self, number: int) -> None:
        """Decides whether a shot begins at the frame, while the pictures around it are still at hand."""
        if number < 1 or self._is_mixed(number):
            return
        last = self._gaps.pop(number, number) - 1
        if self._is_mixed(number - 1):
            last = number - 2  # what lies between shows both scenes
        elif last == number - 1 and not self._is_abrupt(number):
            return
        pictures = {other: picture for other, picture, _ in self._recent}
        pairs = [(last, number + ahead) for ahead in self._after]
        pairs += [(number - back, number) for back in self._before[1:]]
        near = [(pictures[a], pictures[b]) for a, b in pairs if a in pictures and b in pictures]
        if not any(same_scene(a, b, far_apart=self._sparse) for a, b in near):
            self._cuts.add(number)

    def _is_mixed(self, number: int) -> bool:
        """Whether the frame is a mixture of the two around it, which differ more than frames beside them."""
        if self._sparse or self._changes[number] < self._content / 10:
            return False
        before, middle, after = (self._small(other) for other in (number - 1, number, number + 1))
        if before is None or middle is None or after is None:
            return False
        least = max(self._content, self._adaptive * self._usual(number, number + 1))
        return change(before, after) >= least and is_mixture(before, middle, after)

    def _small(self, number: int) -> Thumbnail | None:
        place = number - self._recent[0][0]
        return self._recent[place][2] if 0 <= place < len(self._recent) else None

    def _is_abrupt(self, number: int) -> bool:
        here, usual = self._changes[number], self._usual(number, number)
        if here >= self._content and (self._sparse or here >= LIVELIER * usual):
            return True
        return here >= self._content / 2 and here >= self._adaptive * usual

    def _usual(self, first: int, last: int) -> float:
        """The mean change of the frames beside those from `first` to `last`."""
        around = self._changes[max(1, first - NEIGHBOURS) : first] + self._changes[last + 1 : last + 1 + NEIGHBOURS]
        return sum(around) / len(around) if around else 0.0


class Fades:
    """Finds where a picture sinks into black: the cut lies in the middle of the black, or where the last black begins.

    Black that shows a picture is a dark scene, and black of a few frames is judged by what lies before and after.
    """

    def __init__(self, black: float) -> None:
        self._black = black
        self._begin: int | None = None  # of the dark frames under way
        self._blank = False
        self._count = 0
        self._cuts: set[int] = set()

    def add(self, small: Thumbnail) -> None:
        if small.brightness < self._black:
            self._begin = self._count if self._begin is None else self._begin
            self._blank |= small.blank
        else:
            self._close(final=False)
        self._count += 1

    def finish(self) -> set[int]:
        self._close(final=True)
        return self._cuts

    def _close(self, *, final: bool) -> None:
        if self._begin is not None and self._blank and self._count - self._begin > REACH[-1]:
            self._cuts.add(self._begin if final else self._begin + (self._count - self._begin) // 2)
        self._begin, self._blank = None, False
