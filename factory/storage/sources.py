"""What `source=` names: a video, a folder or bucket prefix (searched), a glob, or a list of URIs.

What cannot be taken is a row too, with the reason: its failure is told by the manifest, and the others are done.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from factory.errors import GoneError, SourceError, StorageError
from factory.storage import lists
from factory.storage.distinct import told_apart
from factory.storage.local import cause, walk
from factory.storage.names import is_http, path_of, real_path, scheme_of, shown_path, without_secrets
from factory.storage.places import is_s3, normal, place_of

VIDEO_SUFFIXES = (
    *(".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg"),
    *(".mpg", ".mts", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
)
SCHEMA = pa.schema(
    [
        ("source", pa.string()),  # its name: see `names`
        ("version", pa.string()),  # size and time of change or ETag; null where it is not known
        ("location", pa.string()),  # the whole URL where the name leaves something out
        ("problem", pa.string()),  # why it cannot be taken
        ("extra", pa.map_(pa.string(), pa.string())),  # the other columns of a list
    ]
)
BATCH_ROWS = lists.BATCH_ROWS
APPLE_DOUBLE = bytes.fromhex("00051607")  # how the companions begin that macOS writes as ._name


class Found(NamedTuple):
    """A row of SCHEMA."""

    source: str
    version: str | None = None
    location: str | None = None
    problem: str | None = None
    extra: tuple[tuple[str, str], ...] | None = None


def find_sources(
    source: str, column: str = lists.DEFAULT_COLUMN, say: Callable[[str], None] = lambda _: None
) -> pa.Table:
    """The videos that `source` names, as a table of SCHEMA, by name, each once.

    `version` is null where looking it up would cost a request for each: in a list of S3 URIs or URLs, whose sources are
    not asked whether they have changed since; and where a file cannot be looked at: its own row will say why.
    column: of a list, the one that holds the sources. say: hears what was left out. Raises StorageError when `source`
    names nothing.
    """
    uri = source if is_http(source) else normal(source)
    name, suffix = without_secrets(uri), Path(path_of(uri)).suffix.lower()
    folder = scheme_of(uri) in ("", "file") and Path(real_path(uri)).is_dir()
    found: Iterable[Found]
    if suffix in lists.SUFFIXES and not folder and not _is_pattern(source):
        found, hint = _listed(uri, suffix, column), f"the list {name} names no source: put one URI in each row."
    elif is_http(uri):
        found, hint = [_web(uri, looked_up=True)], ""
    elif _is_pattern(source):
        hint = f"the pattern {source} matches no file: correct it, and quote it so that the shell leaves it alone."
        found = _searched(_matching(uri), say)
    elif is_s3(uri):
        hint = f"source {source} does not exist, or holds no video: give a video, a prefix, a glob or a list."
        found = _prefix(uri, say)
    elif folder:
        hint = f"no video (by its name: {' '.join(VIDEO_SUFFIXES)}) lies in source folder {uri}: give another."
        found = _folder(uri, say)
    elif os.path.lexists(real_path(uri)):
        found, hint = [Found(uri, place_of(uri).entry(uri).version)], ""
    else:
        told = f"give a video, a folder, a glob or a list ({' '.join(lists.SUFFIXES)})"
        raise StorageError(f"source {name} does not exist: {told}.")
    table = _table(found)
    if not table.num_rows:
        raise StorageError(hint)
    return table


def _table(found: Iterable[Found]) -> pa.Table:
    """Sorted by name, without repeats. Built in batches: millions of names are small as Arrow, not as objects."""
    batches, rows = [], []
    for row in found:
        rows.append(row)
        if len(rows) == BATCH_ROWS:
            batches.append(_batch(rows))
            rows = []
    table = told_apart(pa.Table.from_batches([*batches, _batch(rows)], SCHEMA).sort_by("source").combine_chunks())
    names = table["source"]
    if len(names) < 2:
        return table
    new = pc.not_equal(names.slice(1), names.slice(0, len(names) - 1)).combine_chunks()
    return table.filter(pa.concat_arrays([pa.array([True]), new]))


def _batch(rows: list[Found]) -> pa.RecordBatch:
    arrays = [pa.array([row[i] for row in rows], kind) for i, kind in enumerate(SCHEMA.types)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _prefix(uri: str, say: Callable[[str], None]) -> Iterator[Found]:
    """An object of that name, else the videos below the prefix."""
    place = place_of(uri)
    if Path(uri).suffix:
        try:
            entry = place.entry(uri)
        except GoneError:
            pass
        else:
            yield Found(entry.uri, entry.version)
            return
    yield from _searched((Found(e.uri, e.version) for e in place.entries(uri) if _is_video(e.uri)), say)


def _folder(uri: str, say: Callable[[str], None]) -> Iterator[Found]:
    closed: list[Found] = []

    def refused(error: OSError) -> None:
        name = shown_path(str(error.filename))
        if name == uri:
            raise StorageError(f"folder {uri} cannot be read ({cause(error)}).") from error
        closed.append(Found(name, problem=f"folder {name} cannot be read ({cause(error)}): its videos are not known."))

    videos = (name for name in walk(uri, refused) if _is_video(name))
    yield from _searched((Found(name, _version(name)) for name in videos), say)
    yield from closed


def _matching(uri: str) -> Iterator[Found]:
    if not is_s3(uri):
        path = Path(real_path(uri))
        try:
            for match in Path(path.anchor).glob(str(path.relative_to(path.anchor))):
                if not match.is_dir():
                    name = shown_path(str(match))
                    yield Found(name, _version(name))
        except ValueError as error:
            raise StorageError(f"the pattern {uri} is not understood: {cause(error).rstrip('.')}.") from error
        return
    from fsspec.utils import glob_translate

    fixed = re.split(r"[*?\[]", uri, maxsplit=1)[0].rpartition("/")[0]
    if len(fixed) <= len("s3://"):
        raise StorageError(f"the pattern {uri} leaves the bucket open: name it.")
    wanted = re.compile(glob_translate(uri))
    yield from (Found(e.uri, e.version) for e in place_of(uri).entries(fixed) if wanted.match(e.uri))


def _searched(found: Iterable[Found], say: Callable[[str], None]) -> Iterator[Found]:
    """Without the companions that macOS writes beside files on foreign disks; how many there were is said."""
    skipped = 0
    for row in found:
        if row.source.rpartition("/")[2].startswith("._") and _is_companion(row.source):
            skipped += 1
        else:
            yield row
    if skipped:
        say(f"left out {skipped} hidden ._ file{'s' * (skipped > 1)} of macOS, which hold no video.")


def _is_companion(name: str) -> bool:
    """By its first bytes; in a bucket by its name alone, for each look costs a request."""
    if is_s3(name):
        return True
    try:
        place_of(name).entry(name)  # no pipe: opening one would wait
        with Path(real_path(name)).open("rb") as file:
            return file.read(4) == APPLE_DOUBLE
    except (OSError, StorageError):
        return False


def _listed(uri: str, suffix: str, column: str) -> Iterator[Found]:
    name = without_secrets(uri)
    try:
        if is_http(uri):
            from factory.storage.http import Http

            content = Http().read(uri)
        else:
            place = place_of(uri)
            content = place.read(place.entry(uri).uri)
    except SourceError as error:
        raise StorageError(f"the list {error}") from error
    base = name.rpartition("/")[0]
    try:
        for row in lists.rows_of(content, suffix, column):
            yield _of_row(row, name, base)
    except StorageError as error:
        raise StorageError(f"the list {name} cannot be taken: {error}.") from error


def _of_row(row: lists.ListRow, list_name: str, base: str) -> Found:
    extra = tuple((_readable(key), _readable(value)) for key, value in row.extra.items() if value) or None
    if row.problem is not None:
        told = f"row {row.number} of the list {list_name} cannot be taken: {row.problem}."
        return Found(f"{list_name}:{row.number}", None, None, told, extra)
    return _named(row.source, base)._replace(extra=extra)


def _named(text: str, base: str) -> Found:
    """A cell of a list. A relative path begins at the list's folder."""
    whole = text if scheme_of(text) or text.startswith("/") else f"{base}/{text}"
    if is_http(whole):
        return _web(_readable(whole), looked_up=False)
    if not scheme_of(whole):
        whole = _spelt(whole)
    try:
        name = normal(_readable(whole) if scheme_of(whole) else whole)
    except StorageError as error:
        return Found(without_secrets(_readable(whole)), problem=str(error))
    return Found(name, None if is_s3(name) else _version(name))


def _web(url: str, looked_up: bool) -> Found:
    """looked_up: whether the server is asked for the version."""
    name = without_secrets(url)
    host = name.partition("://")[2].partition("/")[0]
    if not host or any(character.isspace() for character in host):
        return Found(name, problem=f"{name} is no URL of a file: it names no server.")
    version = None
    if looked_up:
        from factory.storage.http import Http

        with suppress(StorageError):  # its own row will say why
            version = Http().entry(url).version
    return Found(name, version, None if url == name else url)


def _spelt(path: str) -> str:
    """The path in a list that is not UTF-8: by its bytes where such a file is there, else as Windows writes text."""
    return path if os.path.lexists(real_path(path)) else _readable(path)


def _readable(text: str) -> str:
    """Text of a list with bytes that are not UTF-8 read as Windows-1252, or else Latin-1, which knows them all."""
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _version(name: str) -> str | None:
    try:
        return place_of(name).entry(name).version
    except StorageError:
        return None


def _is_video(uri: str) -> bool:
    return uri.lower().endswith(VIDEO_SUFFIXES)


def _is_pattern(source: str) -> bool:
    """Names with brackets in them exist; such a file or folder is no pattern. In a URL ? begins the query."""
    if is_http(source) or not any(mark in source for mark in "*?["):
        return False
    return is_s3(source) or not Path(real_path(normal(source))).exists()
