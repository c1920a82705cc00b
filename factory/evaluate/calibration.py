"""Measures what cutting the filter's score does on labelled videos, and writes it as a preset for `filter.target`."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from factory import __version__
from factory.errors import ConfigError
from factory.evaluate.intervals import Interval, bootstrap, share
from factory.evaluate.labels import labels_hash
from factory.evaluate.report import Report, Table
from factory.evaluate.verdicts import FilterRun, average_precision, judged, read_filter_run
from factory.filters.aim import cut_for, parse_curve
from factory.filters.score import parse_score
from factory.storage.local import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEP = 0.02  # between two cuts: finer than any interval here
PRECISION_TO = 0.05  # what "how many labels" is told for: half a 90 % interval
TARGETS = (0.5, 0.6, 0.7, 0.8, 0.9)
Row = tuple[float, Interval, Interval]  # the least score that is kept, precision, recall


def calibrate(output: Path, labels: Path, to: Path, share_suitable: float | None = None) -> Report:
    """Writes a preset, the run's own rules and score with a curve, to `to`. Videos, not clips, are counted, by their
    best clip. share_suitable: of the videos that will be filtered, where the labelled ones are another mix; precision
    is told for it. Raises StorageError, ConfigError."""
    run = read_filter_run(output, labels)
    if not run.exhaustive:
        raise ConfigError(
            "the filter ran as a cascade, which skips specialists on rejected clips: "
            "run it with filter.exhaustive=true."
        )
    suitable = np.array([bool(video.label.suitable) for video in run.videos])
    counts = f"{len(suitable)} videos, {suitable.sum()} suitable"
    if min(suitable.sum(), (~suitable).sum()) < 2:
        raise ConfigError(f"two suitable and two unsuitable videos are needed, there are {counts}.")
    if share_suitable is not None and not 0 < share_suitable < 1:
        raise ConfigError(f"the share of suitable videos lies between 0 and 1, it is {share_suitable:g}.")
    part = float(suitable.mean()) if share_suitable is None else share_suitable
    scores = _scores(run)
    cuts = [float(cut) for cut in np.arange(STEP, 1.0, STEP).round(4) if (scores >= cut).any()]
    if not cuts:
        raise ConfigError(f"every one of {counts} breaks a rule of the filter: no cut of the score changes that.")
    rows: list[Row] = [(cut, *figures(suitable, scores >= cut, part)) for cut in cuts]
    average = bootstrap(partial(average_precision, suitable, scores), len(suitable))
    provenance = {
        "factory": __version__,
        "labels_sha256": labels_hash(labels),
        "videos": len(suitable),
        "suitable": int(suitable.sum()),
        "share_suitable": round(part, 4),
    }
    write_atomic(to, preset(run, rows, provenance).encode())
    title = f"{counts}; 90 % intervals by resampling videos; AP {average.text()}"
    told = [[f"{least:.2f}", p.text(), r.text(), int((scores >= least).sum())] for least, p, r in rows]
    targets = _targets(rows, len(suitable))
    names = ["filter.target", "least", "precision", "recall", f"labels for +-{PRECISION_TO:g}"]
    tables = [
        Table(title, ["least", "precision", "recall", "kept"], told),
        Table(f"targets, where {part:.0%} of the videos are suitable", names, targets),
    ]
    values = {**provenance, "average_precision": average.values(), "preset": str(to), "cuts": _cuts(rows)}
    return Report([t for t in tables if t.rows], values, _notes(to, targets), _drawing(rows))


def figures(suitable: np.ndarray, kept: np.ndarray, part: float) -> tuple[Interval, Interval]:
    """Precision and recall of what is kept, bool (N,) each. part: of the videos that are suitable where precision
    counts: P = part R / (part R + (1 - part) F), R and F the shares of suitable and of other videos that are kept."""

    def right(i: np.ndarray) -> float:
        good, bad = part * share(kept[i][suitable[i]]), (1 - part) * share(kept[i][~suitable[i]])
        return good / (good + bad) if good + bad > 0 else float("nan")

    return bootstrap(right, len(kept)), bootstrap(lambda i: share(kept[i][suitable[i]]), len(kept))


def labels_needed(precision: Interval, count: int) -> int:
    """How many labelled videos of the same mix tell this precision to within PRECISION_TO, by how well `count` do: an
    interval shrinks with the root of their number."""
    # Of few labels all may be right, which is no certainty: up to 3 of N may be wrong then, at 95 %.
    half = max((precision.high - precision.low) / 2, 0.02, 1.5 / max(count, 1))
    return int(np.ceil(count * (half / PRECISION_TO) ** 2))


def preset(run: FilterRun, rows: Sequence[Row], provenance: Mapping[str, Any]) -> str:
    """The YAML of a filter preset: the run's rules and score, and the curve."""
    import yaml

    told = (
        f"factory {provenance['factory']} calibrate; {provenance['videos']} videos, {provenance['suitable']} suitable; "
        f"precision where {provenance['share_suitable']:.0%} are; labels sha256 {provenance['labels_sha256']}"
    )
    body = {"rules": dict(run.rules), "score": {**run.score, "curve": {"provenance": told, "cuts": _cuts(rows)}}}
    head = (
        "# @package filter\n"
        "# Written by `factory calibrate`: rules and score of the run it read, and what cutting that score did on\n"
        "# the labelled videos (value, and the ends of its 90 % interval), for filter.target.\n"
    )
    return head + yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=118)


def _scores(run: FilterRun) -> np.ndarray:
    """Of each video that of its best clip, float (N,); 0 where every clip breaks a rule, which no cut brings back."""
    score = parse_score({**run.score, "least": 0.0})
    best = []
    for video in run.videos:
        told = [judged(run.parsed, score, clip) for clip in video.clips]
        best.append(max((value for value, reasons in told if not reasons), default=0.0))
    return np.array(best)


def _cuts(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [{"least": least, "precision": list(p.values()), "recall": list(r.values())} for least, p, r in rows]


def _targets(rows: Sequence[Row], count: int) -> list[list[Any]]:
    """What each target would choose; those that are not reached are left out."""
    curve = parse_curve({"provenance": "these", "cuts": _cuts(rows)})
    by_least = {least: (precision, recall) for least, precision, recall in rows}
    found: list[list[Any]] = []
    for wanted in TARGETS:
        with suppress(ConfigError):
            least = cut_for(curve, "precision", wanted).least
            precision, recall = by_least[least]
            needed = labels_needed(precision, count)
            found.append([f"precision:{wanted:g}", f"{least:.2f}", precision.text(), recall.text(), needed])
    return found


def _notes(to: Path, targets: Sequence[Sequence[Any]]) -> list[str]:
    where = to.parent.parent if to.parent.name == "filter" else "DIR"
    move = "" if to.parent.name == "filter" else f"put {to.name} into a folder DIR/filter, then "
    target = targets[-1][0] if targets else "recall:0.6"
    use = f"factory run --config-dir {where} filter={to.stem} filter.target={target} source=... output=..."
    return [
        "a video whose clips all break a rule has no score here: no cut brings it back",
        "precision depends on the share of suitable videos: label a sample as it comes, or tell --share-suitable",
        f"to use it: {move}{use}",
    ]


def _drawing(rows: Sequence[Row]) -> "Callable[[Figure], None]":
    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        least = [row[0] for row in rows]
        for name, told in (("precision", [p for _, p, _ in rows]), ("recall", [r for _, _, r in rows])):
            axes.plot(least, [i.value for i in told], label=name)
            axes.fill_between(least, [i.low for i in told], [i.high for i in told], alpha=0.2)
        axes.set(xlabel="least score", ylim=(0, 1.02))
        axes.legend()

    return draw
