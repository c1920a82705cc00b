"""What people see: progress while a run works, tables at its end."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from factory.engine.in_flight import Flight
from factory.engine.placement import Node
from factory.phases.estimate import Pace
from factory.phases.phase import Phase
from factory.phases.run import Plan, Summary
from factory.storage.output import Storage

LOG_EVERY_S = 10.0
BEAT_AFTER_S = 30.0  # an item that takes longer than this is named
STATUSES = ("ok", "rejected", "failed")


class Progress:
    """What a run tells while it works: bars on a terminal, in a log a line now and then."""

    def __init__(self, flight: Flight, bars: Bars | None) -> None:
        self._flight, self._bars = flight, bars
        self._tasks: dict[str, Any] = {}
        self._now: Summary | None = None
        self._last_s = {"progress": -LOG_EVERY_S, "beat": 0.0}

    def __call__(self, summary: Summary) -> None:
        begun = self._now is None or self._now.phase != summary.phase
        self._now = summary
        if self._bars is not None:
            if summary.phase not in self._tasks:
                self._tasks[summary.phase] = self._bars.add_task(summary.phase, total=summary.todo, counts="")
            self._bars.update(self._tasks[summary.phase], completed=summary.done, counts=_counts(summary))
        elif begun or summary.done >= summary.todo or self._due("progress", LOG_EVERY_S):
            text = f"{summary.phase}: {summary.done} of {summary.todo} done, {summary.committed_before} before"
            self.say(f"{text}  {_counts(summary)}".rstrip())

    def state(self) -> dict[str, Any]:
        """For the lease, which asks every few seconds: how far the run is, and the oldest item in flight. Where nothing
        has ended for a while, the log hears of that item too."""
        summary, oldest = self._now, self._flight.ask()
        if summary is None:
            return {}
        if oldest is not None and oldest.seconds > BEAT_AFTER_S and self._due("beat", BEAT_AFTER_S):
            self.say(f"{summary.phase}: {summary.done} of {summary.todo} done; oldest in flight: {oldest}")
        figures = {"phase": summary.phase, "todo": summary.todo, "done": summary.done, **summary.counts}
        return {**figures, "oldest": None if oldest is None else str(oldest)}

    def say(self, text: str) -> None:
        if self._bars is not None:
            self._bars.console.print(text, highlight=False)
        else:
            print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)

    def _due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        if now - self._last_s[what] < every_s:
            return False
        self._last_s[what] = now
        return True


@contextmanager
def progress(flight: Flight) -> Iterator[Progress]:
    if not sys.stderr.isatty():
        yield Progress(flight, None)
        return
    columns = (
        TextColumn("{task.description:8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[counts]}"),
    )
    with Bars(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bars:
        yield Progress(flight, bars)


def _counts(summary: Summary) -> str:
    return " ".join(f"{status} {n}" for status, n in summary.counts.items() if n)


def print_summary(summaries: Sequence[Summary], storage: Storage) -> None:
    """One table: of each phase the clips per status and the costs, under it why clips were rejected, what failed, and
    the seconds of each stage."""
    table = _table(storage.root, ("", "in", "before", "ok", "rejected", "failed", "wall s", "CPU s"))
    for s in summaries:
        counts = [str(s.counts[status]) for status in STATUSES]
        table.add_row(s.phase, str(s.inputs), str(s.committed_before), *counts, f"{s.wall_s:.1f}", f"{s.cpu_s:.1f}")
        if s.start_up_s:
            table.add_row("  (start-up)", *[""] * 5, f"{s.start_up_s:.1f}")
        for reason, count in _ranked(s.reasons):
            table.add_row(f"  {reason}", *[""] * 3, str(count))
        for error, count in _ranked(s.errors):
            table.add_row(f"  {error}", *[""] * 4, str(count))
        for stage, seconds in _ranked(s.stage_seconds):
            table.add_row(f"  {stage}", *[""] * 5, f"{seconds:.1f}")
    _console().print(table)


def print_counts(title: str, counts: Mapping[str, int]) -> None:
    if counts:
        table = _table(title, ("", "clips"))
        for name, count in _ranked(counts):
            table.add_row(name, str(count))
        _console().print(table)


def _ranked(counts: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def print_plan(
    plans: Sequence[tuple[Phase, Plan]], nodes: Sequence[Node], workers: Mapping[str, int], paces: Mapping[str, Pace]
) -> None:
    """What is left, per phase, and where it would run: so many workers of these CPUs, GPUs and GB each, and the hours
    that takes by what past runs took. A phase's clips are known once the phase before it has run."""
    names = ("", "inputs known", "committed", "to do", "shards", "workers", "CPUs", "GPUs", "GB", "hours", "GPU h")
    table = _table("; ".join(map(str, nodes)), names)
    for phase, plan in plans:
        todo, count, each = len(plan.todo), workers[phase.name], phase.resources
        figures = [len(plan.inputs), len(plan.inputs) - todo, todo, len(plan.shards), count]
        shares = [f"{share:g}" for share in (each.cpus, each.gpus, each.memory_gb)]
        pace = paces.get(phase.name)
        hours = [f"{todo * pace.unit_s / 3600 / count:.2f}", f"{todo * pace.gpu_s / 3600:.2f}"] if pace else ["?", "?"]
        table.add_row(phase.name, *map(str, figures), *shares, *hours)
        for stage in dict.fromkeys(type(stage).__name__ for stage in phase.stages):
            table.add_row(f"  {stage}")
    _console().print(table)
    if any(not len(plan.inputs) for _, plan in plans[1:]):
        _console().print("A phase's inputs are the clips that pass the phase before it; they grow as that one works.")
    if any(len(plan.todo) and phase.name not in paces for phase, plan in plans):
        _console().print("Hours are known once a run of this output has ended; take a small one first.")


def print_table(title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = _table(title, names)
    for row in rows:
        table.add_row(*row)
    _console().print(table)


def _table(title: str, names: Sequence[str]) -> Table:
    """Names to the left, figures to the right, few lines: it has to fit in 80 columns."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title_style="bold")
    for index, name in enumerate(names):
        table.add_column(name, justify="left" if index == 0 else "right", no_wrap=True)
    return table


def _console() -> Console:
    """Wide when nobody sits before it: a log is searched, not looked at."""
    return Console(width=None if sys.stdout.isatty() else 180, highlight=False)
