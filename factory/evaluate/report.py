"""What an evaluation hands over: plain tables, values for JSON, and perhaps a drawing."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.errors import ConfigError
from factory.extras import install_command
from factory.storage.local import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = str | float | int | None


@dataclass(frozen=True)
class Table:
    """Rows of cells under their headings; None (nothing could be measured) prints as `-`."""

    title: str
    names: Sequence[str]
    rows: Sequence[Sequence[Any]]  # of Cell
    decimals: int = 3

    def text(self) -> str:
        cells = [list(self.names), *[[self._cell(cell) for cell in row] for row in self.rows]]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.names))]
        words = [all(isinstance(row[i], str | None) for row in self.rows) for i in range(len(self.names))]
        lines = [
            "  ".join(
                t.ljust(w) if left else t.rjust(w) for t, w, left in zip(row, widths, words, strict=True)
            ).rstrip()
            for row in cells
        ]
        return "\n".join([self.title, *lines]) + "\n"

    def _cell(self, cell: Cell) -> str:
        if cell is None or (isinstance(cell, float) and math.isnan(cell)):
            return "-"
        return f"{cell:.{self.decimals}f}" if isinstance(cell, float) else str(cell)


@dataclass(frozen=True)
class Report:
    """`values` is what --json writes, `notes` are sentences a reader of the tables must know."""

    tables: Sequence[Table]
    values: dict[str, Any]
    notes: Sequence[str] = ()
    draw: "Callable[[Figure], None] | None" = field(default=None)

    def text(self) -> str:
        return "\n".join([*(table.text() for table in self.tables), *(f"note: {note}" for note in self.notes)])

    def write(self, json_file: Path | None, plot_file: Path | None) -> None:
        """Writes the values and the drawing where asked for. Raises ConfigError when there is nothing to draw."""
        if json_file is not None:
            content = {**self.values, "notes": list(self.notes)}
            write_atomic(json_file, (json.dumps(plain(content), indent=1, allow_nan=False) + "\n").encode())
        if plot_file is not None:
            if self.draw is None:
                raise ConfigError("this evaluation has nothing to draw: leave out --plot.")
            _save(self.draw, plot_file)


def plain(value: Any) -> Any:
    """The value as JSON can hold it: numpy numbers become Python's, what is not finite becomes null."""
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def need(module: str, package: str | None = None) -> Any:
    """The optional module. Raises ConfigError naming the extra that brings it."""
    try:
        return import_module(module)
    except ImportError as error:
        name = package or module.split(".")[0]
        raise ConfigError(f"{name} is not installed: {install_command('evaluate')}.") from error


def _save(draw: "Callable[[Figure], None]", path: Path) -> None:
    need("matplotlib").use("Agg")
    figure = need("matplotlib.figure").Figure(figsize=(8, 4.5), layout="constrained")
    draw(figure)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def bars(groups: Sequence[str], series: Mapping[str, Sequence[float | None]], label: str) -> "Callable[[Figure], None]":
    """A drawing of bars: one cluster a group, one colour a series; nothing where a value is None."""

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        width = 0.8 / max(len(series), 1)
        for number, (name, values) in enumerate(series.items()):
            places = [i + (number - (len(series) - 1) / 2) * width for i in range(len(groups))]
            axes.bar(places, [math.nan if v is None else v for v in values], width, label=name)
        axes.set_xticks(range(len(groups)), groups, rotation=45, ha="right", fontsize=7)
        axes.set_ylabel(label)
        axes.legend(fontsize=7)

    return draw
