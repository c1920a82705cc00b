"""The funnel of an output: clips per phase and status, reasons, failures by type, and what it cost."""

import argparse
from collections import Counter

import pyarrow.compute as pc

from factory.console import print_counts, print_table
from factory.errors import StorageError
from factory.manifest.query import connect
from factory.manifest.read import count_by, read_phase
from factory.storage import Storage

ORDER = ("ingest", "filter", "pose")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", help="the output of a run")


def call(options: argparse.Namespace) -> int:
    storage = Storage.at(options.output)
    storage.check_readable()
    phases = sorted(storage.phases(), key=lambda p: ORDER.index(p) if p in ORDER else len(ORDER))
    if not phases:
        raise StorageError(f"{storage.root} holds no manifest: start with `factory run output={storage.root} ...`.")
    rows, reasons, errors = [], Counter[str](), Counter[str]()
    for phase in phases:
        columns = ["status", "reasons", "error_type", "source_start_s", "source_end_s"]
        table = read_phase(storage, phase, columns, "source" if phase == "ingest" else "clip_id")
        counts = count_by(table, "status")
        kept = table.filter(pc.equal(table["status"], "ok"))
        kept_s = pc.sum(pc.subtract(kept["source_end_s"], kept["source_start_s"])).as_py() or 0.0
        share = f"{counts.get('ok', 0) / table.num_rows:.1%}" if table.num_rows else ""
        figures = [table.num_rows, *(counts.get(status, 0) for status in ("ok", "rejected", "failed"))]
        rows.append([phase, *map(str, figures), share, f"{kept_s:.1f}", *_cost(storage, phase, counts.get("ok", 0))])
        reasons.update(f"{phase}: {r.split(':')[0]}" for many in table["reasons"].to_pylist() for r in many or ())
        errors.update(f"{phase}: {e}" for e in table["error_type"].to_pylist() if e)
    names = ["", "rows", "ok", "rejected", "failed", "kept", "kept s", "wall s", "CPU s", "per ok"]
    print_table(str(storage.root), names, rows)
    print_counts("rejected, by rule", reasons)
    print_counts("failed, by error", errors)
    return 0


def _cost(storage: Storage, phase: str, ok: int) -> list[str]:
    """Wall and CPU seconds of all runs of the phase."""
    if not storage.run_files():
        return ["", "", ""]
    sql = "SELECT sum(wall_s), sum(cpu_s) FROM runs WHERE phase = ?"
    wall_s, cpu_s = connect(storage).execute(sql, [phase]).fetchone() or (None, None)
    if wall_s is None:
        return ["", "", ""]
    return [f"{wall_s:.1f}", f"{cpu_s:.1f}", f"{cpu_s / ok:.1f}" if ok else ""]
