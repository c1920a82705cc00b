"""What `source=` names: a video, a folder or bucket prefix (searched), a glob, or a list of URIs.

What cannot be taken is a row too, with the reason: its failure is told by the manifest, and the others are done.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from factory.errors import GoneError, StorageError
from factory.storage import lists
from factory.storage.distinct import told_apart
from factory.storage.local import cause, walk
from factory.storage.names import is_http, path_of, real_path, scheme_of, shown_path, without_secrets
from factory.storage.open import place_of
from factory.storage.places import is_s3, normal
from factory.storage.rows import Found, listed, version_of, web

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


def find_sources(
    source: str,
    column: str = lists.DEFAULT_COLUMN,
    say: Callable[[str], None] = lambda _: None,
    patience_s: float = 120.0,
) -> pa.Table:
    """The videos that `source` names, as a table of SCHEMA, by name, each once.

    `version` is null where looking it up would cost a request for each: in a list of S3 URIs or URLs, whose sources are
    not asked whether they have changed since; and where a file cannot be looked at: its own row will say why.
    column: of a list, the one that holds the sources. say: hears what was left out. patience_s: see `open.place_of`.
    Raises StorageError when `source` names nothing.
    """
    uri = source if is_http(source) else normal(source)
    name, suffix = without_secrets(uri), Path(path_of(uri)).suffix.lower()
    folder = scheme_of(uri) in ("", "file") and Path(real_path(uri)).is_dir()
    found: Iterable[Found]
    if suffix in lists.SUFFIXES and not folder and not _is_pattern(source):
        found, hint = (
            listed(uri, suffix, column, patience_s),
            f"the list {name} names no source: put one URI in each row.",
        )
    elif is_http(uri):
        found, hint = [web(uri, looked_up=True)], ""
    elif _is_pattern(source):
        hint = f"the pattern {source} matches no file: correct it, and quote it so that the shell leaves it alone."
        found = _searched(_matching(uri, patience_s), say)
    elif is_s3(uri):
        hint = f"source {source} does not exist, or holds no video: give a video, a prefix, a glob or a list."
        found = _prefix(uri, say, patience_s)
    elif folder:
        hint = f"no video (by its name: {' '.join(VIDEO_SUFFIXES)}) was found in source folder {uri}: give another."
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


def _prefix(uri: str, say: Callable[[str], None], patience_s: float) -> Iterator[Found]:
    """An object of that name, else the videos below the prefix."""
    place = place_of(uri, patience_s)
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
    yield from _searched((Found(name, version_of(name)) for name in videos), say)
    yield from closed


def _matching(uri: str, patience_s: float) -> Iterator[Found]:
    if not is_s3(uri):
        path = Path(real_path(uri))
        try:
            for match in Path(path.anchor).glob(str(path.relative_to(path.anchor))):
                if not match.is_dir():
                    name = shown_path(str(match))
                    yield Found(name, version_of(name))
        except ValueError as error:
            raise StorageError(f"the pattern {uri} is not understood: {cause(error).rstrip('.')}.") from error
        return
    from fsspec.utils import glob_translate

    fixed = re.split(r"[*?\[]", uri, maxsplit=1)[0].rpartition("/")[0]
    if len(fixed) <= len("s3://"):
        raise StorageError(f"the pattern {uri} leaves the bucket open: name it.")
    wanted = re.compile(glob_translate(uri))
    yield from (Found(e.uri, e.version) for e in place_of(uri, patience_s).entries(fixed) if wanted.match(e.uri))


def _searched(found: Iterable[Found], say: Callable[[str], None]) -> Iterator[Found]:
    """Without the companions that macOS writes beside files on foreign disks; how many there were is said."""
    skipped = 0
    for row in found:
        if row.source.rpartition("/")[2].startswith("._") and _is_companion(row.source):
            skipped += 1
        else:
            yield row
    if skipped:
        say(f"left out {skipped} hidden ._ file{'s' * (skipped > 1)} that macOS writes beside others.")


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


def _is_video(uri: str) -> bool:
    return uri.lower().endswith(VIDEO_SUFFIXES)


def _is_pattern(source: str) -> bool:
    """Names with brackets in them exist; such a file or folder is no pattern. In a URL ? begins the query."""
    if is_http(source) or not any(mark in source for mark in "*?["):
        return False
    return is_s3(source) or not Path(real_path(normal(source))).exists()
