"""Parquet files that were written before."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from factory.errors import StorageError


def table_of(path: Path, columns: Sequence[str] = ("clip_id",)) -> pa.Table:
    """Raises StorageError when it cannot be read, or lacks one of the columns."""
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise StorageError(f"{path} cannot be read as Parquet: {str(error).rstrip('.')}.") from error
    if missing := [name for name in columns if name not in table.column_names]:
        raise StorageError(f"{path} has no column {missing[0]}: it is another file than the one that is asked for.")
    return table
