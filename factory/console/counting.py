"""Progress of work that is a number of things: a bar on a terminal, lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Say = Callable[[str], None]
Step = Callable[[], int]


@contextmanager
def counting(what: str, total: int) -> Iterator[tuple[Say, Step]]:
    """Gives what prints a line, and what is called with each thing done and returns how many are. The first line comes
    before any is done: one may take minutes."""
    numbers = count(1)
    if not sys.stdout.isatty():
        print(f"{what}: 0 of {total}", flush=True)
        yield (lambda text: print(text, flush=True)), (lambda: next(numbers))
        return
    console = Console(markup=False, emoji=False, highlight=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)

        def step() -> int:
            bar.advance(task)
            return next(numbers)

        yield (lambda text: console.print(text, soft_wrap=True)), step
