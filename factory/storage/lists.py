"""Lists of sources: CSV and its kin (any usual separator and encoding), JSON lines, plain text, Parquet.

Every cell is text: 0123 stays 0123. A row that cannot be read is a row all the same, with what is wrong with it.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from factory.errors import StorageError

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".txt", ".parquet")
DEFAULT_COLUMN = "source"
OTHER_NAMES = ("url", "uri", "path", "video", "file", "filename")  # taken where exactly one of them is there
SEPARATORS = (",", ";", "\t", "|")
BATCH_ROWS = 10_000
_LINE_END = re.compile("\r\n|\r|\n")
_HALF_CHARACTERS = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # JSON can hold them, no encoding can
_BOMS = (
    *((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")),
    *((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")),  # behind UTF-32's, which begin alike
)


@dataclass(frozen=True)
class ListRow:
    """`source` as it stands in the list, without blanks around it; bytes that are not UTF-8 as lone surrogates (PEP
    383), for they may be a file's name. `extra`: the other columns. `problem`: why the row names no source."""

    number: int
    source: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None


def rows_of(content: bytes, suffix: str, column: str) -> Iterator[ListRow]:
    """Rows numbered as lines, or from 1 in Parquet. `column` holds the sources; where it is the default and not there,
    the only one with another usual name. Empty lines are left out. Raises StorageError when there is no such column,
    and when the content is none of its format."""
    if suffix == ".parquet":
        return _parquet(content, column)
    text = _decoded(content)
    if suffix == ".txt":
        return (ListRow(number, line.strip()) for number, line in enumerate(_lines(text), 1) if line.strip())
    return _json(text, column) if suffix in (".jsonl", ".ndjson") else _csv(text, column)


def _csv(text: str, column: str) -> Iterator[ListRow]:
    first, separator = _header(text, column)
    names = [name.strip() for name in first]
    at = names.index(_column(names, column))
    for number, cells in _cells(text, separator):
        if len(names) == 1:  # a comma is no separator where there is nothing to separate
            cells = [separator.join(cells)]
        if not any(cell.strip() for cell in cells):
            continue
        while not cells[-1].strip():
            cells.pop()
        problem = None if len(cells) <= len(names) else f"it has {len(cells)} cells, the header {len(names)}"
        extra = {names[i]: cell.strip() for i, cell in enumerate(cells[: len(names)]) if i != at}
        yield _row(number, cells[at] if at < len(cells) else "", extra, problem)


def _header(text: str, column: str) -> tuple[list[str], str]:
    """Its cells, and the separator that finds most of them and the column. Raises StorageError where none does."""
    line = next((line for line in _lines(text) if line.strip()), "")
    found = [(next(csv.reader([line], delimiter=separator), []), separator) for separator in SEPARATORS]
    having = [(names, separator) for names, separator in found if _find([n.strip() for n in names], column)]
    names, separator = max(having or found, key=lambda each: len(each[0]))
    _column([name.strip() for name in names], column)
    return names, separator


def _cells(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Rows below the header with the lines they end on; line by line where a quote is left open somewhere, so that it
    swallows no other row."""
    text = text.replace("\0", "\ufffd")  # which no name can hold, and csv refuses before Python 3.11
    csv.field_size_limit(2**31 - 1)

    def whole() -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        yield from ((reader.line_num, cells) for cells in reader)

    def each_line() -> Iterator[tuple[int, list[str]]]:
        for number, line in enumerate(_lines(text), 1):
            try:
                yield number, next(csv.reader([line], delimiter=separator, strict=True), [])
            except csv.Error:
                yield number, next(csv.reader([line], delimiter=separator, quoting=csv.QUOTE_NONE), [])

    try:
        for _ in whole():
            pass
        rows = whole()
    except csv.Error:
        rows = each_line()
    filled = (row for row in rows if any(cell.strip() for cell in row[1]))
    next(filled, None)
    return filled


def _json(text: str, column: str) -> Iterator[ListRow]:
    """Each line an object, or a string that is the source."""
    for number, line in enumerate(_lines(text), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            yield ListRow(number, problem="it is not JSON")
            continue
        if isinstance(value, dict):
            name = _find(list(value), column)
            extra = {_text(key): _text(each) for key, each in value.items() if key != name and each is not None}
            yield _row(number, _text(value[name]) if name is not None else "", extra)
        else:
            yield _row(number, _text(value) if isinstance(value, str) else "", {})


def _parquet(content: bytes, column: str) -> Iterator[ListRow]:
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        name = _column(file.schema_arrow.names, column)
        number = 0
        for batch in file.iter_batches(BATCH_ROWS):
            for row in batch.to_pylist():
                number += 1
                extra = {key: _text(each) for key, each in row.items() if key != name and each is not None}
                yield _row(number, _text(row[name]), extra)
    except (OSError, pa.ArrowException) as error:
        raise StorageError(f"it is not Parquet, or cut off ({str(error).splitlines()[0]})") from error


def _row(number: int, source: str, extra: Mapping[str, str], problem: str | None = None) -> ListRow:
    source = source.strip()
    return ListRow(number, source, extra, problem or (None if source else "it names no source"))


def _column(names: Sequence[str], column: str) -> str:
    found = _find(names, column)
    if found is None:
        there = ", ".join(repr(name) for name in names[:8]) or "none"
        raise StorageError(f"it has no column '{column}' (but {there}): name the column of URIs with source_column=")
    return found


def _find(names: Sequence[str], column: str) -> str | None:
    """The column as it is written there: in any case, or the only other usual name in the place of the default."""
    if column in names:
        return column
    wanted = (column.lower(), *(OTHER_NAMES if column == DEFAULT_COLUMN else ()))
    found = [name for name in names if name.lower() in wanted]
    same = [name for name in found if name.lower() == column.lower()]
    return same[0] if same else found[0] if len(found) == 1 else None


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, list | dict):
        value = json.dumps(value, default=str, ensure_ascii=False)
    return "" if value is None else _HALF_CHARACTERS.sub("\ufffd", str(value))


def _lines(text: str) -> list[str]:
    """Not as str.splitlines, which knows more ends than names of files do."""
    return _LINE_END.split(text)


def _decoded(content: bytes) -> str:
    """By its byte order mark, or the zeros that UTF-16 puts between ASCII characters; else UTF-8."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, "surrogateescape" if encoding == "utf-8-sig" else "replace")
    if len(content) > 1 and 0 in content[:2]:
        return content.decode("utf-16-be" if content[0] == 0 else "utf-16-le", "replace")
    return content.decode("utf-8", "surrogateescape")
