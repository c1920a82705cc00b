"""Splits the clips of an output into train, validation and test so that nothing leaks.

DEST is a Parquet file: clip_id, source, its span, split, unit. No source and no group of near-duplicates is in two
splits. A place hangs on the seed and on the bytes of the sources alone; with --keep it stays when clips are added.
"""

import argparse
from pathlib import Path

from factory.commands.duplicates import found_in
from factory.commands.selecting import add_selection, selection_of
from factory.console.tables import counted, print_table
from factory.errors import ConfigError
from factory.storage.output import Storage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", help="the output of a run")
    parser.add_argument("dest", type=Path, metavar="DEST.parquet", help="the file to write")
    shares = ("TRAIN", "VALIDATION", "TEST")
    parser.add_argument("--ratios", type=float, nargs=3, default=(0.8, 0.1, 0.1), metavar=shares, help="of the clips")
    parser.add_argument("--seed", type=int, default=0, help="another one is another split")
    groups = "what `factory duplicates --to` has written of these clips; else they are compared now"
    parser.add_argument("--groups", type=Path, metavar="FILE.parquet", help=groups)
    parser.add_argument("--keep", type=Path, metavar="OLD.parquet", help="an earlier split: what is in it stays")
    add_selection(parser)


def call(options: argparse.Namespace) -> int:
    import pyarrow.compute as pc

    from factory.manifest.files import table_of
    from factory.manifest.write import parquet_of
    from factory.storage.local import write_atomic
    from factory.subsets.clips import chosen
    from factory.subsets.split import COLUMNS, SPLITS, split

    storage, selection = Storage.at(options.output), selection_of(options)
    clips = chosen(storage, selection, "i.content_hash")
    before = table_of(options.keep, COLUMNS.names) if options.keep else None
    known = table_of(options.groups, ("clip_id", "chain")) if options.groups else found_in(storage, selection)
    chain = known["chain"].take(pc.index_in(clips["clip_id"], value_set=known["clip_id"].combine_chunks()))
    if chain.null_count:
        raise ConfigError(f"{options.groups} lacks {chain.null_count} of the clips: make it again.")
    found = split(clips, chain, options.ratios, options.seed, before)
    write_atomic(options.dest, parquet_of(found))
    rows = []
    for name in SPLITS:
        part = found.filter(pc.equal(found["split"], name))
        counts = [pc.count_distinct(part[column]).as_py() for column in ("source", "unit")]
        rows.append([name, f"{len(part)}", f"{len(part) / len(found):.1%}", *map(str, counts)])
    print_table(str(options.dest), ["", "clips", "share", "sources", "units"], rows)
    largest = pc.max(pc.value_counts(found["unit"].combine_chunks()).field("counts")).as_py()
    print(f"the largest unit, of what cannot be split: {counted(largest, 'clip')}, {largest / len(found):.1%}")
    return 0
