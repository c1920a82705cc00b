"""Clips that a file lists: a split, a sample, near-duplicates; or any Parquet with the column clip_id."""

from pathlib import Path

import pyarrow as pa

from factory.errors import ConfigError
from factory.manifest.files import table_of
from factory.manifest.query import LISTED, query, sql_errors
from factory.manifest.read import read_schema
from factory.storage.output import Storage


def listed(storage: Storage, phase: str, file: str | Path | None) -> pa.Table | None:
    """What a file says of the phase's clips: clip_id, and the columns that the phase does not have itself. None without
    a file. Raises StorageError where it cannot be read, ConfigError where none of its clips is in the phase."""
    if file is None:
        return None
    own = set(read_schema(storage, phase).names) - {"clip_id"}
    table = table_of(Path(file))
    table = table.select([name for name in table.column_names if name not in own])
    with sql_errors(storage):
        shared = query(storage, f'SELECT 1 FROM "{phase}" JOIN {LISTED} USING (clip_id) LIMIT 1', table).fetchall()
    if not shared:
        raise ConfigError(f"{file} lists no clip of phase {phase} in {storage.root}: take a file made of this output.")
    return table


def ids_sql(phase: str, where: str, clips: pa.Table | None) -> str:
    """The SELECT of ids by a condition on the phase's columns and, of `listed` clips, those of the file."""
    rows = f'"{phase}"' if clips is None else f'"{phase}" JOIN {LISTED} USING (clip_id)'
    return f"SELECT clip_id FROM {rows} WHERE {where}"
