"""Fits the filter's score to labels: a logistic regression on how far each clip is inside each rule's bound."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from factory import __version__
from factory.errors import ConfigError
from factory.evaluate.filtering import judged
from factory.evaluate.labels import labels_hash
from factory.evaluate.report import Report, Table, need
from factory.evaluate.verdicts import Curve, FilterRun, curve, features_of, precision_recall, read_filter_run
from factory.filters.decide import Rule, parse_rules
from factory.filters.fused import Fused, Term
from factory.storage.local import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# One unit of penalty on the squares of the weights, as scikit-learn's C = 1; margins share a unit (e-folds), so that
# nothing needs scaling. Not tuned.
PENALTY = 1.0
FOLDS = 5
LEAST_KNOWN = 5  # clips that must have a feature before a weight is learned for it: a guess
LEAST_WEIGHT = 0.01  # of an indicator: less moves no probability by more than 0.3 %
LEAST = 0.5
RECALLS = (0.5, 0.6)


@dataclass(frozen=True)
class Samples:
    """N clips of labelled videos. values: their features; suitable, video: bool and int (N,)."""

    values: Sequence[Mapping[str, float | None]]
    suitable: np.ndarray
    video: np.ndarray

    def take(self, index: np.ndarray) -> "Samples":
        return Samples([self.values[i] for i in index], self.suitable[index], self.video[index])


@dataclass(frozen=True)
class Fit:
    """What is learned, and the rules that stay beside it: the labels say nothing for or against them."""

    fused: Fused
    guards: tuple[Rule, ...]

    def keeps(self, values: Mapping[str, float | None]) -> bool:
        known = [(rule, values.get(rule.feature)) for rule in self.guards]
        inside = not any(value is not None and rule.broken(value) for rule, value in known)
        return inside and self.fused.score(values) >= self.fused.least


def samples_of(run: FilterRun) -> Samples:
    """Clips the filter measured; every clip has its video's label. Raises ConfigError for a run that cannot serve."""
    if not run.exhaustive:
        raise ConfigError(
            "the filter ran as a cascade, which skips specialists on rejected clips: "
            "run it with filter.exhaustive=true."
        )
    if "score" in run.rules:
        raise ConfigError("the filter already ran with a fused score: run it with filter=dynpose.")
    rows = [(clip, n) for n, video in enumerate(run.videos) for clip in video.clips if clip["status"] != "failed"]
    suitable = np.array([bool(run.videos[n].label.suitable) for _, n in rows])
    return Samples([features_of(clip) for clip, _ in rows], suitable, np.array([n for _, n in rows]))


def fit(samples: Samples, rules: Sequence[Rule]) -> Fit:
    """Penalised logistic regression with weights of margins >= 0, an exact optimum (L-BFGS-B on a convex function).

    A missing feature has margin 0 and an indicator with a weight of either sign. Rules without a weight (too few
    values, all alike, or none above 0 fits) stay rules unless they reject a suitable clip.
    """
    terms = [Term(rule.name, rule.feature, rule.bound, rule.at_least, 0.0) for rule in rules]
    raw = [[values.get(term.feature) for term in terms] for values in samples.values]
    missing = np.array([[value is None for value in row] for row in raw], dtype=float)
    margins = np.array(
        [[0.0 if v is None else t.margin(v) for t, v in zip(terms, row, strict=True)] for row in raw], dtype=float
    )
    known = missing == 0
    learnt = [
        i for i in range(len(terms)) if known[:, i].sum() >= LEAST_KNOWN and np.ptp(margins[known[:, i], i]) > 1e-9
    ]
    absent = [i for i in learnt if missing[:, i].any()]
    design = np.hstack([margins[:, learnt], missing[:, absent], np.ones((len(raw), 1))])
    free = len(absent) + 1
    sign = np.where(samples.suitable, 1.0, -1.0)
    penalised = np.r_[np.ones(design.shape[1] - 1), 0.0] * PENALTY

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        z = sign * (design @ weights)
        value = np.logaddexp(0.0, -z).sum() + 0.5 * np.sum(penalised * weights**2)
        return float(value), design.T @ (-sign * expit(-z)) + penalised * weights

    bounds = [(0.0, None)] * len(learnt) + [(None, None)] * free
    found = minimize(
        loss, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-12}
    )
    weights = np.round(found.x, 4)
    by_term = dict(zip(learnt, weights[: len(learnt)], strict=True))
    by_missing = dict(zip(absent, weights[len(learnt) : -1], strict=True))
    kept = [
        replace(terms[i], weight=float(by_term[i]), missing=float(by_missing.get(i, 0.0)))
        for i in learnt
        if by_term[i] > 0 or abs(by_missing.get(i, 0.0)) >= LEAST_WEIGHT
    ]
    silent = [rule for i, rule in enumerate(rules) if by_term.get(i, 0.0) == 0]
    wanted = [values for values, good in zip(samples.values, samples.suitable, strict=True) if good]
    guards = [
        r for r in silent if not any((v := values.get(r.feature)) is not None and r.broken(v) for values in wanted)
    ]
    return Fit(Fused(LEAST, float(weights[-1]), tuple(kept)), tuple(guards))


def out_of_fold(samples: Samples, rules: Sequence[Rule]) -> tuple[np.ndarray, np.ndarray, int]:
    """Of each clip the score and the verdict by a fit that saw no clip of its video, and the number of folds.

    Raises ConfigError with fewer than two suitable or unsuitable videos.
    """
    selection = need("sklearn.model_selection", "scikit-learn")
    groups = [len(set(samples.video[samples.suitable == kind])) for kind in (True, False)]
    folds = min(FOLDS, *groups)
    if folds < 2:
        raise ConfigError(f"two suitable and two unsuitable videos are needed, there are {groups[0]} and {groups[1]}.")
    splitter = selection.StratifiedGroupKFold(folds, shuffle=True, random_state=0)
    scores, kept = np.zeros(len(samples.values)), np.zeros(len(samples.values), bool)
    for train, test in splitter.split(np.zeros((len(scores), 1)), samples.suitable, samples.video):
        fitted = fit(samples.take(train), rules)
        for i in test:
            scores[i], kept[i] = fitted.fused.score(samples.values[i]), fitted.keeps(samples.values[i])
    return scores, kept, folds


def calibrate(output: Path, labels: Path, to: Path) -> Report:
    """Writes a preset with the fit of all clips to `to`; reports figures of fits that did not see what they judge.

    Videos, not clips, are counted, by their best clip. Raises StorageError, ConfigError.
    """
    run = read_filter_run(output, labels)
    samples, rules = samples_of(run), parse_rules(run.rules)
    scores, kept, folds = out_of_fold(samples, rules)
    videos = np.unique(samples.video)
    suitable = [bool(run.videos[n].label.suitable) for n in videos]
    old = [max(judged(rules, clip) for clip in run.videos[n].clips) for n in videos]
    new = [float(scores[samples.video == n].max()) for n in videos]
    curves = {"rules": curve(suitable, old), "fused, out of fold": curve(suitable, new)}
    verdicts = {
        "rules": precision_recall(suitable, [run.videos[n].accepted for n in videos]),
        "fused, out of fold": precision_recall(suitable, [bool(kept[samples.video == n].any()) for n in videos]),
    }
    names = ["score", "AP", *(f"P at R>={r:g}" for r in RECALLS), "precision", "recall"]
    rows = [[n, c.average, *(c.precision_at(r) for r in RECALLS), *verdicts[n]] for n, c in curves.items()]
    title = f"{len(videos)} videos ({sum(suitable)} suitable), {len(scores)} clips, {folds} folds by video"
    fitted = fit(samples, rules)
    table = [[t.name, t.weight, t.missing] for t in sorted(fitted.fused.terms, key=lambda t: -t.weight)]
    figures = {n: dict(zip(names[1:], row[1:], strict=True)) for n, row in zip(curves, rows, strict=True)}
    counts = {"videos": len(videos), "suitable": sum(suitable), "clips": len(scores), "folds": folds}
    provenance = {"factory": __version__, "labels_sha256": labels_hash(labels), **counts, "figures": figures}
    write_atomic(to, preset(fitted, run.rules, provenance).encode())
    tables = [
        Table(title, names, rows),
        _bounds(suitable, new),
        Table("weights", ["bound", "weight", "missing"], table),
    ]
    return Report(tables, {**provenance, "preset": str(to)}, _notes(to, curves, fitted), _drawing(curves))


def preset(fitted: Fit, rules: Mapping[str, Mapping[str, Any]], provenance: Mapping[str, Any]) -> str:
    """The YAML of a filter preset: the fused score and the rules that stay beside it."""
    import yaml

    terms = {}
    for term in fitted.fused.terms:
        entry: dict[str, Any] = {} if term.feature == term.name else {"feature": term.feature}
        entry |= {"least" if term.at_least else "most": term.bound, "weight": term.weight}
        terms[term.name] = entry | ({"missing": term.missing} if term.missing else {})
    numbers = provenance["figures"]["fused, out of fold"]
    told = ", ".join(f"{name} {value:.3f}" for name, value in numbers.items() if value is not None)
    score = {
        "least": fitted.fused.least,
        "intercept": fitted.fused.intercept,
        "provenance": f"factory {provenance['factory']} calibrate; {provenance['clips']} clips of "
        f"{provenance['videos']} videos, {provenance['suitable']} suitable; "
        f"labels sha256 {provenance['labels_sha256']}; out of fold ({provenance['folds']} folds by video): {told}",
        "terms": terms,
    }
    body = {"score": score, **{rule.name: dict(rules[rule.name]) for rule in fitted.guards}}
    head = (
        "# @package filter.rules\n"
        "# Written by `factory calibrate`. score: how probably a clip is suitable; under `least` it is rejected.\n"
        "# Rules listed after it decide as well: the labels said nothing for or against them.\n"
    )
    return head + yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=118)


def _bounds(suitable: Sequence[bool], scores: Sequence[float]) -> Table:
    rows = []
    for least in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        rows.append([f"{least:g}", *precision_recall(suitable, [score >= least for score in scores])])
    return Table("fused score alone, out of fold, for a choice of `least`", ["least", "precision", "recall"], rows)


def _notes(to: Path, curves: Mapping[str, Curve], fitted: Fit) -> list[str]:
    notes = ["the rules' bounds enter as they are: where they were set on these very labels, all figures flatter"]
    if curves["fused, out of fold"].average <= curves["rules"].average:
        notes.append("out of fold the fused score ranks no better than the rules on these videos: keep the rules")
    if fitted.guards:
        notes.append(f"rules that stay beside the score: {', '.join(rule.name for rule in fitted.guards)}")
    where = to.parent.parent if to.parent.name == "filter" else "DIR"
    move = "" if to.parent.name == "filter" else f"put {to.name} into a folder DIR/filter, then "
    notes.append(f"to use it: {move}factory run --config-dir {where} filter={to.stem} source=... output=...")
    return notes


def _drawing(curves: Mapping[str, Curve]) -> "Callable[[Figure], None]":
    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        for name, ranked in curves.items():
            axes.step(ranked.recall, ranked.precision, where="pre", label=f"{name}, AP {ranked.average:.3f}")
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))
        axes.legend()

    return draw
