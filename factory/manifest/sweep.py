"""Tidying a finished phase, so that any Parquet reader finds each clip once and none whose source is gone."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from factory.errors import GoneError
from factory.manifest.read import READS_AGAIN, READS_AT_ONCE, counting_rows, numbered, read_all, read_part, read_parts
from factory.manifest.schema import unit_key
from factory.manifest.tidy import mark
from factory.manifest.write import parquet_of
from factory.storage.output import Storage


def sweep(storage: Storage, phase: str, wanted: pa.ChunkedArray | None = None, artifacts: Sequence[str] = ()) -> None:
    """Drops superseded rows, and rows whose key is not in `wanted` (where given), with the files that these name in
    the columns `artifacts` and no row that stays does; a part left empty is deleted.

    Safe to interrupt: files go before the rows that name them, each part is replaced whole or not at all, and readers
    skip superseded rows anyway. Begun anew where another run is at the same; what is left after READS_AGAIN times is
    left to it.
    """
    for _ in range(READS_AGAIN):
        with suppress(GoneError):
            if _swept(storage, phase, wanted, artifacts):
                return


def _swept(storage: Storage, phase: str, wanted: pa.ChunkedArray | None, artifacts: Sequence[str]) -> bool:
    """Whether it came through without meeting another run's changes."""
    key = unit_key(phase)
    parts, tables = read_parts(storage, phase, [key, "attempt"])
    if not parts:
        return True
    every = numbered(tables)
    keep = pa.array(counting_rows(every, key))
    if wanted is not None:
        keep = pc.and_(keep, pc.is_in(every[key].combine_chunks(), value_set=wanted.combine_chunks()))
    if artifacts and not pc.all(keep).as_py():
        known = read_all(storage, parts, [key, "attempt", *artifacts])
        if not numbered(known).select(every.column_names).equals(every):
            return False
        _delete_unnamed(storage, pa.concat_tables(known, promote_options="default"), keep.to_numpy(False), artifacts)
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


def _delete_unnamed(storage: Storage, rows: pa.Table, keep: np.ndarray, artifacts: Sequence[str]) -> None:
    """Files that rows not to keep, bool (N,), name and none of the others. Only what was named is looked at: an output
    has too many files to list them all."""
    named, gone = set[str](), set[str]()
    for name in set(artifacts) & set(rows.column_names):
        paths = rows[name].combine_chunks()
        named.update(paths.filter(pa.array(keep)).drop_null().to_pylist())
        gone.update(paths.filter(pa.array(~keep)).drop_null().to_pylist())
    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        list(pool.map(lambda path: storage.place.delete(storage.artifact(path)), sorted(gone - named)))
