"""The funnel of an output: clips per phase and status, reasons, failures by type, and what it cost."""

import argparse
from typing import Any

from factory.console.notes import print_prior_notes
from factory.console.summary import STATUSES, print_holdings, print_retry, ranked
from factory.console.tables import duration, print_counts, print_table, say
from factory.manifest.funnel import Funnel, funnels
from factory.phases.estimate import run_rows
from factory.storage.lease import EXPIRE_S, ago, holder
from factory.storage.output import Storage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", help="the output of a run")


def call(options: argparse.Namespace) -> int:
    storage = Storage.at(options.output)
    if not _tell_of_a_run(storage):
        storage.committed_phases()  # says what is wrong where nothing lies
    found = funnels(storage)
    if not found:
        return 0
    print_holdings(storage.root, found)
    print_counts("rejected", [(f.phase, int(n), reason) for f in found for reason, n in ranked(f.reasons)])
    print_counts("failed", [(f.phase, int(n), error) for f in found for error, n in ranked(f.errors)])
    print_prior_notes(storage)
    _print_costs(run_rows(storage), found)
    print_retry(found)
    return 0


def _tell_of_a_run(storage: Storage) -> bool:
    """Whether a run holds the output."""
    if (found := holder(storage)) is None:
        return False
    run, age_s = found
    say(f"run {run.get('run_id')} on {run.get('host')}, process {run.get('pid')}, {ago(age_s)}:")
    say(f"  {_at(run)}")
    if run.get("oldest"):
        say(f"  oldest in flight: {run['oldest']}")
    if age_s > EXPIRE_S:
        say("  no sign of life since: run the same command again to go on where it ended")
    say()
    return True


def _at(run: dict[str, Any]) -> str:
    """What a run is at, by its lease; it may have begun a moment ago and not said yet."""
    if not run.get("phase"):
        return "starting"
    if "todo" not in run:
        return str(run["phase"])
    if run.get("workers") == 0 and not run.get("done"):
        words = ", starting workers"
    else:
        words = "".join(f", {run[status]} {status}" for status in STATUSES if run.get(status))
    return f"{run['phase']}, {run.get('done')} of {run['todo']} done{words}"


def _print_costs(runs: list[dict[str, Any]], found: list[Funnel]) -> None:
    """Wall, CPU and GPU time of all runs that ended, and what a clip that a phase accepted cost of each."""
    rows = []
    for funnel in found:
        mine = [row for row in runs if row["phase"] == funnel.phase]
        if not mine:
            continue
        wall_s, cpu_s, gpu_s = (sum(row.get(name) or 0.0 for row in mine) for name in ("wall_s", "cpu_s", "gpu_s"))
        cells = [funnel.phase, duration(wall_s)]
        for seconds in (cpu_s, gpu_s):
            each = seconds / funnel.counts["ok"] if funnel.counts.get("ok") else 0.0
            cells += [duration(seconds) if seconds else "", duration(each) if each else ""]
        rows.append(cells)
    if rows:
        print_table("cost of all runs", ("", "wall", "CPU", "CPU per ok", "GPU", "GPU per ok"), rows)
    _print_models(runs)


def _print_models(runs: list[dict[str, Any]]) -> None:
    """How busy each model was, and how long clips waited for models."""
    rows = []
    for run in runs:
        replicas = dict(run.get("model_replicas") or ())
        waited = (run.get("waited_s") or 0.0) / max(run["wall_s"] * (run.get("workers") or 1), 1e-9)
        for name, busy_s in run.get("model_seconds") or ():
            busy = busy_s / max(run["wall_s"] * replicas.get(name, 1), 1e-9)
            rows.append(
                [name, run["phase"], str(replicas.get(name, 1)), duration(busy_s), f"{busy:.0%}", f"{waited:.0%}"]
            )
    if rows:
        print_table("models", ("", "phase", "replicas", "busy", "of the time", "workers waited"), rows)
