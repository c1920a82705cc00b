"""SQL over the manifests: DuckDB with a view for each phase, named as it. Parts in a bucket are read where they lie.

A connection is closed to everything but the parts: a query comes from anywhere (a notebook, a colleague, a service),
and DuckDB's SQL could otherwise read, write and list all that its user can.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from factory.errors import ConfigError
from factory.manifest.read import read_part
from factory.manifest.schema import COMMON, INGEST, POSE, unit_key
from factory.manifest.tidy import is_tidy
from factory.storage.output import Storage
from factory.storage.places import Entry, is_s3, split

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

LISTED = "clips"  # in queries: what a file says of clips

# Columns that come together: a manifest that has one of them has all, but where an earlier version wrote it.
TOGETHER = {"clip_id": COMMON, "content_hash": INGEST, "world_from_cam": POSE}


def connect(storage: Storage, unsafe: bool = False) -> "duckdb.DuckDBPyConnection":
    """A connection with a view for each phase (the rows that count, see `manifest.read`) and one for `runs`. It reads
    their parts and nothing else, unless it is `unsafe`.

    Raises StorageError for a part that cannot be read.
    """
    import duckdb

    views = {phase: storage.parts(phase) for phase in storage.committed_phases()}
    runs = storage.run_files()
    connection = duckdb.connect()
    if is_s3(storage.root):
        from factory.storage.s3_client import file_system

        connection.register_filesystem(file_system(split(storage.root)[0]))
    parts = [part for phase_parts in (*views.values(), runs) for part in phase_parts]
    with sql_errors(storage, parts):
        for phase, phase_parts in views.items():
            rows = f"SELECT * EXCLUDE (filename) FROM {_parquet(phase_parts)}"
            if not is_tidy(storage, phase, phase_parts):
                order = f'PARTITION BY "{unit_key(phase)}" ORDER BY attempt DESC, filename'
                rows += f" QUALIFY dense_rank() OVER ({order}) = 1"
            connection.execute(f'CREATE VIEW "{phase}" AS {rows}')
            if lacking := _lacking(connection, phase):  # what an earlier version did not write is not known
                nulls = ", ".join(f'NULL AS "{name}"' for name in lacking)
                connection.execute(f'CREATE OR REPLACE VIEW "{phase}" AS SELECT *, {nulls} FROM ({rows})')
        if runs:
            connection.execute(f"CREATE VIEW runs AS SELECT * EXCLUDE (filename) FROM {_parquet(runs)}")
    if not unsafe:
        _close(connection, parts)
    return connection


def _lacking(connection: "duckdb.DuckDBPyConnection", phase: str) -> list[str]:
    """Columns that such a phase has by now and its view does not."""
    told = connection.execute("SELECT column_name FROM duckdb_columns() WHERE table_name = ?", [phase]).fetchall()
    have = {name for (name,) in told}
    wanted = [field.name for name, fields in TOGETHER.items() if name in have for field in fields]
    return [name for name in wanted if name not in have]


def _close(connection: "duckdb.DuckDBPyConnection", parts: Sequence[Entry]) -> None:
    """Nothing is read but the parts, nothing is written but what does not fit in memory, and this stays so."""
    connection.execute(f"SET temp_directory = {_text(f'{tempfile.gettempdir()}/factory-query-{uuid4().hex}')}")
    connection.execute(f"SET allowed_paths = {_names(parts)}")
    for setting in (
        "allow_persistent_secrets = false",  # those in the user's home
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "python_enable_replacements = false",  # variables of this process as tables
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")


def query(storage: Storage, sql: str, clips: "pa.Table | None" = None) -> "duckdb.DuckDBPyRelation":
    """The rows that one SELECT (or WITH, DESCRIBE, SUMMARIZE, SHOW) gives. clips: of a file, the table LISTED.

    Raises ConfigError with DuckDB's reason when it cannot be run. Rows are computed when they are asked for: that
    belongs under `sql_errors`.
    """
    connection = connect(storage)
    if clips is not None:
        connection.register(LISTED, clips)
    with sql_errors(storage):
        _check_text(sql)
        _check_statement(connection, sql)
        return connection.sql(sql)


def run_unsafe(storage: Storage, sql: str) -> "duckdb.DuckDBPyRelation | None":
    """Any statements, which may read and write whatever this process can; the last one's rows, if it has any."""
    connection = connect(storage, unsafe=True)
    with sql_errors(storage):
        _check_text(sql)
        return connection.sql(sql)


def _check_text(sql: str) -> None:
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise ConfigError("the query is not valid UTF-8: write it in UTF-8, under a locale that has it.") from error


def _check_statement(connection: "duckdb.DuckDBPyConnection", sql: str) -> None:
    import duckdb

    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise ConfigError(f"the query has {len(statements)} statements: write one SELECT.")
    if statements[0].type != duckdb.StatementType.SELECT:
        kind = str(statements[0].type).rpartition(".")[2]
        raise ConfigError(
            f"statements of the kind {kind} are refused, because queries only read the manifests: write a SELECT, "
            "or use `factory query --unsafe` if it may reach this machine's files."
        )


@contextmanager
def sql_errors(storage: Storage, parts: Sequence[Entry] | None = None) -> Iterator[None]:
    """Turns what DuckDB raises into one sentence: a part that is damaged is named, as other commands name it; of a
    wrong query DuckDB's reason and hint are kept. `parts`: those in question, all where it is None."""
    import duckdb

    of_the_query = (
        *(duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.SyntaxException),
        *(duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.TypeMismatchException),
    )
    try:
        yield
    except duckdb.PermissionException as error:
        what = _reason(error).partition(" - ")[0]
        raise ConfigError(
            f"the query reaches outside the manifests ({what}): "
            "use `factory query --unsafe` if it may reach this machine's files."
        ) from error
    except duckdb.Error as error:
        if not isinstance(error, of_the_query):
            for part in _parts(storage) if parts is None else parts:
                read_part(storage, part)
        raise ConfigError(f"the query cannot be run: {_reason(error)}") from error


def _parts(storage: Storage) -> list[Entry]:
    return [part for phase in storage.committed_phases() for part in storage.parts(phase)] + storage.run_files()


def _reason(error: Exception) -> str:
    """DuckDB's message as one line, with its hints and without the excerpt of the query."""
    lines = str(error).partition("\nLINE ")[0].splitlines()
    return " ".join(line.strip() for line in lines if line.strip())


def _parquet(parts: Sequence[Entry]) -> str:
    return f"read_parquet({_names(parts)}, union_by_name = true, filename = true)"


def _names(parts: Sequence[Entry]) -> str:
    return f"[{', '.join(_text(part.uri.replace('s3://', 'bucket://', 1)) for part in parts)}]"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
