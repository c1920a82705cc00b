"""Atomic Parquet parts with an explicit schema: one a shard and phase, named by the shard, written last."""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from factory.storage import write_atomic


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> None:
    """Writes the rows, sorted by id, so that the same rows give the same bytes. Raises StorageError; never a half file.

    Raises ValueError when a row has a key that the schema does not know: nothing is dropped in silence.
    """
    rows = list(rows)
    for row in rows:
        if unknown := set(row) - set(schema.names):
            raise ValueError(f"columns {sorted(unknown)} are not in the schema")
    order = "clip_id" if "clip_id" in schema.names else schema.names[0]
    rows.sort(key=lambda row: str(row[order]))
    write_table(path, pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema))


def write_table(path: Path, table: pa.Table) -> None:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    write_atomic(path, buffer.getvalue())
