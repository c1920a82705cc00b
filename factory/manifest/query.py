"""SQL over the manifests: DuckDB with a view for each phase, named as it. Parts in a bucket are read where they lie."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from factory.errors import ConfigError
from factory.manifest.schema import unit_key
from factory.manifest.tidy import is_tidy
from factory.storage.output import Storage
from factory.storage.places import Entry, is_s3, split

if TYPE_CHECKING:
    import duckdb


def connect(storage: Storage) -> "duckdb.DuckDBPyConnection":
    """A connection with a view for each phase (the rows that count, see `manifest.read`) and one for `runs`."""
    import duckdb

    views = {phase: storage.parts(phase) for phase in storage.committed_phases()}
    connection = duckdb.connect()
    if is_s3(storage.root):
        from factory.storage.s3_client import file_system

        connection.register_filesystem(file_system(split(storage.root)[0]))
    for phase, parts in views.items():
        rows = f"SELECT * EXCLUDE (filename) FROM {_parquet(parts)}"
        if not is_tidy(storage, phase, parts):
            rows += f' QUALIFY dense_rank() OVER (PARTITION BY "{unit_key(phase)}" ORDER BY attempt DESC, filename) = 1'
        connection.execute(f'CREATE VIEW "{phase}" AS {rows}')
    if runs := storage.run_files():
        connection.execute(f"CREATE VIEW runs AS SELECT * EXCLUDE (filename) FROM {_parquet(runs)}")
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


def _parquet(parts: Sequence[Entry]) -> str:
    names = ", ".join("'" + part.uri.replace("s3://", "bucket://", 1).replace("'", "''") + "'" for part in parts)
    return f"read_parquet([{names}], union_by_name = true, filename = true)"
