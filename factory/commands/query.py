"""SQL over an output's manifests. Tables are named as the phases: ingest, filter, pose; and runs."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from factory.errors import ConfigError
from factory.manifest.query import query, run_unsafe, sql_errors
from factory.storage.output import Storage

if TYPE_CHECKING:
    import duckdb


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", help="the output of a run")
    parser.add_argument("sql", help="a SELECT, for example: SELECT status, count(*) FROM filter GROUP BY 1")
    parser.add_argument(
        "--unsafe",
        action="store_true",
        help="run any SQL, which may then read and write whatever you can; without it only the manifests are read",
    )
    parser.add_argument("--format", choices=("table", "csv", "json", "parquet"), default="table")


def call(options: argparse.Namespace) -> int:
    storage = Storage.at(options.output)
    relation = run_unsafe(storage, options.sql) if options.unsafe else query(storage, options.sql)
    if relation is None:  # a statement without rows, such as COPY
        return 0
    with sql_errors(storage):
        return _print(relation, options)


def _print(relation: "duckdb.DuckDBPyRelation", options: argparse.Namespace) -> int:
    if options.format == "table":
        relation.show(max_rows=10_000, max_width=None if sys.stdout.isatty() else 10_000)
        return 0
    table = relation.to_arrow_table()
    if options.format == "json":
        json.dump(table.to_pylist(), sys.stdout, indent=1, default=str)
        print()
    elif options.format == "csv":
        print(relation.to_df().to_csv(index=False), end="")
    else:
        import pyarrow.parquet as pq

        if sys.stdout.isatty():
            raise ConfigError("Parquet is not for a terminal: send it to a file with > rows.parquet.")
        pq.write_table(table, sys.stdout.buffer)
    return 0
