"""Tidying a finished phase, so that any Parquet reader finds each clip once and none whose source is gone."""

from contextlib import suppress

import pyarrow as pa
import pyarrow.compute as pc

from factory.errors import GoneError
from factory.manifest.read import READS_AGAIN, counting_rows, numbered, read_part, read_parts
from factory.manifest.schema import unit_key
from factory.manifest.tidy import mark
from factory.manifest.write import parquet_of
from factory.storage.output import Storage


def sweep(storage: Storage, phase: str, wanted: pa.ChunkedArray | None = None) -> None:
    """Drops superseded rows, and rows whose key is not in `wanted` (where given); a part left empty is deleted.

    Safe to interrupt: each part is replaced whole or not at all, and readers skip superseded rows anyway. Begun anew
    where another run is at the same; what is left after READS_AGAIN times is left to it.
    """
    for _ in range(READS_AGAIN):
        with suppress(GoneError):
            if _swept(storage, phase, wanted):
                return


def _swept(storage: Storage, phase: str, wanted: pa.ChunkedArray | None) -> bool:
    """Whether it came through without meeting another run's changes."""
    key = unit_key(phase)
    parts, tables = read_parts(storage, phase, [key, "attempt"])
    if not parts:
        return True
    every = numbered(tables)
    keep = pa.array(counting_rows(every, key))
    if wanted is not None:
        keep = pc.and_(keep, pc.is_in(every[key].combine_chunks(), value_set=wanted.combine_chunks()))
    begin, left = 0, {}
    for part, table in zip(parts, tables, strict=True):
        kept = keep.slice(begin, len(table))
        begin += len(table)
        if not pc.any(kept).as_py():
            storage.place.delete(part.uri)
            continue
        left[part.uri] = part.size
        if not pc.all(kept).as_py():
            whole = read_part(storage, part)
            if not whole.select(table.column_names).equals(table):
                return False
            content = parquet_of(whole.filter(kept))
            storage.write(part.uri, content)
            left[part.uri] = len(content)
    mark(storage, phase, left)
    return True
