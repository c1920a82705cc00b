"""The filter against labels: precision and recall, average precision, where it errs, and what each specialist adds."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from factory.evaluate.intervals import Interval, bootstrap, share
from factory.evaluate.report import Report, Table
from factory.evaluate.verdicts import (
    Curve,
    FilterRun,
    Judged,
    average_precision,
    curve,
    judged,
    precision_recall,
    read_filter_run,
)
from factory.filters.features import FEATURES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# DynPose-100K's order of ablation; which of its specialists each feature stands for is ours. What the paper leaves to a
# VLM (ambiguous reference frame, blur, overlays) and features listed nowhere here come last.
STEPS: dict[str, tuple[str, ...]] = {
    "quality": ("frame_rate", "short_side_px", "brightness", "clipped_share"),
    "+cartoons, presenting": (
        "flat_share",
        "palette_size",
        "saturation",
        "grain",
        "shake",
        "repeat_share",
        "paused_share",
        "face_share",
    ),
    "+flow": ("flow_mean", "flow_peak", "flow_unexplained"),
    "+tracking": (
        "track_loss",
        "track_count",
        "track_likeness",
        "still_share",
        "camera_speed",
        "turn_error",
        "paired_share",
        "rigid_share",
    ),
    "+masking": (
        "moving_share",
        "mover_share",
        "brief_mover_share",
        "evident_share",
        "cover_share",
        "border_cover_share",
        "chaos_share",
        "noise_px",
        "movable_share",
    ),
    "+focal": ("focal_ratio", "focal_spread", "seen_focal_ratio", "seen_focal_spread", "zoom_rate", "parallax"),
    "+distortion": ("barrel_distortion",),
}
LAST = "+the rest"


def evaluate_filter(output: Path | str, labels: Path, recalls: Sequence[float] = (0.5, 0.6)) -> Report:
    """Raises StorageError or ConfigError when labels and output cannot be joined."""
    run = read_filter_run(output, labels)
    suitable = [bool(video.label.suitable) for video in run.videos]
    whole = curve(suitable, [video.score for video in run.videos])
    precision, recall = precision_recall(suitable, [video.accepted for video in run.videos])
    at = [whole.precision_at(r) for r in recalls]
    at_names = [f"P at R>={r:g}" for r in recalls]
    title = f"{len(suitable)} labelled videos, {sum(suitable)} suitable; a video counts by its best clip"
    within = _intervals(run, recalls)
    rows: list[list[Any]] = [
        ["filter", whole.average, precision, recall, *at],
        ["90 % from", *(interval.low for interval in within)],
        ["to", *(interval.high for interval in within)],
    ]
    tables = [Table(title, ["", "AP", "precision", "recall", *at_names], rows)]
    out = None if run.posed is None else _end_to_end(run)
    if out is not None:
        rows = [[sum(map(run.came_out, run.videos)), *(figure.text() for figure in out)]]
        tables.append(Table("filter and pose, in brackets 90 %", ["come out", "precision", "recall"], rows))
    tables += [_confusion(run.videos), _missed(run.videos)]
    notes, steps = [], []
    if absent := [v.label.file for v in run.videos if not v.clips]:
        notes.append(f"no clip of {len(absent)} videos reached the filter, they count as rejected: {', '.join(absent)}")
    if not run.exhaustive:
        notes.append(
            "the filter ran as a cascade: scores of rejected clips are upper bounds, and the features that were "
            "skipped are missing, so there is no ablation; run with filter.exhaustive=true"
        )
    if run.exhaustive:
        tables.append(_abstained(run))
        steps = ablation(run, recalls)
        rows = [[s["step"], s["features"], s["AP"], s["precision"], s["recall"], *s["at"]] for s in steps]
        names = ["specialists", "features", "AP", "precision", "recall", *at_names]
        tables.append(Table("each step adds rules and parts of the score to those before", names, rows))
    values = {
        "average_precision": whole.average,
        "precision": precision,
        "recall": recall,
        "intervals_90": [interval.values() for interval in within],
        "end_to_end_90": None if out is None else [figure.values() for figure in out],
        "precision_at_recall": dict(zip(map(str, recalls), at, strict=True)),
        "curve": {"precision": whole.precision.tolist(), "recall": whole.recall.tolist()},
        "videos": [
            {"file": v.label.file, "suitable": v.label.suitable, "accepted": v.accepted, "score": v.score,
             "why": v.label.why, "reasons": v.reasons}
            for v in run.videos
        ],
        "ablation": steps,
    }  # fmt: skip
    return Report([t for t in tables if t.rows], values, notes, _drawing(whole, precision, recall))


def ablation(run: FilterRun, recalls: Sequence[float]) -> list[dict[str, Any]]:
    """Verdict and score with the rules and the score's features of the first steps only, from what was recorded."""
    rules = run.parsed
    suitable = [bool(video.label.suitable) for video in run.videos]
    placed = {feature for features in STEPS.values() for feature in features}
    steps = {**STEPS, LAST: tuple(sorted(({rule.feature for rule in rules} | run.cut.features) - placed))}
    found, active = [], set[str]()
    for step, features in steps.items():
        active |= set(features)
        chosen = [rule for rule in rules if rule.feature in active]
        told = [[judged(chosen, run.cut.of_features(active), clip) for clip in v.clips] for v in run.videos]
        ranked = curve(suitable, [max((score for score, _ in clips), default=0.0) for clips in told])
        precision, recall = precision_recall(suitable, [any(not reasons for _, reasons in clips) for clips in told])
        at = [ranked.precision_at(r) for r in recalls]
        added = len(({rule.feature for rule in rules} | run.cut.features) & set(features))
        found.append(
            {"step": step, "features": added, "AP": ranked.average, "precision": precision, "recall": recall, "at": at}
        )
    return found


def _intervals(run: FilterRun, recalls: Sequence[float]) -> list[Interval]:
    """Of average precision, precision, recall, and precision at each recall."""
    suitable = np.array([bool(video.label.suitable) for video in run.videos])
    scores = np.array([video.score for video in run.videos])
    kept = np.array([video.accepted for video in run.videos])

    def at(recall: float, i: np.ndarray) -> float:
        good = suitable[i]
        return curve(good.tolist(), scores[i].tolist()).precision_at(recall) if good.any() else float("nan")

    figures: list[Callable[[np.ndarray], float]] = [
        partial(average_precision, suitable, scores),
        lambda i: share(suitable[i][kept[i]]),
        lambda i: share(kept[i][suitable[i]]),
        *(partial(at, recall) for recall in recalls),
    ]
    return [bootstrap(figure, len(kept)) for figure in figures]


def _end_to_end(run: FilterRun) -> tuple[Interval, Interval]:
    """Precision and recall of what has poses at the end."""
    suitable = np.array([bool(video.label.suitable) for video in run.videos])
    out = np.array([run.came_out(video) for video in run.videos])
    precision = bootstrap(lambda i: share(suitable[i][out[i]]), len(out))
    return precision, bootstrap(lambda i: share(out[i][suitable[i]]), len(out))


def _abstained(run: FilterRun) -> Table:
    """Where specialists could not measure: such a feature breaks no rule."""
    rows = []
    asked = {rule.feature for rule in run.parsed} | run.cut.features
    clips = [(clip, bool(video.label.suitable)) for video in run.videos for clip in video.clips]
    for feature in (name for name in FEATURES if name in asked):
        told = [[clip.get(feature) is None for clip, good in clips if good == kind] for kind in (True, False)]
        if any(map(any, told)):
            rows.append([feature, *(float(np.mean(part)) if part else None for part in told)])
    return Table("share of clips on which a feature abstained", ["feature", "suitable", "others"], rows)


def _confusion(videos: Sequence[Judged]) -> Table:
    classes: dict[str, list[Judged]] = {}
    for video in videos:
        if not video.label.suitable:
            classes.setdefault(video.label.why or "(no reason given)", []).append(video)
    rows = []
    for why, many in sorted(classes.items(), key=lambda entry: (-len(entry[1]), entry[0])):
        wrong = [v.label.file for v in many if v.accepted]
        rows.append([why[:60], len(many), len(wrong), max(v.score for v in many), ", ".join(wrong)])
    return Table("unsuitable videos, by why", ["why", "videos", "accepted", "best score", ""], rows)


def _missed(videos: Sequence[Judged]) -> Table:
    rows = [
        [video.label.file, video.score, "; ".join(reason.split(":")[0] for reason in video.reasons)]
        for video in videos
        if video.label.suitable and not video.accepted
    ]
    return Table("suitable videos that were rejected", ["video", "score", "reasons"], rows)


def _drawing(whole: Curve, precision: float | None, recall: float) -> "Callable[[Figure], None]":
    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.step(whole.recall, whole.precision, where="pre", label=f"score, AP {whole.average:.3f}")
        if precision is not None:
            axes.plot([recall], [precision], "o", label="verdict")
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))
        axes.legend()

    return draw
