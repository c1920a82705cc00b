"""Plain tables for terminals and logs. Text is printed as it is: a path may hold brackets or a colon."""

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

LOG_WIDTH = 180  # columns of a log, which is searched rather than looked at


def width() -> int:
    """Columns there are: as COLUMNS says, else as wide as the terminal; many where nobody sits before it."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal():
        return shutil.get_terminal_size().columns
    return LOG_WIDTH


def console() -> Console:
    return Console(width=width(), markup=False, emoji=False, highlight=False)


def say(text: str = "") -> None:
    """A line, never broken: a command in it can be copied."""
    print(text)


def print_table(title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Names to the left, figures to the right. Columns without any figure are left out."""
    say(title)
    shown = [i for i, name in enumerate(names) if not name or any(row[i] for row in rows)]
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for index in shown:
        figures = any(row[index][:1].isdigit() or row[index] == "?" for row in rows)
        table.add_column(names[index], justify="right" if index and figures else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(row[index] for index in shown))
    console().print(table)
    say()


def print_counts(title: str, rows: Sequence[tuple[str, int, str]]) -> None:
    """Under a title a line each of: the phase, how many, and what of."""
    if rows:
        say(title)
        names = max(len(name) for name, _, _ in rows)
        digits = max(len(str(count)) for _, count, _ in rows)
        for name, count, what in rows:
            say(f"  {name:{names}}  {count:{digits}}  {what}")
        say()


def duration(seconds: float) -> str:
    """As people say it: 3.2 s, 41 s, 2 min 05 s, 3 h 07 min, 2 d 4 h."""
    if seconds < 59.5:
        return f"{round(seconds, 1 if seconds < 10 else None):g} s"
    minutes, hours = round(seconds) // 60, round(seconds / 60) // 60
    if minutes < 60:
        return f"{minutes} min {round(seconds) % 60:02d} s"
    if hours < 48:
        return f"{hours} h {round(seconds / 60) % 60:02d} min"
    return f"{hours // 24} d {hours % 24} h"


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def as_typed(root: str) -> str:
    """A place or a file as a shell takes it, by the shorter of its names."""
    if "://" not in root and Path(root).is_relative_to(Path.cwd()):
        root = str(Path(root).relative_to(Path.cwd()))
    return shlex.quote(root)


def program() -> str:
    """How a shell calls this command again: by its path where it was called so, and the name would find none or
    another, as in an environment that is not active."""
    called, found = Path(sys.argv[0]), shutil.which("factory")
    if called.name != "factory" or (found and Path(found).resolve() == called.resolve()):
        return "factory"
    return as_typed(str(called))
