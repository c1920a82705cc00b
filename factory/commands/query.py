"""SQL over an output's manifests. Tables are named as the phases: ingest, filter, pose; and runs."""

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.console.columns import columns_text
from factory.console.records import lines_of
from factory.console.tables import width
from factory.errors import ConfigError
from factory.manifest.files import table_of
from factory.manifest.query import query, run_unsafe, sql_errors
from factory.storage.output import Storage

if TYPE_CHECKING:
    import duckdb

MOST_ROWS = 1000  # of a table; more are not read by people
BATCH_ROWS = 1000  # read at a time: a row of poses holds thousands of numbers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", help="the output of a run")
    parser.add_argument("sql", nargs="?", help="a SELECT, for example: SELECT status, count(*) FROM filter GROUP BY 1")
    parser.add_argument(
        "--columns", nargs="?", const="", metavar="TABLE", help="prints what the columns of all tables, or of one, mean"
    )
    listed = "a table `clips` beside the others, as split, sample and duplicates write it: JOIN clips USING (clip_id)"
    parser.add_argument("--clips", type=Path, metavar="FILE.parquet", help=listed)
    parser.add_argument(
        "--unsafe",
        action="store_true",
        help="run any SQL, which may then read and write whatever you can; without it only the manifests are read",
    )
    parser.add_argument(
        "--format",
        choices=("table", "csv", "json", "parquet"),
        default="table",
        help="table is for people: long lists and text are shortened; the others are complete",
    )


def call(options: argparse.Namespace) -> int:
    storage = Storage.at(options.output)
    if options.columns is not None:
        print(columns_text(storage, options.columns, width()))
        return 0
    if options.sql is None:
        raise ConfigError('no query is given: say "SELECT * FROM ingest", or --columns to see what there is.')
    if options.unsafe:
        if options.clips:
            raise ConfigError(f"--unsafe reads files by itself: say FROM '{options.clips}', without --clips.")
        relation = run_unsafe(storage, options.sql)
    else:
        relation = query(storage, options.sql, table_of(options.clips) if options.clips else None)
    if relation is None:  # a statement without rows, such as COPY
        return 0
    with sql_errors(storage):
        WRITERS[options.format](relation)
    return 0


def _write_table(relation: "duckdb.DuckDBPyRelation") -> None:
    rows = list(islice(_rows(relation), MOST_ROWS + 1))
    for line in lines_of(relation.columns, rows[:MOST_ROWS], width()):
        print(line)
    if len(rows) > MOST_ROWS:
        print(f"... more than {MOST_ROWS} rows: --format csv writes all")


def _write_csv(relation: "duckdb.DuckDBPyRelation") -> None:
    """Lists and maps as JSON; nothing for null."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(relation.columns)
    writer.writerows([_plain(value) for value in row] for row in _rows(relation))


def _rows(relation: "duckdb.DuckDBPyRelation") -> Iterator[tuple[Any, ...]]:
    """Of Python values, through Arrow: DuckDB's own rows need pytz for times."""
    for batch in relation.to_arrow_reader(BATCH_ROWS):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, list | dict | tuple) else value


def _write_json(relation: "duckdb.DuckDBPyRelation") -> None:
    json.dump(relation.to_arrow_table().to_pylist(), sys.stdout, indent=1, default=str)
    print()


def _write_parquet(relation: "duckdb.DuckDBPyRelation") -> None:
    import pyarrow.parquet as pq

    if sys.stdout.isatty():
        raise ConfigError("Parquet is not for a terminal: send it to a file with > rows.parquet.")
    pq.write_table(relation.to_arrow_table(), sys.stdout.buffer)


WRITERS = {"table": _write_table, "csv": _write_csv, "json": _write_json, "parquet": _write_parquet}
