"""Networks without weights, whose answers are known, and which misbehave where the first pixel of a frame says so.
Importable by workers."""

import ctypes
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.models.network import Network, Pool, Unit
from factory.models.roles import Flow, Followed

# What a frame's first pixel asks of the network.
WELL, RAISES, DIES, HANGS, MISSHAPEN, FULL, SEGFAULTS = range(7)


@dataclass
class FakeFlow(Network):
    """Says that everything moved by the difference of the frames' numbers. second_s: of work for one pair; at_once:
    pairs for which there is memory."""

    method: ClassVar[str] = "pairs"
    packages: ClassVar[tuple[str, ...]] = ()

    device: str = field(default="cpu", compare=False, kw_only=True)
    pair_s: float = 0.0
    at_once: int = 1000
    fails_to: str = ""  # load: "raises" or "dies"
    journal: str = ""  # a file that takes when it was busy, a line a batch

    def load(self) -> None:
        if self.fails_to == "raises":
            raise RuntimeError("CUDA error: no kernel image\nmore")
        if self.fails_to == "dies":
            os._exit(1)

    def pairs(self, frames: np.ndarray, pairs: np.ndarray, warps: np.ndarray | None = None) -> np.ndarray:
        return np.asarray(self.answer(frames, pairs, warps))

    def units(self, frames: np.ndarray, pairs: np.ndarray, warps: np.ndarray | None = None) -> list[Unit]:
        del warps
        return [(frames[i], np.array(j - i)) for i, j in pairs]

    def forward(self, units: Sequence[Unit]) -> Sequence[Any]:
        wishes = {int(frame[0, 0, 0]) for frame, _ in units}
        if len(units) > self.at_once or FULL in wishes:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20 GiB")
        if RAISES in wishes:
            raise ValueError("not to my liking\nmore")
        if DIES in wishes:
            os._exit(1)
        if SEGFAULTS in wishes:
            ctypes.string_at(0)
        if HANGS in wishes:
            time.sleep(600)
        begin = time.time()
        time.sleep(self.pair_s * len(units))
        if self.journal:
            with Path(self.journal).open("a") as journal:
                journal.write(f"{os.getpid()} {begin} {time.time()}\n")
        width = {MISSHAPEN: 3}
        return [
            np.full((*frame.shape[:2], width.get(int(frame[0, 0, 0]), 2)), step, np.float16) for frame, step in units
        ]

    def joined(self, answers: Sequence[Any], frames: np.ndarray, *_: Any) -> np.ndarray:
        return np.stack(answers) if answers else np.zeros((0, *frames.shape[1:3], 2), np.float16)


@dataclass
class AskFlow:
    """Asks the flow about a clip's frames as the source's name says, in two calls, and gives their sum as its length.

    cpu_s: of sleep before, which stands for decoding and tracking.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ("length",)

    flow: Flow = field(default_factory=FakeFlow)
    cpu_s: float = 0.0
    frames: int = 5
    side_px: int = 400  # a clip's frames are more than a megabyte, which is sent once

    def __call__(self, record: ClipRecord) -> ClipRecord:
        time.sleep(self.cpu_s)
        name = record.clip.source
        words = ("raises", "dies", "hangs", "misshapen", "full", "segfaults")
        wish = next((number + 1 for number, word in enumerate(words) if word in name), WELL)
        frames = np.full((self.frames, self.side_px, self.side_px, 3), wish, np.uint8)
        first = self.flow.pairs(frames, np.array([[0, 1], [0, 2]]))
        second = self.flow.pairs(frames, np.array([[0, self.frames - 1]]))
        return record.give(length=int(first[:, 0, 0, 0].sum() + second[0, 0, 0, 0]))


QUICK = Pool(timeout_s=3.0)


@dataclass
class SteadyFollower(Network):
    """Follows points by Lucas-Kanade from frame to frame, both ways; the role `Follower` without weights."""

    method: ClassVar[str] = "follow"
    packages: ClassVar[tuple[str, ...]] = ()

    device: str = field(default="cpu", compare=False, kw_only=True)

    def load(self) -> None:
        pass

    def follow(self, frames: np.ndarray, queries: np.ndarray) -> Followed:
        found: Followed = self.answer(frames, queries)
        return found

    def units(self, frames: np.ndarray, queries: np.ndarray) -> list[Unit]:
        return [(frames, queries)]

    def forward(self, units: Sequence[Unit]) -> list[np.ndarray]:
        return [self._followed([cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in frames], q) for frames, q in units]

    def joined(self, answers: Sequence[np.ndarray], frames: np.ndarray, queries: np.ndarray) -> Followed:
        del frames, queries
        return Followed(answers[0][..., :2].copy(), answers[0][..., 2] > 0)

    def _followed(self, greys: list[np.ndarray], queries: np.ndarray) -> np.ndarray:
        found = np.zeros((len(queries), len(greys), 3), np.float32)
        for start in np.unique(queries[:, 0].astype(int)):
            rows = np.flatnonzero(queries[:, 0] == start)
            found[rows, start] = np.c_[queries[rows, 1:], np.ones(len(rows))]
            for order in (range(start + 1, len(greys)), range(start - 1, -1, -1)):
                before, xy, alive = start, queries[rows, 1:].astype(np.float32), np.ones(len(rows), bool)
                for number in order:
                    there, _, _ = cv2.calcOpticalFlowPyrLK(greys[before], greys[number], xy[:, None], None)
                    back, _, _ = cv2.calcOpticalFlowPyrLK(greys[number], greys[before], there, None)
                    alive &= np.linalg.norm(back[:, 0] - xy, axis=1) < 0.5
                    xy, before = there[:, 0], number
                    found[rows, number] = np.c_[np.nan_to_num(xy), alive]
        return found
