"""Rows of a query for people: as a table where its columns fit, else a block a row, or as many columns as fit."""

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size

GAP = "  "
TEXT_MOST = 60  # columns of a cell of text in a table with others
TEXT_LEAST = 24  # and what it is shortened to at the most, which leaves ids whole
BLOCK_LINES = 60  # that many lines of blocks are still read; a guess: a screen or two
LIST_SHOWN = 3  # longer lists are folded
FOLDED = "[{} values]"


def lines_of(names: Sequence[str], rows: Sequence[Sequence[Any]], width: int) -> list[str]:
    """Text of rows of Python values, no line above `width` columns where it is 20 or more."""
    cells = [[_cell(value) for value in row] for row in rows]
    numbers = [all(isinstance(row[i], int | float | None) for row in rows) for i in range(len(names))]
    for most in range(TEXT_MOST, TEXT_LEAST - 1, -1):
        widths = _widths(names, cells, numbers, most)
        if sum(widths) + len(GAP) * (len(widths) - 1) <= width:
            return _table(names, cells, numbers, widths)
    if len(rows) == 1 or len(rows) * (len(names) + 1) <= BLOCK_LINES:
        return _blocks(names, cells, width)
    shown = _first_that_fit(widths, width)
    table = _table(names[:shown], [row[:shown] for row in cells], numbers, widths[:shown])
    left = len(names) - shown
    hint = f"... {left} more column{'s' if left > 1 else ''}: --columns lists them, LIMIT 1 shows a row whole"
    return [*table, shortened(hint, width)]


def shortened(text: str, most: int) -> str:
    """The text in at most so many columns, of which some letters take two. Paths lose their beginning, other text its
    end."""
    if cell_len(text) <= most:
        return text
    room = max(most - 3, 0)
    if not text.startswith(("/", "s3://")) or " " in text:
        return set_cell_size(text, room) + "..."
    end = text[len(text) - room :]
    while cell_len(end) > room:
        end = end[1:]
    return f"...{end}"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        if len(value) > LIST_SHOWN or any(isinstance(item, list | dict) for item in value):
            return FOLDED.format(len(value))
        if value and all(isinstance(item, str) for item in value):
            return "; ".join(map(_cell, value))
        return f"[{', '.join(map(_cell, value))}]"
    if isinstance(value, dict):
        return f"{{{len(value)} values}}"
    # Names of files may hold line breaks and codes that terminals obey.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(value))


def _widths(names: Sequence[str], cells: Sequence[Sequence[str]], numbers: Sequence[bool], most: int) -> list[int]:
    longest = [max([cell_len(row[i]) for row in cells], default=0) for i in range(len(names))]
    return [max(len(names[i]), n if numbers[i] else min(n, most)) for i, n in enumerate(longest)]


def _table(
    names: Sequence[str], cells: Sequence[Sequence[str]], numbers: Sequence[bool], widths: Sequence[int]
) -> list[str]:
    lines = [list(names), ["-" * width for width in widths], *cells]
    return [GAP.join(_padded(text, widths[i], numbers[i]) for i, text in enumerate(line)).rstrip() for line in lines]


def _padded(text: str, width: int, to_the_right: bool) -> str:
    text = shortened(text, width)
    blank = " " * (width - cell_len(text))
    return blank + text if to_the_right else text + blank


def _blocks(names: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> list[str]:
    label = max(len(name) for name in names)
    lines = []
    for number, row in enumerate(cells, 1):
        lines.append(f"-- row {number} of {len(cells)} --")
        lines += [shortened(f"{name:{label}}{GAP}{text}", width) for name, text in zip(names, row, strict=True)]
    return lines


def _first_that_fit(widths: Sequence[int], width: int) -> int:
    used, shown = -len(GAP), 0
    for each in widths:
        used += len(GAP) + each
        if used > width and shown:
            break
        shown += 1
    return shown
