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
from factory.storage.output import Storage
from factory.storage.places import Entry

READS_AT_ONCE = 16  # small requests to S3 are mostly waiting
PART, ROW = "part_index", "row_index"


def read_phase(storage: Storage, phase: str, columns: Sequence[str] | None = None, key: str = "clip_id") -> pa.Table:
    """All rows of a phase that count, sorted by clip_id. An empty table where there are none."""
    wanted = None if columns is None else sorted({*columns, "clip_id", "attempt", key})
    tables = read_parts(storage, phase, wanted)[1]
    if not tables:
        return pa.table({name: pa.array([], pa.string()) for name in columns or ("clip_id",)})
    table = numbered(tables)
    table = table.take(counting_rows(table, key)).drop_columns([PART]).sort_by("clip_id")
    return table if columns is None else table.select(list(columns))


def read_parts(
    storage: Storage, phase: str, columns: Sequence[str] | None = None
) -> tuple[list[Entry], list[pa.Table]]:
    """The parts of a phase by name and their tables. Raises StorageError when one cannot be read."""
    for _ in range(3):
        parts = storage.parts(phase)
        try:
            with ThreadPoolExecutor(READS_AT_ONCE) as pool:
                return parts, list(pool.map(lambda part: read_part(storage, part, columns), parts))
        except GoneError:
            continue  # merged or tidied away since it was listed: the rows lie elsewhere now
    raise StorageError(f"the parts of phase {phase} change while they are read: let the other command end, then retry.")


def read_part(storage: Storage, part: Entry, columns: Sequence[str] | None = None) -> pa.Table:
    try:
        return storage.place.table(part, None if columns is None else list(columns))
    except (OSError, pa.ArrowException) as error:
        raise StorageError(f"manifest {part.uri} cannot be read ({error}): delete it and run again.") from error


def committed(storage: Storage, phase: str, key: str) -> pa.Table:
    """What counts of each unit, one row each: key, fingerprint, status, attempt, and at ingest source_version and
    duplicate_of. A source with several clips counts as failed when any of its rows is."""
    names = ["fingerprint", "status", "attempt", *(("source_version", "duplicate_of") if key == "source" else ())]
    table = read_phase(storage, phase, [key, *names], key)
    if not table.num_rows:
        columns = {name: pa.array([], pa.int32() if name == "attempt" else pa.string()) for name in names}
        return pa.table({"key": pa.array([], pa.string()), **columns})
    table = table.rename_columns({key: "key"}).append_column("failed", pc.equal(table["status"], "failed"))
    units = table.group_by("key", use_threads=False).aggregate(
        [(name, "first") for name in names if name != "status"] + [("failed", "any"), ("status", "first")]
    )
    status = pc.if_else(units["failed_any"], "failed", units["status_first"])
    columns = {name: units[f"{name}_first"] for name in names if name != "status"}
    return pa.table({"key": units["key"], "status": status, **columns})


def counting_rows(table: pa.Table, key: str) -> pa.Array:
    """Indices of the rows that count, ascending. `table` has the columns key, attempt and PART."""
    bare = pa.table({"key": table[key], "attempt": table["attempt"], PART: table[PART]})
    last = bare.group_by("key").aggregate([("attempt", "max"), (PART, "min"), (PART, "max")])
    rows = pa.array(np.arange(table.num_rows))
    if pc.all(pc.equal(last[f"{PART}_min"], last[f"{PART}_max"])).as_py() is not False:
        return rows  # no unit is in two parts
    bare = bare.append_column(ROW, rows)
    newest = bare.join(last.select(["key", "attempt_max"]), "key")
    newest = newest.filter(pc.equal(newest["attempt"], newest["attempt_max"]))
    first = newest.group_by("key").aggregate([(PART, "min")])
    chosen = newest.join(first, "key")
    kept = chosen.filter(pc.equal(chosen[PART], chosen[f"{PART}_min"]))[ROW].combine_chunks()
    return kept.take(pc.sort_indices(kept))


def count_by(table: pa.Table, name: str) -> dict[str, int]:
    counts = pc.value_counts(table[name].combine_chunks())
    return {entry["values"]: entry["counts"] for entry in counts.to_pylist()}


def numbered(tables: Sequence[pa.Table]) -> pa.Table:
    """All tables as one, with the number of its part beside each row."""
    each = [t.append_column(PART, pa.repeat(pa.scalar(i, pa.int32()), t.num_rows)) for i, t in enumerate(tables)]
    return pa.concat_tables(each, promote_options="default")
