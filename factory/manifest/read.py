"""Reading manifests: the newest row of each clip, and what is committed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from factory.errors import StorageError
from factory.storage import Storage


@dataclass(frozen=True)
class Committed:
    """What the manifest says of one unit (a source at ingest, a clip later): its newest attempt."""

    fingerprint: str
    status: str
    attempt: int


def read_phase(storage: Storage, phase: str, columns: Sequence[str] | None = None, key: str = "clip_id") -> pa.Table:
    """All rows of a phase, the newest attempt of each `key`, sorted by clip_id. An empty table where there are none.

    A clip done again leaves its old row in an older part until the phase has ended; here it is already gone.
    """
    parts = storage.parts(phase)
    if not parts:
        return pa.table({name: pa.array([], pa.string()) for name in columns or ("clip_id",)})
    wanted = None if columns is None else sorted({*columns, "clip_id", "attempt", key})
    table = newest(pa.concat_tables([_read(part, wanted) for part in parts], promote_options="default"), key)
    table = table.sort_by("clip_id")
    return table if columns is None else table.select(list(columns))


def committed(storage: Storage, phase: str, key: str) -> dict[str, Committed]:
    """Units of the phase by key. A source with several clips counts as failed when any of its rows is."""
    units: dict[str, Committed] = {}
    for row in read_phase(storage, phase, [key, "fingerprint", "status", "attempt"], key).to_pylist():
        unit = Committed(row["fingerprint"], row["status"], row["attempt"])
        if row[key] not in units or unit.status == "failed":
            units[row[key]] = unit
    return units


def newest(table: pa.Table, key: str) -> pa.Table:
    """Of rows with the same key, those of the highest attempt."""
    last = table.group_by(key).aggregate([("attempt", "max")])
    highest = dict(zip(last[key].to_pylist(), last["attempt_max"].to_pylist(), strict=True))
    keys, attempts = table[key].to_pylist(), table["attempt"].to_pylist()
    return table.filter(pa.array([highest[k] == a for k, a in zip(keys, attempts, strict=True)], pa.bool_()))


def count_by(table: pa.Table, name: str) -> dict[str, int]:
    counts = pc.value_counts(table[name].combine_chunks())
    return {entry["values"]: entry["counts"] for entry in counts.to_pylist()}


def _read(part: Path, columns: Iterable[str] | None) -> pa.Table:
    try:
        return pq.ParquetFile(part).read(columns=None if columns is None else list(columns))
    except (OSError, pa.ArrowException) as error:
        raise StorageError(f"manifest {part} cannot be read ({error}): delete it and run again.") from error
