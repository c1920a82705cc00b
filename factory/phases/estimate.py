"""What is left of a phase, in hours: by what its units took in the runs this output has seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from factory.manifest.read import read_part
from factory.storage.output import Storage

COLUMNS = (
    *("phase", "ok", "rejected", "failed", "wall_s", "cpu_s", "gpu_s", "stage_seconds", "workers"),
    *("model_seconds", "model_replicas", "waited_s"),
)


@dataclass(frozen=True)
class Pace:
    """Seconds a unit takes one worker, without what it waits for models, and each model, on average over past runs."""

    unit_s: float
    model_s: Mapping[str, float] = field(default_factory=dict)


def paces(storage: Storage) -> dict[str, Pace]:
    """Of each phase that past runs worked in. Units are counted by their rows: a source with ten clips as ten."""
    seconds: dict[str, float] = {}
    models: dict[str, dict[str, float]] = {}
    rows: dict[str, int] = {}
    for row in run_rows(storage):
        phase = row["phase"]
        worked_s = sum(s for _, s in row["stage_seconds"] or ()) - (row.get("waited_s") or 0.0)
        seconds[phase] = seconds.get(phase, 0.0) + worked_s
        for model, busy_s in row.get("model_seconds") or ():
            mine = models.setdefault(phase, {})
            mine[model] = mine.get(model, 0.0) + busy_s
        rows[phase] = rows.get(phase, 0) + row["ok"] + row["rejected"] + row["failed"]
    return {
        phase: Pace(seconds[phase] / n, {model: busy_s / n for model, busy_s in models.get(phase, {}).items()})
        for phase, n in rows.items()
        if n
    }


def run_rows(storage: Storage) -> list[dict[str, Any]]:
    """What past runs cost: a row a run and phase."""
    return [row for file in storage.run_files() for row in read_part(storage, file, COLUMNS).to_pylist()]
