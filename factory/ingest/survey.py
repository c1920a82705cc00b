"""One decoding pass over a source: frame times, cuts between shots, black bars, and how much of it is damaged."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from factory.clip import ClipRecord
from factory.errors import VideoError
from factory.ingest.bars import darkness_profile
from factory.ingest.shots import CutFinder
from factory.video import Damage, VideoInfo, decode, probe


@dataclass(frozen=True)
class Survey:
    """What one pass over a source found. N frames, P profiles.

    times_s: float64 (N,), seconds from the first frame. cuts: frame numbers at which a new shot begins (0 not
    among them). rows: uint8 (P, H) and columns: uint8 (P, W), brightness of almost the brightest pixel of each line
    of the frames `profile_frames` int64 (P,).
    """

    info: VideoInfo
    times_s: np.ndarray
    cuts: tuple[int, ...]
    profile_frames: np.ndarray
    rows: np.ndarray
    columns: np.ndarray


@dataclass
class SurveySource:
    """Decodes the whole source once and looks for shots and bars.

    Raises VideoError when the file is no video, holds fewer than two frames, ends long before its header says, or
    when too much of it cannot be decoded: a truncated or damaged file is fetched again, not mined.
    """

    needs: ClassVar[tuple[str, ...]] = ("path",)
    gives: ClassVar[tuple[str, ...]] = ("survey",)

    max_damage: float = 0.01  # share of frames lost or corrupt; a guess: one bad frame in four seconds is a bad file
    min_covered: float = 0.9  # share of the declared duration that must decode; a guess, headers round
    profile_every_s: float = 0.5
    cut_change: float = 0.6  # 1: an unrelated picture; joins of real clips change by 0.8 and more, at any contrast
    cut_adaptive: float = 3.0  # PySceneDetect's default: change as a multiple of the neighbours' mean
    cut_fade: float = 12.0  # PySceneDetect's default: mean brightness (of 255) that is black

    def __call__(self, record: ClipRecord) -> ClipRecord:
        path: Path = record["path"]
        info, damage = probe(path), Damage()
        finder = CutFinder(self.cut_change, self.cut_adaptive, self.cut_fade, info.fps)
        times: list[float] = []
        profiles: list[tuple[int, np.ndarray, np.ndarray]] = []
        next_profile_s = 0.0
        for frame in decode(path, damage=damage):
            if times and frame.time_s <= times[-1]:
                damage.corrupt_frames += 1  # time runs backwards: an edit list or a broken index
                continue
            if frame.time_s >= next_profile_s:
                profiles.append((len(times), *darkness_profile(frame.image)))
                next_profile_s = frame.time_s + self.profile_every_s
            finder.add(frame.image)
            times.append(frame.time_s)
        self._check(info, np.array(times), damage)
        numbers, rows, columns = zip(*profiles, strict=True)
        survey = Survey(info, np.array(times), finder.finish(), np.array(numbers), np.stack(rows), np.stack(columns))
        return record.give(survey=survey)

    def _check(self, info: VideoInfo, times_s: np.ndarray, damage: Damage) -> None:
        count = len(times_s)
        if count < 2:
            raise VideoError(f"the source has {count} frame: a picture, not a video; leave it out.")
        end_s = times_s[-1] + float(np.median(np.diff(times_s)))
        if end_s < self.min_covered * info.duration_s:
            raise VideoError(
                f"the stream ends at {end_s:.1f} s of {info.duration_s:.1f} s: the file is truncated, fetch it again."
            )
        lost = max(damage.bad_packets, damage.corrupt_frames)
        if lost > self.max_damage * count:
            raise VideoError(f"{lost} of {count + lost} frames cannot be decoded: the file is damaged, fetch it again.")
