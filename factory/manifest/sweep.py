"""Tidying a finished phase, so that any Parquet reader finds each clip once and none whose source is gone."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq

from factory.manifest.read import newest
from factory.manifest.write import write_table
from factory.storage import Storage


def sweep(storage: Storage, phase: str, key: str, wanted: Callable[[str], bool]) -> None:
    """Drops superseded rows and rows whose key is not `wanted`; a part left empty is deleted.

    Safe to interrupt: each part is replaced whole or not at all, and readers skip superseded rows anyway.
    """
    parts = storage.parts(phase)
    tables = {part: pq.ParquetFile(part).read() for part in parts}
    if not tables:
        return
    every = pa.concat_tables([t.select([key, "attempt"]) for t in tables.values()])
    highest = {row[key]: row["attempt"] for row in newest(every, key).to_pylist()}
    for part, table in tables.items():
        keys, attempts = table[key].to_pylist(), table["attempt"].to_pylist()
        keep = [wanted(k) and highest[k] == a for k, a in zip(keys, attempts, strict=True)]
        if not any(keep):
            part.unlink()
        elif not all(keep):
            write_table(part, table.filter(pa.array(keep)))
