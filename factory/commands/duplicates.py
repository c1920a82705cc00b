"""Finds clips that show the same as others in other sources: encoded again, resized, cropped, mirrored, cut elsewhere.

Of the clips that are `ok` in the output's last phase. The largest is kept, then the longest; near_duplicate_of names it
for the others. Exact copies of whole files are known since ingest (duplicate_of).
"""

import argparse
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from factory.commands.selecting import add_selection, selection_of
from factory.console.counting import counting
from factory.console.tables import counted
from factory.storage.output import Storage

if TYPE_CHECKING:
    import pyarrow as pa

    from factory.export.selection import Selection

SAY_S = 10.0  # between two lines of progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", help="the output of a run")
    parser.add_argument("--to", type=Path, metavar="FILE.parquet", help="writes a row a clip: its group, who is kept")
    add_selection(parser)


def call(options: argparse.Namespace) -> int:
    from factory.manifest.write import parquet_of
    from factory.storage.local import write_atomic

    found = found_in(Storage.at(options.output), selection_of(options))
    copies, groups = len(found) - found["near_duplicate_of"].null_count, len(set(found["group"].to_pylist()))
    blind = found["signatures"].to_pylist().count(0)
    print(f"{counted(len(found), 'clip')}: {counted(copies, 'near-duplicate')}, {groups} kept; {blind} show too little")
    if options.to:
        write_atomic(options.to, parquet_of(found))
    return 0


def found_in(storage: Storage, selection: "Selection") -> "pa.Table":
    """See `factory.subsets.duplicates`; with progress."""
    from factory.near_duplicates.pairs import steps
    from factory.subsets.clips import chosen
    from factory.subsets.duplicates import near_duplicates

    clips = chosen(storage, selection, "i.signatures")
    with counting("looking for near-duplicates", steps()) as (say, step):
        said_s = monotonic()

        def done() -> None:
            nonlocal said_s
            number = step()
            if monotonic() - said_s > SAY_S:
                say(f"looking for near-duplicates: {number} of {steps()}")
                said_s = monotonic()

        return near_duplicates(clips, done)
