"""Naming: which objects of a clip move on their own, asked of a language model."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from factory.clip import ClipRecord
from factory.construct import Count
from factory.errors import ModelBudgetError, ModelError
from factory.frames import Frames
from factory.models.roles import Teller, Told
from factory.prior.asking import read, schema, words
from factory.prior.named import Named


@dataclass(frozen=True)
class Naming:
    """objects: those that are said to move; none where nobody was asked or the answer is of no use, which `note` says
    in a sentence. key_frames: int64 (K,), the sampled frames shown. said: the answer as it came. dropped: why parts of
    it were left out."""

    objects: tuple[Named, ...] = ()
    key_frames: np.ndarray | None = None
    said: Told | None = None
    dropped: tuple[str, ...] = ()
    note: str | None = None


@dataclass
class NameObjects:
    """Asks a language model for the moving objects in some key frames. A model that cannot answer is no failure of the
    clip: what moves is then found by motion alone, and the row says so. One that has spent its budget is, so that
    retry=failed does the clip again. Gives: naming, a Naming.
    """

    needs: ClassVar[tuple[str, ...]] = ("frames",)
    gives: ClassVar[tuple[str, ...]] = ("naming",)

    teller: Teller | None = None  # null: nobody is asked
    count: Count = 8  # key frames, spread over the clip; a guess between Dynapo's 8th and 16th frame of short clips
    every: Count | None = None  # frames from one key frame to the next, in place of `count`

    def __call__(self, record: ClipRecord) -> ClipRecord:
        if self.teller is None:
            return record.give(naming=Naming())
        frames: Frames = record["frames"]
        keys = self.key_frames(len(frames))
        try:
            told = self.teller.tell(frames.rgb[keys], words(len(keys)), schema())
        except ModelBudgetError:
            raise  # the clip is to be done again, by retry=failed
        except ModelError as error:
            return record.give(naming=Naming(key_frames=keys, note=str(error)))
        found = read(told.text, keys)
        note = None
        if not told.text:
            note = "the language model refuses to answer."
        elif found.objects is None:
            note = "what the language model answers cannot be understood."
        elif not found.objects:
            note = found.dropped[0] + "." if found.dropped else "the language model says that nothing moves on its own."
        return record.give(naming=Naming(found.objects or (), keys, told, found.dropped, note))

    def key_frames(self, frames: int) -> np.ndarray:
        """int64 (K,), ascending."""
        if self.every is not None:
            return np.arange(0, frames, self.every)
        return np.unique(np.linspace(0, frames - 1, min(self.count, frames)).round().astype(np.int64))
