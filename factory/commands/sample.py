"""Draws a balanced subset of the clips of an output: as many of each value of a column.

DEST is a Parquet file: clip_id, source, its span, stratum. Numbers of more than --bins values are balanced over ranges
between quantiles of the chosen clips.
"""

import argparse
from pathlib import Path

from factory.commands.selecting import add_selection, selection_of
from factory.console.tables import print_table
from factory.errors import ConfigError
from factory.storage.output import Storage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", help="the output of a run")
    parser.add_argument("dest", type=Path, metavar="DEST.parquet", help="the file to write")
    parser.add_argument("--by", required=True, metavar="COLUMN", help="of the last phase that has it")
    parser.add_argument("--count", type=int, required=True, metavar="N", help="clips to draw")
    parser.add_argument("--bins", type=int, default=10, help="ranges of a number (default 10)")
    parser.add_argument("--seed", type=int, default=0, help="another one is another draw")
    add_selection(parser)


def call(options: argparse.Namespace) -> int:
    import pyarrow.compute as pc

    from factory.manifest.write import parquet_of
    from factory.storage.local import write_atomic
    from factory.subsets.clips import with_value
    from factory.subsets.sample import sample, strata

    if min(options.count, options.bins) < 1:
        raise ConfigError("--count and --bins are at least 1.")
    clips = with_value(Storage.at(options.output), selection_of(options), options.by)
    found = sample(clips, options.count, options.bins, options.seed)
    write_atomic(options.dest, parquet_of(found))
    known = clips.filter(pc.is_valid(clips["value"]))
    there = {e["values"]: e["counts"] for e in pc.value_counts(strata(known["value"], options.bins)).to_pylist()}
    drawn = {e["values"]: e["counts"] for e in pc.value_counts(found["stratum"]).to_pylist()}
    rows = [[name, str(drawn.get(name, 0)), str(there[name])] for name in sorted(there)]
    print_table(str(options.dest), [options.by, "drawn", "of"], rows)
    if len(known) < len(clips):
        print(f"{len(clips) - len(known)} have no {options.by} and are left out")
    return 0
