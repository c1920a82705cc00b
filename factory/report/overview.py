"""The run in numbers: what became of the sources, why, what it cost, and how good the poses are."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from factory import __version__
from factory.console.summary import STATUSES, ranked
from factory.data.opened import Output
from factory.manifest.funnel import Funnel, funnels
from factory.manifest.read import count_by, read_part, read_schema
from factory.report.judged import Judged
from factory.report.shards import plain
from factory.report.spread import check_spreads, feature_spreads, histogram
from factory.trust.rule import QUALITIES

RUN_COLUMNS = (
    *("run_id", "phase", "engine", "started_at", "wall_s", "inputs", "ok", "rejected", "failed", "host"),
    *("stage_seconds", "cpu_s", "gpu_s", "workers", "config"),
)


def overview(output: Output, judged: Judged, labels: Path | None) -> dict[str, Any]:
    """labels: see `factory evaluate filter`. Raises what that raises."""
    found = funnels(output.storage)
    runs = [row for file in output.storage.run_files() for row in _run(output, file)]
    told: dict[str, Any] = {
        "output": output.storage.root,
        "version": __version__,
        "phases": [_phase(funnel) for funnel in found],
        "columns": {phase: _meanings(output, phase) for phase in output.phases},
        "costs": [_cost(funnel, mine) for funnel in found if (mine := [r for r in runs if r["phase"] == funnel.phase])],
        "runs": _runs(runs),
    }
    if judged.filtered is not None:
        told["features"] = feature_spreads(output.arrow(judged.filtered), judged.bounds)
    told["measured"] = [
        {"phase": phase, "features": check_spreads(output.arrow(phase), judged.checks[phase])}
        for phase in (judged.rigged, judged.world)
        if phase is not None and phase in judged.checks
    ]
    if judged.posed is not None:
        told["quality"] = _quality(output, judged.posed, judged.tiers)
    if labels is not None:
        told["labels"] = _against(output, labels)
    return told


def _run(output: Output, file: Any) -> list[dict[str, Any]]:
    return read_part(output.storage, file, RUN_COLUMNS).to_pylist()


def _phase(funnel: Funnel) -> dict[str, Any]:
    return {
        "phase": funnel.phase,
        "rows": funnel.rows,
        "sources": funnel.sources,
        "clips": funnel.clips,
        "kept_s": plain(funnel.kept_s),
        **{status: funnel.counts.get(status, 0) for status in STATUSES},
        "reasons": ranked(funnel.reasons),
        "errors": ranked(funnel.errors),
    }


def _meanings(output: Output, phase: str) -> dict[str, str]:
    schema = read_schema(output.storage, phase)
    return {field.name: (field.metadata or {}).get(b"meaning", b"").decode() for field in schema}


def _cost(funnel: Funnel, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of all runs of a phase. Rates are of the rows that these runs made, not of those that lie there by now."""
    made = sum(run[status] or 0 for run in runs for status in STATUSES)
    seconds = {name: sum(run[name] or 0.0 for run in runs) for name in ("wall_s", "cpu_s", "gpu_s")}
    stages: dict[str, float] = {}
    for run in runs:
        for stage, stage_s in run["stage_seconds"] or ():
            stages[stage] = stages.get(stage, 0.0) + stage_s
    ok = funnel.counts.get("ok", 0)
    return {
        "phase": funnel.phase,
        "made": made,
        **{name: plain(value) for name, value in seconds.items()},
        "per_hour": plain(3600 * made / seconds["wall_s"]) if seconds["wall_s"] else None,
        "cpu_s_each": plain(seconds["cpu_s"] / made) if made else None,
        "cpu_s_ok": plain(seconds["cpu_s"] / ok) if ok else None,
        "stages": [[stage, plain(stage_s)] for stage, stage_s in ranked(stages)],
    }


def _runs(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One entry a run, the newest first, with the configuration as it was written."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        one = found.setdefault(row["run_id"], {"run_id": row["run_id"], "phases": [], "wall_s": 0.0})
        one["phases"].append(row["phase"])
        one["wall_s"] = plain(one["wall_s"] + (row["wall_s"] or 0.0))
        one |= {name: plain(row[name]) for name in ("engine", "host", "workers", "config", "started_at")}
    return sorted(found.values(), key=lambda run: str(run["run_id"]), reverse=True)


def _quality(output: Output, posed: str, tiers: list[dict[str, Any]]) -> dict[str, Any]:
    """How many clips of each tier there are, how the cameras move, and the predicted error of all that were graded."""
    rows = output.arrow(posed, ["quality", "status", "camera_motion", "ate_percent_predicted"])
    counts = count_by(rows, "quality")
    error = rows["ate_percent_predicted"].to_numpy().astype(float)
    accepted = pc.equal(rows["status"], "ok").to_numpy()
    bounds = [tier["ate_percent"] for tier in tiers if "ate_percent" in tier]
    return {
        "tiers": [{**tier, "clips": counts.get(tier["name"], 0)} for tier in tiers],
        "refused": rows.num_rows - sum(counts.get(name, 0) for name in QUALITIES),
        "motions": ranked({str(name): n for name, n in count_by(rows, "camera_motion").items() if name}),
        "error": histogram(error, {"accepted": accepted, "refused": ~accepted}, bounds),
        "median_accepted": plain(float(np.nanmedian(error[accepted]))) if np.isfinite(error[accepted]).any() else None,
    }


def _against(output: Output, labels: Path) -> dict[str, Any]:
    """The filter's precision and recall on labelled videos."""
    from factory.evaluate.filtering import evaluate_filter

    report = evaluate_filter(output.storage.root, labels)
    names = ("average_precision", "precision", "recall", "curve", "videos")
    return {"file": labels.name, "notes": list(report.notes), **{name: plain(report.values[name]) for name in names}}
