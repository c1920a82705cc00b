"""SQL over the manifests: DuckDB with one view a phase, named as the phase."""

from pathlib import Path
from typing import TYPE_CHECKING

from factory.errors import ConfigError, StorageError
from factory.storage import Storage

if TYPE_CHECKING:
    import duckdb

KEYS = {"ingest": "source"}


def connect(storage: Storage) -> "duckdb.DuckDBPyConnection":
    """A connection with a view for each phase (newest attempt of each clip) and one for `runs`."""
    import duckdb

    storage.check_readable()
    connection = duckdb.connect()
    views = {phase: storage.parts(phase) for phase in storage.phases()}
    for phase, parts in views.items():
        key = KEYS.get(phase, "clip_id")
        newest = f'QUALIFY attempt = max(attempt) OVER (PARTITION BY "{key}")'
        connection.execute(f'CREATE VIEW "{phase}" AS SELECT * FROM {_parquet(parts)} {newest}')
    if runs := storage.run_files():
        connection.execute(f"CREATE VIEW runs AS SELECT * FROM {_parquet(runs)}")
    if not views:
        raise StorageError(f"{storage.root} holds no manifest: start with `factory run output={storage.root} ...`.")
    return connection


def query(storage: Storage, sql: str) -> "duckdb.DuckDBPyRelation":
    """The rows the statement selects. Raises ConfigError with DuckDB's first line when it cannot be run."""
    import duckdb

    connection = connect(storage)
    try:
        relation = connection.sql(sql)
    except duckdb.Error as error:
        raise ConfigError(f"the query cannot be run: {str(error).splitlines()[0]}") from error
    if relation is None:
        raise ConfigError("the query returns no rows: write a SELECT.")
    return relation


def _parquet(parts: list[Path]) -> str:
    names = ", ".join("'" + str(part).replace("'", "''") + "'" for part in parts)
    return f"read_parquet([{names}], union_by_name = true)"
