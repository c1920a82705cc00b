"""Cuts the shots of a surveyed source into clips."""

from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import ClassVar

import numpy as np

from factory.clip import Clip, ClipRecord, stable_id
from factory.construct import Count, NotNegative, Positive
from factory.ingest.bars import picture_inside_bars
from factory.ingest.survey import Stretch, Survey


@dataclass(frozen=True)
class Span:
    """A clip, its shot, width and height of the whole frame as displayed, and why it cannot be used, if so."""

    clip: Clip
    shot: int
    full_size: tuple[int, int]
    reasons: tuple[str, ...]


@dataclass
class CutClips:
    """Gives `spans`: every second of the source in exactly one span, too short ones and gaps with the reason.

    A shot longer than `max_s`, or of more than `most_frames`, is cut into equal pieces. The bounds are those of the
    task's own clips: DynPose-100K's bulk lies between 4 and 10 s. A shot of fewer than `min_fps` frames a second, or of
    one frame, is too sparse.
    """

    needs: ClassVar[tuple[str, ...]] = ("survey", "content_hash")
    gives: ClassVar[tuple[str, ...]] = ("spans",)
    version: ClassVar[int] = 2

    min_s: Positive = 2.0
    max_s: Positive = 12.0
    min_fps: NotNegative = 0.5  # frames further apart than 2 s are photos; the sparsest clip with true poses has 1 fps
    most_frames: Count | None = None  # of a clip
    # Of a source at least twenty times as long, what lies so near its beginning or end is no clip: titles.
    trim_s: NotNegative = 0.0
    crop_bars: bool = True  # false: of VR180, where black lies round the pictures of both eyes

    def __post_init__(self) -> None:
        if self.max_s <= self.min_s:
            raise ValueError(f"max_s={self.max_s:g} must be above min_s={self.min_s:g}")

    def __call__(self, record: ClipRecord) -> ClipRecord:
        survey: Survey = record["survey"]
        times_s, ends_s = survey.times_s, survey.ends_s
        spans: list[Span] = []
        inner = self._untrimmed(survey)
        for shot, (first, last) in enumerate(pairwise([0, *survey.cuts, len(times_s)])):
            for part in pairwise([first, *(at for at in inner if first < at < last), last]):
                for begin, end in pairwise(self._edges(survey, *part)):
                    if end > begin:
                        outside = begin < inner[0] or end > inner[1]
                        spans.append(self._span(record, survey, shot, begin, end, outside))
            if last < len(times_s) and (gap_s := float(times_s[last] - ends_s[last - 1])) > 1e-6:
                reason = f"gap: no frame for {gap_s:.1f} s, the picture rests there or the recording was interrupted"
                spans.append(_gap(record, survey, shot, last, reason))
        return record.give(spans=spans)

    def _edges(self, survey: Survey, first: int, last: int) -> list[int]:
        """Frames at which the pieces of a shot begin, and its end: as few equal pieces as are within `max_s`."""
        times_s, ends_s = survey.times_s, survey.ends_s
        pieces = max(1, ceil((ends_s[last - 1] - times_s[first]) / self.max_s - 1e-6))
        while True:
            edges_s = np.linspace(times_s[first], ends_s[last - 1], pieces + 1)[1:-1]
            frames = [first, *np.searchsorted(times_s, edges_s - 1e-9).tolist(), last]
            spans = [(begin, end) for begin, end in pairwise(frames) if end > begin]
            longest_s = max(ends_s[end - 1] - times_s[begin] for begin, end in spans)
            fits = self.most_frames is None or max(end - begin for begin, end in spans) <= self.most_frames
            if (longest_s <= self.max_s + 1e-6 and fits) or pieces >= last - first:
                return frames
            pieces += 1

    def _untrimmed(self, survey: Survey) -> tuple[int, int]:
        """Frames at which the part begins and ends that is not trimmed away."""
        times_s, ends_s = survey.times_s, survey.ends_s
        if not len(times_s) or ends_s[-1] - times_s[0] < 20 * self.trim_s:
            return 0, len(times_s)
        edges_s = (times_s[0] + self.trim_s - 1e-9, ends_s[-1] - self.trim_s + 1e-9)
        return int(np.searchsorted(times_s, edges_s[0])), int(np.searchsorted(ends_s, edges_s[1], "right"))

    def _span(self, record: ClipRecord, survey: Survey, shot: int, begin: int, end: int, trimmed: bool) -> Span:
        start_s, end_s = float(survey.times_s[begin]), float(survey.ends_s[end - 1])
        stretch = _stretch_of(survey, begin)
        crop = _crop(stretch, begin, end) if self.crop_bars else None
        clip = Clip(
            clip_id=stable_id(record["content_hash"], start_s, end_s),
            source=record.clip.source,
            start_s=start_s,
            end_s=end_s,
            width=crop[2] if crop else stretch.width,
            height=crop[3] if crop else stretch.height,
            fps=(end - begin) / (end_s - start_s),
            first_frame=begin,
            frame_count=end - begin,
            crop=crop,
            first_pts=None if survey.pts is None else int(survey.pts[begin]),
            stamps=survey.stamps,
        )
        return Span(clip, shot, (stretch.width, stretch.height), self._objections(clip, trimmed))

    def _objections(self, clip: Clip, trimmed: bool) -> tuple[str, ...]:
        if trimmed:
            return (f"trimmed: within {self.trim_s:g} s of the beginning or end of the source, where titles stand",)
        if clip.duration_s < self.min_s - 1e-6:
            return (f"too_short: the shot lasts {clip.duration_s:.2f} s, under {self.min_s:g} s",)
        if clip.frame_count < 2 or clip.fps < self.min_fps:
            return (f"too_sparse: {clip.fps:.2g} frames a second, under {self.min_fps:g}, or a single one",)
        return ()


def _gap(record: ClipRecord, survey: Survey, shot: int, after: int, reason: str) -> Span:
    """The time before frame `after` in which there is none."""
    start_s, end_s = float(survey.ends_s[after - 1]), float(survey.times_s[after])
    stretch, clip_id = _stretch_of(survey, after - 1), stable_id(record["content_hash"], start_s, end_s)
    size = (stretch.width, stretch.height)
    clip = Clip(clip_id, record.clip.source, start_s, end_s, *size, fps=0.0, first_frame=after, frame_count=0)
    return Span(clip, shot, size, (reason,))


def _stretch_of(survey: Survey, frame: int) -> Stretch:
    return [stretch for stretch in survey.stretches if stretch.first_frame <= frame][-1]


def _crop(stretch: Stretch, begin: int, end: int) -> tuple[int, int, int, int] | None:
    """The picture inside black bars, in displayed pixels; None where there are none."""
    inside = (stretch.profile_frames >= begin) & (stretch.profile_frames < end)
    found = picture_inside_bars(stretch.rows[inside], stretch.columns[inside]) if inside.any() else None
    if found is None:
        return None
    scale = stretch.width / stretch.columns.shape[1], stretch.height / stretch.rows.shape[1]
    x, y, width, height = (round(n * scale[i % 2]) for i, n in enumerate(found))
    return x, y, min(width, stretch.width - x), min(height, stretch.height - y)
