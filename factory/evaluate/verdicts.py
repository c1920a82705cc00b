"""What a run's filter said of labelled videos: scores, verdicts and features, joined with the labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from factory.errors import StorageError
from factory.evaluate.labels import Label, read_labels, rows_of
from factory.evaluate.report import need
from factory.filters.aim import aimed
from factory.filters.decide import Rule, parse_rules, verdict
from factory.filters.features import FEATURES
from factory.filters.score import Score, parse_score
from factory.manifest.phases import phase_with
from factory.manifest.query import query
from factory.manifest.runs import newest_config
from factory.storage.output import Storage


@dataclass(frozen=True)
class Judged:
    """One labelled video: its clips' rows in the filter manifest. A video counts as accepted when any of its clips is,
    its score is the best of them, and 0 where no clip of it reached the filter."""

    label: Label
    clips: Sequence[Mapping[str, Any]]

    @property
    def accepted(self) -> bool:
        return any(clip["status"] == "ok" for clip in self.clips)

    @property
    def score(self) -> float:
        return max((clip["score"] or 0.0 for clip in self.clips), default=0.0)

    @property
    def reasons(self) -> list[str]:
        if not self.clips:
            return ["no clip reached the filter"]
        best = max(self.clips, key=lambda clip: clip["score"] or 0.0)
        return list(best["reasons"] or ([f"failed: {best['error']}"] if best["status"] == "failed" else []))


@dataclass(frozen=True)
class FilterRun:
    """videos: those whose label counts, in the labels' order. rules, score: as the run had them, and as parsed.
    exhaustive: whether every specialist saw every clip; without, features of rejected clips are missing and their
    scores only upper bounds. posed: clips whose pose phase accepted them; None where that phase has not run."""

    videos: list[Judged]
    rules: Mapping[str, Mapping[str, Any]]
    score: Mapping[str, Any]
    exhaustive: bool
    parsed: tuple[Rule, ...]
    cut: Score
    posed: frozenset[str] | None = None

    def came_out(self, video: Judged) -> bool:
        """Whether the output holds poses of any of its clips."""
        return any(clip["clip_id"] in (self.posed or ()) for clip in video.clips)


def read_filter_run(output: Path | str, labels: Path) -> FilterRun:
    """Raises StorageError when the output has no filter phase, ConfigError when the labels cannot be joined."""
    storage = Storage.at(output)
    storage.check_readable()
    phase = phase_with(storage, "score")
    if phase is None:
        raise StorageError(f"{output} holds no filter phase: run `factory run` with pipeline=dynpose on the videos.")
    rows = query(storage, f'SELECT * FROM "{phase}" ORDER BY clip_id').to_arrow_table().to_pylist()
    known = [label for label in read_labels(labels) if label.suitable is not None]
    videos = [Judged(label, clips) for label, clips in zip(known, rows_of(known, rows), strict=True)]
    if not any(video.clips for video in videos):
        raise StorageError(f"no video of {labels} is in {output}: run the filter on the labelled videos.")
    told = _config_of(storage, phase)[phase]
    if "target" not in told or "score" in told["rules"]:
        raise StorageError(f"{output} was made by a version whose filter judged otherwise: run the filter again.")
    rules, score = told["rules"], told.get("score", {})
    cut = parse_score(aimed(score, told["target"]))
    return FilterRun(videos, rules, score, bool(told["exhaustive"]), parse_rules(rules), cut, _posed(storage, phase))


def _posed(storage: Storage, judging: str) -> frozenset[str] | None:
    if (posing := phase_with(storage, "world_from_cam")) is None:
        return None
    sql = f"""SELECT clip_id FROM "{posing}" p JOIN "{judging}" f USING (clip_id)
        WHERE p.status = 'ok' AND f.status = 'ok'"""
    return frozenset(query(storage, sql).to_arrow_table()["clip_id"].to_pylist())


def judged(rules: Sequence[Rule], score: Score, clip: Mapping[str, Any]) -> tuple[float, tuple[str, ...]]:
    """The score and the reasons that rules and score give a clip's recorded features; 0 for a clip that failed."""
    if clip["status"] == "failed":
        return 0.0, ("failed",)
    return verdict(rules, score, features_of(clip))


def features_of(row: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: row[name] for name in FEATURES if name in row}


@dataclass(frozen=True)
class Curve:
    """Precision and recall of every threshold, in order of rising recall; average precision (Davis and Goadrich's
    step sum, as scikit-learn has it)."""

    precision: np.ndarray
    recall: np.ndarray
    average: float

    def precision_at(self, recall: float) -> float:
        """The best precision of any threshold that reaches the recall."""
        return float(self.precision[self.recall >= recall - 1e-9].max())


def curve(suitable: Sequence[bool], scores: Sequence[float]) -> Curve:
    """Of labels and scores (N,). The threshold above every score, precision 1 at recall 0 by convention, is left
    out."""
    metrics = need("sklearn.metrics", "scikit-learn")
    precision, recall, _ = metrics.precision_recall_curve(suitable, scores)
    average = float(metrics.average_precision_score(suitable, scores))
    return Curve(precision[:-1][::-1], recall[:-1][::-1], average)


def average_precision(suitable: np.ndarray, scores: np.ndarray, index: np.ndarray) -> float:
    """Of some of them; NaN where none is suitable."""
    good = suitable[index]
    return curve(good.tolist(), scores[index].tolist()).average if good.any() else float("nan")


def precision_recall(suitable: Sequence[bool], accepted: Sequence[bool]) -> tuple[float | None, float]:
    """Of a verdict; the precision is None where nothing is accepted."""
    hits = sum(s and a for s, a in zip(suitable, accepted, strict=True))
    return (hits / sum(accepted) if any(accepted) else None), hits / sum(suitable)


def _config_of(storage: Storage, phase: str) -> Mapping[str, Any]:
    if (config := newest_config(storage, phase)) is None:
        raise StorageError(f"{storage.root} does not say how its filter was configured (no runs manifest).")
    return config
