"""Cuts the shots of a surveyed source into clips."""

from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import ClassVar

import numpy as np

from factory.clip import Clip, ClipRecord, stable_id
from factory.construct import Positive
from factory.ingest.bars import picture_inside_bars
from factory.ingest.survey import Survey


@dataclass(frozen=True)
class Span:
    """A clip, its shot, and why it cannot be used, if so."""

    clip: Clip
    shot: int
    reasons: tuple[str, ...]


@dataclass
class CutClips:
    """Gives `spans`: every second of the source in exactly one span, too short ones with the reason.

    A shot longer than `max_s` is cut into equal pieces. The bounds are those of the task's own clips: DynPose-100K's
    bulk lies between 4 and 10 s.
    """

    needs: ClassVar[tuple[str, ...]] = ("survey", "content_hash")
    gives: ClassVar[tuple[str, ...]] = ("spans",)

    min_s: Positive = 2.0
    max_s: Positive = 12.0

    def __post_init__(self) -> None:
        if self.max_s <= self.min_s:
            raise ValueError(f"max_s={self.max_s:g} must be above min_s={self.min_s:g}")

    def __call__(self, record: ClipRecord) -> ClipRecord:
        survey: Survey = record["survey"]
        times_s = survey.times_s
        interval_s = float(np.median(np.diff(times_s)))
        ends_s = np.append(times_s[1:], times_s[-1] + interval_s)
        bounds = [0, *survey.cuts, len(times_s)]
        spans: list[Span] = []
        for shot, (first, last) in enumerate(pairwise(bounds)):
            pieces = max(1, ceil((ends_s[last - 1] - times_s[first]) / self.max_s - 1e-6))
            edges_s = np.linspace(times_s[first], ends_s[last - 1], pieces + 1)[1:-1]
            frames = [first, *np.searchsorted(times_s, edges_s).tolist(), last]
            for begin, end in pairwise(frames):
                if end > begin:
                    spans.append(self._span(record, survey, shot, begin, end, float(ends_s[end - 1])))
        return record.give(spans=spans)

    def _span(self, record: ClipRecord, survey: Survey, shot: int, begin: int, end: int, end_s: float) -> Span:
        start_s, info = float(survey.times_s[begin]), survey.info
        inside = (survey.profile_frames >= begin) & (survey.profile_frames < end)
        crop = picture_inside_bars(survey.rows[inside], survey.columns[inside]) if inside.any() else None
        clip = Clip(
            clip_id=stable_id(record["content_hash"], start_s, end_s),
            source=record.clip.source,
            start_s=start_s,
            end_s=end_s,
            width=crop[2] if crop else info.width,
            height=crop[3] if crop else info.height,
            fps=(end - begin) / (end_s - start_s),
            first_frame=begin,
            frame_count=end - begin,
            crop=crop,
        )
        short = clip.duration_s < self.min_s - 1e-6
        reason = f"too_short: the shot lasts {clip.duration_s:.2f} s, under {self.min_s:g} s"
        return Span(clip, shot, (reason,) if short else ())
