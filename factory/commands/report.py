"""Writes a report of an output: pages that open from a disk, without a server and without a network.

What became of the sources and why, how good the poses are, what it cost; every clip to look at, to filter and to sort;
and of each clip the numbers it was judged by, its way in space, and its errors over time. Needs the extra `report`.
"""

import argparse
from pathlib import Path

from factory.errors import ConfigError
from factory.storage.names import real_path
from factory.storage.output import Storage
from factory.storage.places import is_s3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", help="the output of a run")
    parser.add_argument("dest", type=Path, nargs="?", help="the folder to write; OUTPUT/report where it is not given")
    copied = "with the previews, so that the folder can be given away; of a bucket they are always copied"
    parser.add_argument("--copy", action="store_true", help=copied)
    labels = "labels.csv, or a folder of rendered videos: adds precision and recall (see `factory evaluate filter`)"
    parser.add_argument("--labels", type=Path, metavar="LABELS", help=labels)


def call(options: argparse.Namespace) -> int:
    from factory.data.opened import Output
    from factory.report.write import write_report

    output = Output.at(options.output)
    made = write_report(output, options.dest or folder_in(output.storage), options.copy, options.labels)
    print(f"{made.index} written: {made.clips} clips, {made.previews} previews; open it in a browser")
    return 0


def folder_in(storage: Storage) -> Path:
    """Where a report lies that is not told where. Raises ConfigError for an output in a bucket."""
    if is_s3(storage.root):
        raise ConfigError(f"{storage.root} is in a bucket: give DEST, a folder on this machine.")
    return Path(real_path(storage.root)) / "report"
