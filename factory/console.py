"""What people see: progress while a run works, tables at its end."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from factory.phases.phase import Phase
from factory.phases.run import Plan, Summary
from factory.storage import Storage

LOG_EVERY_S = 10.0
MOST_REASONS = 12


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
    """One table: clips per status and seconds per stage; then why clips were rejected and what failed."""
    console = _console()
    table = Table(title=f"{storage.root}", title_justify="left")
    for name in ("phase", "inputs", "done before", "ok", "rejected", "failed", "wall s", "start s", "CPU s", "stage s"):
        table.add_column(name, justify="left" if name in ("phase", "stage s") else "right")
    for s in summaries:
        dearest = sorted(s.stage_seconds.items(), key=lambda item: -item[1])
        stages = "\n".join(f"{stage} {seconds:.1f}" for stage, seconds in dearest)
        counts = [str(s.counts[status]) for status in ("ok", "rejected", "failed")]
        times = [f"{s.wall_s:.1f}", f"{s.start_up_s:.1f}", f"{s.cpu_s:.1f}"]
        table.add_row(s.phase, str(s.inputs), str(s.committed_before), *counts, *times, stages)
    console.print(table)
    print_counts("rejected, by rule", {f"{s.phase}: {k}": n for s in summaries for k, n in s.reasons.items()})
    print_counts("failed, by error", {f"{s.phase}: {k}": n for s in summaries for k, n in s.errors.items()})


def print_counts(title: str, counts: Mapping[str, int]) -> None:
    if not counts:
        return
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(justify="left")
    table.add_column(justify="right")
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    for name, count in ranked[:MOST_REASONS]:
        table.add_row(name, str(count))
    if len(ranked) > MOST_REASONS:
        table.add_row(f"{len(ranked) - MOST_REASONS} more", str(sum(n for _, n in ranked[MOST_REASONS:])))
    _console().print(table)


def print_plan(plans: Sequence[tuple[Phase, Plan]], engine: str, workers: int) -> None:
    """What is left, per phase. A phase's clips are known once the phase before it has run."""
    table = Table(title=f"engine {engine}, {workers} workers of 1 CPU", title_justify="left")
    for name in ("phase", "inputs known", "committed", "to do", "shards", "time limit s", "stages"):
        table.add_column(name, justify="left" if name in ("phase", "stages") else "right")
    for phase, plan in plans:
        figures = [len(plan.units), len(plan.units) - len(plan.todo), len(plan.todo), len(plan.shards)]
        stages = " > ".join(type(stage).__name__ for stage in phase.stages)
        table.add_row(phase.name, *map(str, figures), f"{phase.timeout_s:g}", stages)
    _console().print(table)
    if any(not plan.units for _, plan in plans[1:]):
        _console().print("A phase's inputs are the clips that pass the phase before it; they grow as that one works.")


def print_table(title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left")
    for index, name in enumerate(names):
        table.add_column(name, justify="left" if index == 0 else "right")
    for row in rows:
        table.add_row(*row)
    _console().print(table)


def _console() -> Console:
    """Wide when nobody sits before it: a log is searched, not looked at."""
    return Console(width=None if sys.stdout.isatty() else 180, highlight=False)
