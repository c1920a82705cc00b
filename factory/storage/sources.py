"""What `source=` names: a video, a folder or bucket prefix (searched), a glob, or a CSV/Parquet list of URIs."""

import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from factory.errors import GoneError, StorageError
from factory.storage.local import walk
from factory.storage.places import is_s3, normal, place_of

VIDEO_SUFFIXES = (
    *(".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg"),
    *(".mpg", ".mts", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
)
LIST_SUFFIXES = (".csv", ".parquet")
SCHEMA = pa.schema([("source", pa.string()), ("version", pa.string())])
BATCH_ROWS = 10_000

Found = tuple[str, str | None]  # URI and version


def find_sources(source: str) -> pa.Table:
    """The videos that `source` names, as a table of `source` (URI) and `version` (size and time or ETag), by URI.

    `version` is null where looking it up would cost a request for each: in a list of S3 URIs, which is taken at its
    word, and where a file cannot be looked at: its own row will say why. Raises StorageError when it names nothing.
    """
    uri = normal(source)
    found: Iterable[Found]
    if Path(uri).suffix.lower() in LIST_SUFFIXES and not _is_pattern(source):
        found, hint = _listed(uri), f"the list {uri} names no source: put one URI a row in its column 'source'."
    elif _is_pattern(source):
        hint = f"the pattern {source} matches no file: mend it, and quote it so that the shell leaves it alone."
        found = _matching(uri)
    elif is_s3(uri):
        hint = f"source {source} does not exist, or holds no video: give a video, a prefix, a glob or a list."
        found = _prefix(uri)
    elif Path(uri).is_dir():
        hint = f"no video (by its name: {' '.join(VIDEO_SUFFIXES)}) lies in source folder {uri}: give another."
        found = ((path, _version(path)) for path in walk(uri) if _is_video(path))
    elif Path(uri).is_file():
        found, hint = [(uri, _version(uri))], ""
    else:
        raise StorageError(f"source {source} does not exist: give a video, a folder, a glob or a CSV/Parquet list.")
    table = _table(found)
    if not table.num_rows:
        raise StorageError(hint)
    return table


def _table(found: Iterable[Found]) -> pa.Table:
    """Sorted by URI, without repeats. Built in batches: millions of URIs are small as Arrow, not as Python objects."""
    batches, rows = [], []
    for row in found:
        rows.append(row)
        if len(rows) == BATCH_ROWS:
            batches.append(_batch(rows))
            rows = []
    table = pa.Table.from_batches([*batches, _batch(rows)], SCHEMA).sort_by("source").combine_chunks()
    uris = table["source"]
    if len(uris) < 2:
        return table
    new = pc.not_equal(uris.slice(1), uris.slice(0, len(uris) - 1)).combine_chunks()
    return table.filter(pa.concat_arrays([pa.array([True]), new]))


def _batch(rows: list[Found]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([r[i] for r in rows], pa.string()) for i in range(2)], schema=SCHEMA)


def _prefix(uri: str) -> Iterator[Found]:
    """An object of that name, else the videos below the prefix."""
    place = place_of(uri)
    if Path(uri).suffix:
        try:
            entry = place.entry(uri)
        except GoneError:
            pass
        else:
            yield entry.uri, entry.version
            return
    yield from ((e.uri, e.version) for e in place.entries(uri) if _is_video(e.uri))


def _matching(uri: str) -> Iterator[Found]:
    if not is_s3(uri):
        anchor = Path(Path(uri).anchor)
        for path in anchor.glob(str(Path(uri).relative_to(anchor))):
            if path.is_file():
                yield str(path), _version(str(path))
        return
    from fsspec.utils import glob_translate

    fixed = re.split(r"[*?\[]", uri, maxsplit=1)[0].rpartition("/")[0]
    if len(fixed) <= len("s3://"):
        raise StorageError(f"the pattern {uri} leaves the bucket open: name it.")
    wanted = re.compile(glob_translate(uri))
    yield from ((e.uri, e.version) for e in place_of(uri).entries(fixed) if wanted.match(e.uri))


def _listed(uri: str) -> Iterator[Found]:
    content = io.BytesIO(place_of(uri).read(uri))
    try:
        table = pyarrow.csv.read_csv(content) if uri.lower().endswith(".csv") else pyarrow.parquet.read_table(content)
    except (OSError, ValueError) as error:
        raise StorageError(f"the list {uri} cannot be read ({error}): write it anew.") from error
    if "source" not in table.column_names:
        raise StorageError(f"the list {uri} has no column 'source': name the column of URIs so.")
    base = uri.rpartition("/")[0]
    for batch in table.select(["source"]).to_batches(max_chunksize=BATCH_ROWS):
        for name in filter(None, batch.column(0).to_pylist()):
            path = normal(name if name.startswith("/") or "://" in name else f"{base}/{name}")
            yield path, None if is_s3(path) else _version(path)


def _version(path: str) -> str | None:
    try:
        return place_of(path).entry(path).version
    except StorageError:
        return None


def _is_video(uri: str) -> bool:
    return uri.lower().endswith(VIDEO_SUFFIXES)


def _is_pattern(source: str) -> bool:
    """Names with brackets in them exist; such a file or folder is no pattern."""
    return any(mark in source for mark in "*?[") and (is_s3(source) or not Path(normal(source)).exists())
