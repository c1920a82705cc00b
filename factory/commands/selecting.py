"""What commands that take some of the clips of an output's last phase have in common."""

import argparse
from pathlib import Path

from factory.export.selection import Selection


def add_selection(parser: argparse.ArgumentParser) -> None:
    where = "SQL condition on the columns of the last phase, for example: source LIKE '%%/cars/%%'"
    parser.add_argument("--where", help=where)
    parser.add_argument("--all", action="store_true", help="also clips that this phase has rejected, or failed on")
    add_clips(parser)


def add_clips(parser: argparse.ArgumentParser) -> None:
    listed = "only clips that it lists, as split, sample and duplicates write it; --where may name its columns"
    parser.add_argument("--clips", type=Path, metavar="FILE.parquet", help=listed)


def selection_of(options: argparse.Namespace) -> Selection:
    return Selection(options.where, options.all, options.clips)
