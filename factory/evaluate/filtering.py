"""The filter against labels: precision and recall, average precision, where it errs, and what each specialist adds."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.evaluate.report import Report, Table
from factory.evaluate.verdicts import (
    Curve,
    FilterRun,
    Judged,
    curve,
    features_of,
    precision_recall,
    read_filter_run,
)
from factory.filters.decide import Rule, parse_rules

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# DynPose-100K's order of ablation; which of its specialists each feature stands for is ours. What the paper leaves to a
# VLM (ambiguous reference frame, blur, overlays) and features listed nowhere here come last.
STEPS: dict[str, tuple[str, ...]] = {
    "quality": ("frame_rate", "short_side_px", "brightness", "clipped_share"),
    "+cartoons, presenting": ("flat_share", "palette_size", "repeat_share", "paused_share", "face_share"),
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
    "+masking": ("moving_share",),
    "+focal": ("focal_ratio", "focal_spread", "zoom_rate", "parallax"),
    "+distortion": ("barrel_distortion",),
}
LAST = "+the rest"


def evaluate_filter(output: Path, labels: Path, recalls: Sequence[float] = (0.5, 0.6)) -> Report:
    """Raises StorageError or ConfigError when labels and output cannot be joined."""
    run = read_filter_run(output, labels)
    suitable = [bool(video.label.suitable) for video in run.videos]
    whole = curve(suitable, [video.score for video in run.videos])
    precision, recall = precision_recall(suitable, [video.accepted for video in run.videos])
    at = [whole.precision_at(r) for r in recalls]
    at_names = [f"P at R>={r:g}" for r in recalls]
    title = f"{len(suitable)} labelled videos, {sum(suitable)} suitable; a video counts by its best clip"
    verdict = Table(
        title, ["", "AP", "precision", "recall", *at_names], [["filter", whole.average, precision, recall, *at]]
    )
    tables = [verdict, _confusion(run.videos), _missed(run.videos)]
    notes, steps = [], []
    if absent := [v.label.file for v in run.videos if not v.clips]:
        notes.append(f"no clip of {len(absent)} videos reached the filter, they count as rejected: {', '.join(absent)}")
    if not run.exhaustive:
        notes.append(
            "the filter ran as a cascade: scores of rejected clips are upper bounds, and the features that were "
            "skipped are missing, so there is no ablation; run with filter.exhaustive=true"
        )
    elif "score" in run.rules:
        notes.append("the score is a fused one: the ablation is of the rules beside it")
    if run.exhaustive:
        steps = ablation(run, recalls)
        rows = [[s["step"], s["rules"], s["AP"], s["precision"], s["recall"], *s["at"]] for s in steps]
        names = ["rules of", "rules", "AP", "precision", "recall", *at_names]
        tables.append(Table("each step adds rules to those before", names, rows))
    values = {
        "average_precision": whole.average,
        "precision": precision,
        "recall": recall,
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
    """Verdict and score with the rules of the first steps only, from the features recorded."""
    rules = parse_rules({name: rule for name, rule in run.rules.items() if name != "score"})
    suitable = [bool(video.label.suitable) for video in run.videos]
    placed = {feature for features in STEPS.values() for feature in features}
    steps = {**STEPS, LAST: tuple(sorted({rule.feature for rule in rules} - placed))}
    found, active = [], set[str]()
    for step, features in steps.items():
        active |= set(features)
        chosen = [rule for rule in rules if rule.feature in active]
        scores = [max((judged(chosen, clip) for clip in video.clips), default=0.0) for video in run.videos]
        ranked = curve(suitable, scores)
        precision, recall = precision_recall(suitable, [score >= 0.5 for score in scores])
        at = [ranked.precision_at(r) for r in recalls]
        added = len([rule for rule in rules if rule.feature in features])
        found.append(
            {"step": step, "rules": added, "AP": ranked.average, "precision": precision, "recall": recall, "at": at}
        )
    return found


def judged(rules: Sequence[Rule], clip: Mapping[str, Any]) -> float:
    """The score the rules give a clip's recorded features, as `Decide` computes it; 0 for a clip that failed."""
    if clip["status"] == "failed":
        return 0.0
    features = features_of(clip)
    known = [(rule, features.get(rule.feature)) for rule in rules]
    return min((rule.score(value) for rule, value in known if value is not None), default=1.0)


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
