"""Poses and intrinsics against matches of static points: the protocol of DynPose-100K's Panda-Test table.

Over videos the share whose mean Sampson distance is under 5, 10 and 30 px, and the mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from factory.errors import ConfigError
from factory.evaluate.cameras import PosedCamera, read_cameras
from factory.evaluate.floors import Floor, clip_floor
from factory.evaluate.report import Report, Table, bars
from factory.evaluate.sampson import VideoError, identity_error, read_matches, video_error

BOUNDS_PX = (5, 10, 30)
PER_CLIP = ("clip", "matches", "unposed", "", "mean px", "median", "floor", "turn", "still", "t deg", "pinned")


def evaluate_reprojection(
    methods: Mapping[str, Path], correspondences: Path, per_clip: bool = False, everything: bool = False
) -> Report:
    """A row a method, and one for identity poses; with `everything` the poses that a run refused count too. Raises
    StorageError, ConfigError."""
    videos = read_matches(correspondences)
    scores = {"identity": [identity_error(m, True) for m in videos]}
    floors: dict[str, list[Floor]] = {}
    for name, place in methods.items():
        cameras = read_cameras(place, everything)
        own = [_of(m.clip, cameras) for m in videos]
        scores[name] = [video_error(m, c) for m, c in zip(videos, own, strict=True)]
        if per_clip:
            floors[name] = [clip_floor(m, c) for m, c in zip(videos, own, strict=True)]
    common = [all(scores[name][i].solved for name in methods) for i in range(len(videos))]
    names = ["method", "% reg", *_headings(""), *_headings(f" ({sum(common)})")]
    rows, every = [], [True] * len(videos)
    for name, many in scores.items():
        share = 100 * float(np.mean([s.solved for s in many]))
        rows.append([name, share, *_columns(many, every), *_columns(many, common)])
    title = f"{len(videos)} videos, Sampson distance in px at 720p; a failed video counts as identity poses"
    tables = [Table(title, names, rows, decimals=2)]
    for name, floor in floors.items():
        lines = [_line(*each) for each in zip(scores[name], floor, strict=True)]
        tables.append(Table(name, PER_CLIP, lines, decimals=2))
    values = {"methods": {name: [asdict(s) for s in many] for name, many in scores.items()}, "table": [names, *rows]}
    values |= {"floors": {name: [asdict(f) for f in many] for name, many in floors.items()}}
    series = {name: [s.mean_px for s in many] for name, many in scores.items()}
    return Report(tables, values, draw=bars([m.clip for m in videos], series, "mean px at 720p"))


def _line(score: VideoError, floor: Floor) -> list[str | float | int | None]:
    solved = "ok" if score.solved else "FAILED"
    first: list[str | float | int | None] = [
        score.clip,
        score.matches,
        score.unposed,
        solved,
        score.mean_px,
        score.median_px,
    ]
    return [*first, floor.floor_px, floor.turn_px, floor.still_px, floor.translation_deg, floor.pinned]


def _of(clip: str, cameras: Sequence[PosedCamera]) -> list[PosedCamera]:
    exact = [c for c in cameras if c.trajectory.name == clip]
    named = exact or [c for c in cameras if c.trajectory.stem == clip]
    sources = sorted({c.trajectory.source for c in exact})
    if len(sources) > 1:
        raise ConfigError(f"{sources[0]} and {sources[1]} are both estimates of {clip}: remove one.")
    return named


def _headings(end: str) -> list[str]:
    return [*(f"%<{bound}{end}" for bound in BOUNDS_PX), f"mean{end}"]


def _columns(scores: Sequence[VideoError], wanted: Sequence[bool]) -> list[float | None]:
    means = np.array([s.mean_px for s, want in zip(scores, wanted, strict=True) if want])
    if not len(means):
        return [None] * (len(BOUNDS_PX) + 1)
    return [*(100 * float(np.mean(means < bound)) for bound in BOUNDS_PX), float(means.mean())]
