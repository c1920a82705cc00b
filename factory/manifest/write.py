"""Parquet parts with an explicit schema: one a shard and phase, named by the shard, written last, in one step."""

import io
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def parquet_of_rows(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> bytes:
    """The rows as a Parquet file, sorted by id: the same rows give the same bytes.

    Raises ValueError when a row has a key that the schema does not know: nothing is dropped in silence.
    """
    rows = list(rows)
    for row in rows:
        if unknown := set(row) - set(schema.names):
            raise ValueError(f"columns {sorted(unknown)} are not in the schema")
    order = "clip_id" if "clip_id" in schema.names else schema.names[0]
    rows.sort(key=lambda row: str(row[order]))
    return parquet_of(pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema))


def parquet_of(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()
