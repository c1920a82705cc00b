"""The funnel of an output: clips per phase and status, reasons, failures by type, and what it cost."""

import argparse
from collections import Counter
from typing import Any

import pyarrow.compute as pc

from factory.console import print_counts, print_table
from factory.manifest.read import count_by, read_phase
from factory.phases.estimate import run_rows
from factory.storage.lease import EXPIRE_S, ago, holder
from factory.storage.output import Storage

ORDER = ("ingest", "filter", "pose")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", help="the output of a run")


def call(options: argparse.Namespace) -> int:
    storage = Storage.at(options.output)
    phases = sorted(storage.committed_phases(), key=lambda p: ORDER.index(p) if p in ORDER else len(ORDER))
    rows, reasons, errors = [], Counter[str](), Counter[str]()
    runs = run_rows(storage)
    for phase in phases:
        columns = ["status", "reasons", "error_type", "source_start_s", "source_end_s"]
        table = read_phase(storage, phase, columns)
        counts = count_by(table, "status")
        kept = table.filter(pc.equal(table["status"], "ok"))
        kept_s = pc.sum(pc.subtract(kept["source_end_s"], kept["source_start_s"])).as_py() or 0.0
        share = f"{counts.get('ok', 0) / table.num_rows:.1%}" if table.num_rows else ""
        figures = [table.num_rows, *(counts.get(status, 0) for status in ("ok", "rejected", "failed"))]
        rows.append([phase, *map(str, figures), share, f"{kept_s:.1f}", *_cost(runs, phase, counts.get("ok", 0))])
        reasons.update(f"{phase}: {r.split(':')[0]}" for many in table["reasons"].to_pylist() for r in many or ())
        errors.update(f"{phase}: {e}" for e in table["error_type"].to_pylist() if e)
    names = ["", "rows", "ok", "rejected", "failed", "kept", "kept s", "wall s", "CPU s", "per ok", "GPU s", "per ok"]
    print_table(storage.root, names, rows)
    print_counts("rejected, by rule", reasons)
    print_counts("failed, by error", errors)
    _tell_of_a_run(storage)
    return 0


def _tell_of_a_run(storage: Storage) -> None:
    if (found := holder(storage)) is None:
        return
    run, age_s = found
    who = f"run {run.get('run_id')} on {run.get('host')}, process {run.get('pid')}"
    if age_s > EXPIRE_S:
        print(f"{who}, has said nothing for {age_s:.0f} s: the same command goes on where it ended.")
        return
    print(f"{who}, works on {run.get('phase')}: {run.get('done')} of {run.get('todo')} done ({ago(age_s)}).")
    if run.get("oldest"):
        print(f"oldest in flight: {run['oldest']}")


def _cost(runs: list[dict[str, Any]], phase: str, ok: int) -> list[str]:
    """Wall, CPU and GPU seconds of all runs of the phase that ended, and what a clip it accepted cost of each."""
    rows = [row for row in runs if row["phase"] == phase]
    if not rows:
        return [""] * 5
    wall_s, cpu_s, gpu_s = (sum(row.get(name) or 0.0 for row in rows) for name in ("wall_s", "cpu_s", "gpu_s"))
    return [f"{wall_s:.1f}", *(text for s in (cpu_s, gpu_s) for text in (f"{s:.1f}", f"{s / ok:.1f}" if ok else ""))]
