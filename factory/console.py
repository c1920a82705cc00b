"""What people see: progress while a run works, tables at its end."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from factory.phases.phase import Phase
from factory.phases.run import Plan, Summary
from factory.storage import Storage

LOG_EVERY_S = 10.0
STATUSES = ("ok", "rejected", "failed")


@contextmanager
def progress() -> Iterator[Callable[[Summary], None]]:
    """Bars on a terminal, a line now and then in a log."""
    if not sys.stderr.isatty():
        yield _line_logger()
        return
    columns = (
        TextColumn("{task.description:8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[counts]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bars:
        tasks: dict[str, int] = {}

        def show(summary: Summary) -> None:
            if summary.phase not in tasks:
                tasks[summary.phase] = bars.add_task(summary.phase, total=summary.todo, counts="")
            bars.update(tasks[summary.phase], completed=summary.done, counts=_counts(summary))  # type: ignore[arg-type]

        yield show


def _line_logger() -> Callable[[Summary], None]:
    last: dict[str, float] = {}

    def show(summary: Summary) -> None:
        now = time.monotonic()
        if summary.done < summary.todo and now - last.get(summary.phase, -LOG_EVERY_S) < LOG_EVERY_S:
            return
        last[summary.phase] = now
        text = f"{summary.phase}: {summary.done} of {summary.todo} done, {summary.committed_before} before"
        print(f"{time.strftime('%H:%M:%S')} {text}  {_counts(summary)}".rstrip(), file=sys.stderr, flush=True)

    return show


def _counts(summary: Summary) -> str:
    return " ".join(f"{status} {n}" for status, n in summary.counts.items() if n)


def print_summary(summaries: Sequence[Summary], storage: Storage) -> None:
    """One table: of each phase the clips per status and the costs, under it why clips were rejected, what failed, and
    the seconds of each stage."""
    table = _table(str(storage.root), ("", "in", "before", "ok", "rejected", "failed", "wall s", "CPU s"))
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


def print_plan(plans: Sequence[tuple[Phase, Plan]], engine: str, workers: int) -> None:
    """What is left, per phase. A phase's clips are known once the phase before it has run."""
    title = f"engine {engine}, workers: {workers} of 1 CPU"
    table = _table(title, ("", "inputs known", "committed", "to do", "shards", "limit s"))
    for phase, plan in plans:
        figures = [len(plan.units), len(plan.units) - len(plan.todo), len(plan.todo), len(plan.shards)]
        table.add_row(phase.name, *map(str, figures), f"{phase.timeout_s:g}")
        for stage in phase.stages:
            table.add_row(f"  {type(stage).__name__}")
    _console().print(table)
    if any(not plan.units for _, plan in plans[1:]):
        _console().print("A phase's inputs are the clips that pass the phase before it; they grow as that one works.")


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
