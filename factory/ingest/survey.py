"""One decoding pass over a source: times, cuts between shots, black bars, small pictures, and how much is damaged."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.construct import Positive, Share
from factory.errors import VideoError
from factory.ingest import change, same_scene
from factory.ingest.bars import darkness_profile
from factory.ingest.shots import CutFinder
from factory.video import Damage, Shown, VideoInfo, probe, shown
from factory.video.clock import STAMPS, DisorderedError, Stamps

GAP_S, GAP_INTERVALS = 1.0, 8.0  # a frame that stands for longer than both: a gap; a guess, variable rates reach 0.5 s


@dataclass(frozen=True)
class Stretch:
    """Successive frames of one displayed size, from `first_frame` on.

    rows: uint8 (P, H) and columns: uint8 (P, W), brightness of almost the brightest pixel of each line of the frames
    `profile_frames` int64 (P,). They are of the decoded picture, which is smaller than `width` and `height` where that
    is large. looks: uint8 (L, h, w), the frames `look_frames` int64 (L,) in grey, as displayed, their longer side
    `change.SIDE_PX`.
    """

    first_frame: int
    width: int
    height: int
    profile_frames: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    look_frames: np.ndarray
    looks: np.ndarray


@dataclass(frozen=True)
class Survey:
    """What one pass over a source found. N frames.

    times_s, ends_s: float64 (N,), seconds from the first frame at which each frame is shown and the next one is due: a
    frame that stands over a gap ends after an ordinary interval. pts: time stamps of the frames, None where they do
    not find a frame again. cuts: frame numbers at which a new shot begins (0 not among them). stretches: see there.
    """

    info: VideoInfo
    stamps: Stamps
    times_s: np.ndarray
    ends_s: np.ndarray
    pts: np.ndarray | None
    cuts: tuple[int, ...]
    stretches: tuple[Stretch, ...]


@dataclass
class SurveySource:
    """Decodes the whole source once and looks for shots and bars.

    A change of the picture's size, a gap in its time stamps and a clock that begins anew are cuts too. Raises
    VideoError when the file is no video, holds fewer than two frames, lacks its end, or when too much of it cannot be
    decoded.
    """

    needs: ClassVar[tuple[str, ...]] = ("path",)
    gives: ClassVar[tuple[str, ...]] = ("survey",)
    version: ClassVar[int] = 4

    max_damage: Share = 0.01  # share of frames lost or corrupt; a guess: one bad frame in four seconds is a bad file
    min_covered: Share = 0.9  # share of the declared length that must be there; a guess, headers round
    profile_every_s: Positive = 0.5
    look_every_s: Positive = 0.25  # for `sign`: of 170 real clips cut elsewhere 0.6 % are missed, with 0.5 5 %
    cut_change: Positive = 0.6  # 1: an unrelated picture; joins of real clips change by 0.8 and more, at any contrast
    cut_adaptive: Positive = 3.0  # PySceneDetect's default: change as a multiple of the neighbours' mean
    cut_fade: float = 12.0  # PySceneDetect's default: mean brightness (of 255) that is black

    def __call__(self, record: ClipRecord) -> ClipRecord:
        path: Path = record["path"]
        info = probe(path)
        for stamps in STAMPS:
            damage = Damage()
            try:
                seen = self._watch(path, stamps, info, damage)
            except DisorderedError:
                continue
            break
        self._check(len(seen.times_s), damage)
        times_s = np.array(seen.times_s)
        steps = np.diff(times_s)
        usual_s = float(np.median(steps))
        ends_s = np.append(times_s[1:], times_s[-1] + usual_s)
        gaps = np.flatnonzero(steps > max(GAP_S, GAP_INTERVALS * usual_s))
        ends_s[gaps] = times_s[gaps] + usual_s
        cuts = {*seen.cuts, *seen.restarts, *(int(n) + 1 for n in gaps), *(s.first_frame for s in seen.stretches)}
        pts = np.array(seen.pts) if stamps == "pts" and not seen.restarts else None
        survey = Survey(info, stamps, times_s, ends_s, pts, tuple(sorted(cuts - {0})), tuple(seen.stretches))
        return record.give(survey=survey)

    def _watch(self, path: Path, stamps: Stamps, info: VideoInfo, damage: Damage) -> "_Seen":
        seen = _Seen()
        for first, frames in _by_size(shown(path, stamps, damage, rough=True)):
            finder = CutFinder(self.cut_change, self.cut_adaptive, self.cut_fade, info.fps)
            profiles: list[tuple[int, np.ndarray, np.ndarray]] = []
            looks: list[tuple[int, np.ndarray]] = []
            due_s = look_due_s = first.time_s
            for found in frames:
                if found.time_s >= due_s:
                    profiles.append((found.index, *darkness_profile(found.image())))
                    due_s = found.time_s + self.profile_every_s
                small = found.image(max_side_px=change.SIDE_PX)
                if found.time_s >= look_due_s:
                    looks.append((found.index, cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)))
                    look_due_s = found.time_s + self.look_every_s
                finder.add(small, found.luma(same_scene.SIDE_PX))
                seen.add(found, damage.restarts)
            stacked = [np.stack(each) for kept in (profiles, looks) for each in zip(*kept, strict=True)]
            seen.stretches.append(Stretch(first.index, *first.size, *stacked))
            seen.cuts += [first.index + cut for cut in finder.finish()]
        return seen

    def _check(self, count: int, damage: Damage) -> None:
        if count < 2:
            frames = "1 frame" if count == 1 else "no frame that can be decoded"
            raise VideoError(f"the source has {frames}: a picture or a damaged file, not a video.")
        if damage.missing > 1 - self.min_covered:
            raise VideoError(
                f"the file is truncated: it ends {damage.missing:.0%} before the end that its header declares; "
                "copy or download it again if the original is longer."
            )
        if damage.disordered_frames > self.max_damage * count:
            raise VideoError(
                f"the time stamps of {damage.disordered_frames} of {count + damage.disordered_frames} frames are not "
                "in order: convert the file."
            )
        lost = max(damage.bad_packets, damage.corrupt_frames)
        if lost > self.max_damage * count:
            raise VideoError(f"{lost} of about {count} frames cannot be decoded: the file is damaged.")


@dataclass
class _Seen:
    """What the pass has met so far. restarts: frames at which the source's clock begins anew."""

    times_s: list[float] = field(default_factory=list)
    pts: list[int | None] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    restarts: list[int] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)

    def add(self, found: Shown, restarts: int) -> None:
        if restarts > len(self.restarts):
            self.restarts.append(found.index)
        self.times_s.append(found.time_s)
        self.pts.append(found.pts)


def _by_size(frames: Iterator[Shown]) -> Iterator[tuple[Shown, Iterator[Shown]]]:
    """Runs of frames of one displayed size, each with its first frame; a run is to be read before the next one."""
    for _, same in groupby(frames, key=lambda found: found.size):
        first = next(same)
        yield first, chain([first], same)  # noqa: B031  (goes on where `next` has stopped)
