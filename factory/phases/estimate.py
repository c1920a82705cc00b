"""What is left of a phase, in hours: by what its units took in the runs this output has seen."""

from dataclasses import dataclass
from typing import Any

from factory.manifest.read import read_part
from factory.storage.output import Storage

COLUMNS = ("phase", "ok", "rejected", "failed", "wall_s", "cpu_s", "gpu_s", "stage_seconds")


@dataclass(frozen=True)
class Pace:
    """Seconds a unit takes one worker, and seconds of a GPU, on average over past runs."""

    unit_s: float
    gpu_s: float


def paces(storage: Storage) -> dict[str, Pace]:
    """Of each phase that past runs worked in. Units are counted by their rows: a source with ten clips as ten."""
    seconds: dict[str, float] = {}
    gpu: dict[str, float] = {}
    rows: dict[str, int] = {}
    for row in run_rows(storage):
        phase = row["phase"]
        seconds[phase] = seconds.get(phase, 0.0) + sum(s for _, s in row["stage_seconds"] or ())
        gpu[phase] = gpu.get(phase, 0.0) + (row.get("gpu_s") or 0.0)
        rows[phase] = rows.get(phase, 0) + row["ok"] + row["rejected"] + row["failed"]
    return {phase: Pace(seconds[phase] / n, gpu[phase] / n) for phase, n in rows.items() if n}


def run_rows(storage: Storage) -> list[dict[str, Any]]:
    """What past runs cost: a row a run and phase."""
    return [row for file in storage.run_files() for row in read_part(storage, file, COLUMNS).to_pylist()]
