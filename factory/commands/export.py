"""Writes an output in another format; docs/exports.md tells what each holds, and in which conventions."""

import argparse
from importlib import import_module
from pathlib import Path

from factory.commands.selecting import add_clips, selection_of
from factory.console.tables import counted
from factory.errors import StorageError
from factory.export.selection import left_out
from factory.manifest.phases import phase_with
from factory.storage.output import Storage

FORMATS = {
    "tum": "poses",
    "davis": "masks",
    "stereo4d": "world tracks",
    **dict.fromkeys(("colmap", "nerfstudio", "re10k", "dynpose", "vipe", "webdataset", "huggingface"), "poses"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", help="the output of a run")
    parser.add_argument("dest", help="the folder to write to")
    parser.add_argument("--format", choices=FORMATS, required=True)
    where = "SQL condition on the columns beside what is exported, for example: focal_reliable AND registered_ratio = 1"
    parser.add_argument("--where", help=where)
    parser.add_argument("--all", action="store_true", help="also clips that were rejected, as far as they came")
    add_clips(parser)


def call(options: argparse.Namespace) -> int:
    storage = Storage.at(options.output)
    storage.committed_phases()  # says so where it is no output
    chosen = import_module(f"factory.export.{options.format}")
    phase = phase_with(storage, chosen.NEEDS)
    if phase is None:
        told = "no clip has reached a phase that makes them yet."
        raise StorageError(f"{storage.root} holds no {FORMATS[options.format]}: {told}")
    written = chosen.export(storage, phase, Path(options.dest), selection_of(options))
    left = ", ".join(f"{n} {status}" for status, n in left_out(storage, phase, written).items())
    print(f"{counted(written.total(), 'clip')} written to {options.dest}" + (f"; left out: {left}" if left else ""))
    return 0
