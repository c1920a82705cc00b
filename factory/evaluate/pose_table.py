"""The tables of `factory evaluate pose`: a row a method, and a row a clip where asked for."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from factory.evaluate.pose import Align, PoseScore, as_values, baseline, interval_of, score_method
from factory.evaluate.report import Report, Table
from factory.evaluate.trajectories import Trajectory, Truth, candidates, read_estimates, read_truths

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BASELINE = "identity + random"
ERRORS = ("ate", "ate_percent", "rpe_translation", "rpe_rotation_deg")
HEADINGS = ("ATE", "ATE %", "RPE-t", "RPE-r deg")
ALIGNED: dict[Align, str] = {"sim3": "after Sim(3)", "se3": "after SE(3), scale as it came", "none": "not aligned"}


def evaluate_poses(
    methods: Mapping[str, Path],
    truth_folder: Path,
    fps: float | None = None,
    seed: int = 0,
    per_clip: bool = False,
    align: Align = "sim3",
) -> Report:
    """`methods`: a name and a folder of TUM files, or the OUTPUT of a run, each. Raises StorageError, ConfigError."""
    truths = read_truths(truth_folder)
    estimates = {name: read_estimates(place) for name, place in methods.items()}
    notes = [note for name in methods if (note := _unused(name, truths, estimates[name]))]
    intervals = [interval_of(e, fps) for many in estimates.values() for e in many]
    notes += _rates(estimates, fps)
    usual_s = float(np.median([i for i in intervals if i > 0] or [0.0]))
    scores = {BASELINE: [baseline(truth, usual_s, seed, align) for truth in truths]}
    scores |= {name: score_method(truths, estimates[name], fps, usual_s, seed, align) for name in methods}
    common = [all(scores[name][i].solved for name in methods) for i in range(len(truths))]
    tables = [_moving_table(scores, truths, common, align)]
    if any(truth.motionless for truth in truths):
        tables.append(_still_table(scores, truths))
    if per_clip:
        tables += [_clip_table(name, scores[name]) for name in scores]
    values = {
        "seed": seed,
        "fps": fps,
        "align": align,
        "methods": {
            name: {
                "folder": str(methods.get(name, "")),
                "reg_percent": 100 * float(np.mean([s.solved for s in many])),
                "all": _means(many, [not t.motionless for t in truths]),
                "common": _means(many, [c and not t.motionless for c, t in zip(common, truths, strict=True)]),
                "clips": [as_values(score) for score in many],
            }
            for name, many in scores.items()
        },
    }
    return Report(tables, values, notes, _drawing({n: scores[n] for n in methods}, truths))


def _means(scores: Sequence[PoseScore], wanted: Sequence[bool], errors: Sequence[str] = ERRORS) -> dict[str, Any]:
    chosen = [score for score, want in zip(scores, wanted, strict=True) if want]
    means = {name: float(np.mean([getattr(s, name) for s in chosen])) if chosen else None for name in errors}
    return {"clips": len(chosen), **means}


def _moving_table(
    scores: Mapping[str, list[PoseScore]], truths: list[Truth], common: list[bool], align: Align
) -> Table:
    moving = [not truth.motionless for truth in truths]
    both = [m and c for m, c in zip(moving, common, strict=True)]
    names = ["method", "% reg", *HEADINGS, *(f"{heading}({sum(both)})" for heading in HEADINGS)]
    rows = []
    for name, many in scores.items():
        solved = [s.solved for s, m in zip(many, moving, strict=True) if m]
        every, shared = _means(many, moving), _means(many, both)
        share = 100 * float(np.mean(solved)) if solved else None
        rows.append([name, share, *(every[e] for e in ERRORS), *(shared[e] for e in ERRORS)])
    title = (
        f"{sum(moving)} sequences with a path, {ALIGNED[align]}; ATE and RPE-t in the truth's unit; a failed sequence "
        f"counts as identity rotation and random positions; ({sum(both)}): those every method solved"
    )
    return Table(title, names, rows, decimals=4)


def _still_table(scores: Mapping[str, list[PoseScore]], truths: list[Truth]) -> Table:
    rows = []
    for name, many in scores.items():
        still = [truth.motionless for truth in truths]
        solved = [s.solved and truth.motionless for s, truth in zip(many, truths, strict=True)]
        means = [_means(many, wanted, ("rpe_rotation_deg",))["rpe_rotation_deg"] for wanted in (still, solved)]
        rows.append([name, 100 * sum(solved) / sum(still), *means])
    count = sum(truth.motionless for truth in truths)
    names = ["method", "% reg", "RPE-r deg", "RPE-r deg (solved)"]
    return Table(f"{count} sequences without a path (still or turning cameras): rotations only", names, rows, 4)


def _clip_table(method: str, scores: list[PoseScore]) -> Table:
    names = ["clip", "frames", "posed %", "", *HEADINGS, "note"]
    rows = [
        [s.clip, f"{s.posed}/{s.expected}", 100 * s.share, "ok" if s.solved else "FAILED"]
        + [getattr(s, error) for error in ERRORS]
        + [s.note[:80]]
        for s in scores
    ]
    return Table(method, names, rows, decimals=4)


def _rates(estimates: Mapping[str, list[Trajectory]], fps: float | None) -> list[str]:
    """A warning where methods were sampled at different rates: a step is not the same time then."""
    steps = {
        n: float(np.median([i for e in many if (i := interval_of(e, fps)) > 0] or [0])) for n, many in estimates.items()
    }
    known = [step for step in steps.values() if step]
    if not known or max(known) < 1.2 * min(known):
        return []
    told = ", ".join(f"{name} {1 / step:.3g} fps" for name, step in steps.items() if step)
    return [f"sampled at different rates ({told}): RPE is per step and cannot be compared; give --fps of the slowest"]


def _unused(method: str, truths: list[Truth], estimates: list[Trajectory]) -> str:
    used = {id(e) for truth in truths for e in candidates(truth, estimates)}
    names = sorted({e.name for e in estimates if id(e) not in used})
    shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return f"{method}: {len(names)} estimates have no truth and are not scored ({shown})" if names else ""


def _drawing(scores: Mapping[str, list[PoseScore]], truths: list[Truth]) -> "Callable[[Figure], None]":
    """Left: ATE of each clip; right: share of clips below an ATE. In % of the path; failed ones hatched and as
    replaced."""

    def draw(figure: "Figure") -> None:
        left, right = figure.subplots(1, 2)
        clips = [i for i, truth in enumerate(truths) if not truth.motionless]
        width = 0.8 / len(scores)
        for number, (name, many) in enumerate(scores.items()):
            errors = [many[i].ate_percent or np.nan for i in clips]
            places = np.arange(len(clips)) + (number - (len(scores) - 1) / 2) * width
            drawn = left.bar(places, errors, width, label=name)
            for bar, i in zip(drawn, clips, strict=True):
                bar.set_hatch("" if many[i].solved else "///")
            solved = sorted(many[i].ate_percent or np.nan for i in clips if many[i].solved)
            right.step(solved, np.arange(1, len(solved) + 1) / max(len(clips), 1), where="post", label=name)
        left.set_xticks(range(len(clips)), [truths[i].name for i in clips], rotation=45, ha="right", fontsize=7)
        left.set_ylabel("ATE, % of the path (hatched: failed)")
        right.set_xlabel("ATE, % of the path")
        right.set_ylabel("share of sequences solved below")
        right.set_ylim(0, 1.02)
        if any(many[i].ate_percent for many in scores.values() for i in clips):
            left.set_yscale("log")
        if any(many[i].ate_percent for many in scores.values() for i in clips if many[i].solved):
            right.set_xscale("log")
        right.legend(fontsize=7)

    return draw
