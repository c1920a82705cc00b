"""Reading manifests: the row that counts of each unit, and what is committed.

A unit (a source at ingest, a clip later) may for a while have rows in several parts: done again after a failure, done
by two runs at once, merged but not yet deleted. The highest attempt counts, and of equal ones the part first by name:
any reader at any time sees one set of rows a unit.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from factory.errors import GoneError, StorageError
from factory.manifest.schema import unit_key
from factory.storage.output import Storage
from factory.storage.places import Entry

READS_AT_ONCE = 16  # small requests to S3 are mostly waiting
READS_AGAIN = 10  # when parts go while they are read
PART = "part_index"


def read_phase(storage: Storage, phase: str, columns: Sequence[str] | None = None) -> pa.Table:
    """All rows of a phase that count, sorted by clip_id. An empty table where there are none."""
    wanted = None if columns is None else sorted({*columns, "clip_id", "attempt", unit_key(phase)})
    tables = read_parts(storage, phase, wanted)[1]
    if not tables:
        return pa.table({name: pa.array([], pa.string()) for name in columns or ("clip_id",)})
    table = numbered(tables)
    table = table.filter(pa.array(counting_rows(table, unit_key(phase)))).drop_columns([PART]).sort_by("clip_id")
    return table if columns is None else table.select(list(columns))


def read_parts(
    storage: Storage, phase: str, columns: Sequence[str] | None = None
) -> tuple[list[Entry], list[pa.Table]]:
    """The parts of a phase by name and their tables. Raises StorageError when one cannot be read."""
    for _ in range(READS_AGAIN):
        parts = storage.parts(phase)
        try:
            return parts, read_all(storage, parts, columns)
        except GoneError:
            continue  # merged or tidied away since it was listed: the rows lie elsewhere now
    raise _restless(phase)


def read_schema(storage: Storage, phase: str) -> pa.Schema:
    """Columns and metadata of a committed phase, by its smallest part."""
    for _ in range(READS_AGAIN):
        part = min(storage.parts(phase), key=lambda part: part.size)
        try:
            return storage.place.schema(part)
        except GoneError:
            continue
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(part, error) from error
    raise _restless(phase)


def read_all(storage: Storage, parts: Sequence[Entry], columns: Sequence[str] | None = None) -> list[pa.Table]:
    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        return list(pool.map(lambda part: read_part(storage, part, columns), parts))


def read_part(storage: Storage, part: Entry, columns: Sequence[str] | None = None) -> pa.Table:
    try:
        table = storage.place.table(part, None if columns is None else list(columns))
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(part, error) from error
    if columns is not None and "attempt" in columns and "attempt" not in table.column_names:
        raise StorageError(f"{part.uri} is not a manifest of factory: remove it.")
    return table


def committed(storage: Storage, phase: str) -> pa.Table:
    """What counts of each unit, one row each: key, fingerprint, status, attempt, and at ingest source_version and
    duplicate_of. A source with several clips counts as failed when any of its rows is."""
    key = unit_key(phase)
    names = ["fingerprint", "status", "attempt", *(("source_version", "duplicate_of") if key == "source" else ())]
    table = read_phase(storage, phase, [key, *names])
    if not table.num_rows:
        columns = {name: pa.array([], pa.int32() if name == "attempt" else pa.string()) for name in names}
        return pa.table({"key": pa.array([], pa.string()), **columns})
    codes = key_codes(table[key])
    first = np.unique(codes, return_index=True)[1]
    failed = np.zeros(len(first), bool)
    failed[codes[pc.equal(table["status"], "failed").to_numpy()]] = True
    units = table.take(first)
    status = pc.if_else(pa.array(failed), "failed", units["status"])
    return units.rename_columns({key: "key"}).set_column(units.column_names.index("status"), "status", status)


def counting_rows(table: pa.Table, key: str) -> np.ndarray:
    """Whether each row counts: bool (N,). `table` has the columns key, attempt and PART.

    By numbers, not by Arrow's joins: those keep a kilobyte a row of memory.
    """
    codes, attempt, part = key_codes(table[key]), table["attempt"].to_numpy(), table[PART].to_numpy()
    order = np.lexsort((part, -attempt, codes))
    best = order[np.searchsorted(codes[order], np.arange(codes.max(initial=-1) + 1))]
    return (attempt == attempt[best][codes]) & (part == part[best][codes])


def key_codes(keys: pa.ChunkedArray) -> np.ndarray:
    """A number for each key, equal for equal keys: int32 (N,), 0 and up without gaps, in order of first appearance."""
    return keys.combine_chunks().dictionary_encode().indices.to_numpy()


def count_by(table: pa.Table, name: str) -> dict[str, int]:
    counts = pc.value_counts(table[name].combine_chunks())
    return {entry["values"]: entry["counts"] for entry in counts.to_pylist()}


def numbered(tables: Sequence[pa.Table]) -> pa.Table:
    """All tables as one, with the number of its part beside each row."""
    each = [t.append_column(PART, pa.repeat(pa.scalar(i, pa.int32()), t.num_rows)) for i, t in enumerate(tables)]
    return pa.concat_tables(each, promote_options="default")


def _unreadable(part: Entry, error: Exception) -> StorageError:
    return StorageError(f"manifest {part.uri} cannot be read ({error}): delete it and run again.")


def _restless(phase: str) -> StorageError:
    return StorageError(
        f"the parts of phase {phase} change while they are read: let the other command end, then retry."
    )
