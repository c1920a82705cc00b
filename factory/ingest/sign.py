"""What each clip shows, in few bytes, by which copies of it are found in other sources."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from factory.clip import Clip, ClipRecord
from factory.construct import Count, NotNegative, Share
from factory.ingest.bars import picture_inside_bars
from factory.ingest.survey import Survey
from factory.near_duplicates.signature import WHOLE, seen, signature


@dataclass
class SignClips:
    """Gives `signatures`: of each usable clip, by its id, those of pictures that differ, in time order.

    Of the pictures that the survey has kept, inside black bars. Black ones, flat ones and faint ones tell nothing and
    have none.
    """

    needs: ClassVar[tuple[str, ...]] = ("survey", "spans")
    gives: ClassVar[tuple[str, ...]] = ("signatures",)
    version: ClassVar[int] = 1

    most: Count = 12  # of a clip, 48 bytes each: of 170 real clips cut elsewhere 0.6 % are missed, with 8 4 %
    least_contrast: NotNegative = 8.0  # of 255, standard deviation: a fade to black has less, a dull real picture 11
    alike: Share = 0.9  # correlation with the one before from which on a picture adds nothing

    def __call__(self, record: ClipRecord) -> ClipRecord:
        survey: Survey = record["survey"]
        usable = [span.clip for span in record["spans"] if not span.reasons]
        return record.give(signatures={clip.clip_id: self._of(clip, survey) for clip in usable})

    def _of(self, clip: Clip, survey: Survey) -> list[bytes]:
        kept: list[bytes] = []
        for picture in _pictures(clip, survey):
            if picture.std() < self.least_contrast:
                continue
            found = signature(picture)
            if not kept or _correlation(kept[-1], found) < self.alike:
                kept.append(found)
        chosen = np.linspace(0, len(kept) - 1, min(self.most, len(kept))).round().astype(int)
        return [kept[i] for i in chosen]


def _pictures(clip: Clip, survey: Survey) -> np.ndarray:
    """The kept pictures of the clip, without its bars, which show in small pictures where compression has blurred their
    edges, too: uint8 (L, h, w)."""
    stretch = [stretch for stretch in survey.stretches if stretch.first_frame <= clip.first_frame][-1]
    inside = (stretch.look_frames >= clip.first_frame) & (stretch.look_frames < clip.first_frame + clip.frame_count)
    looks = stretch.looks[inside]
    if clip.crop is not None:
        scale = looks.shape[2] / stretch.width, looks.shape[1] / stretch.height
        looks = _part(looks, *(round(n * scale[i % 2]) for i, n in enumerate(clip.crop)))
    bare = picture_inside_bars(looks.max(axis=2), looks.max(axis=1)) if len(looks) else None
    return looks if bare is None else _part(looks, *bare)


def _part(looks: np.ndarray, x: int, y: int, width: int, height: int) -> np.ndarray:
    return looks[:, y : y + max(height, 1), x : x + max(width, 1)]


def _correlation(a: bytes, b: bytes) -> float:
    first, second = seen(np.frombuffer(a + b, np.uint8).reshape(2, -1), WHOLE)
    return float(first @ second)
