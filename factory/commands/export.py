"""Writes an output in another format; docs/exports.md tells what each holds, and in which conventions."""

import argparse
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from factory.commands.selecting import add_clips, selection_of
from factory.console.tables import counted
from factory.errors import ConfigError, StorageError
from factory.export.selection import left_out
from factory.manifest.phases import phase_with
from factory.storage.output import Storage

FORMATS = {
    "tum": "poses",
    "davis": "masks",
    "depth": "depth maps",
    "stereo4d": "world tracks",
    **dict.fromkeys(("colmap", "nerfstudio", "re10k", "dynpose", "vipe", "webdataset", "huggingface"), "poses"),
}
# davis has no lengths, and huggingface has the manifest's rows.
IN_METRES = ("tum", "depth", "colmap", "nerfstudio", "re10k", "dynpose", "vipe", "webdataset", "stereo4d")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", help="the output of a run")
    parser.add_argument("dest", help="the folder to write to")
    parser.add_argument("--format", choices=FORMATS, required=True)
    where = "SQL condition on the columns beside what is exported, for example: focal_reliable AND registered_ratio = 1"
    parser.add_argument("--where", help=where)
    parser.add_argument("--all", action="store_true", help="also clips that were rejected, as far as they came")
    metres = "poses, points, depth and tracks in metres; clips of which no network has told them (scale_m) are left out"
    parser.add_argument("--metres", action="store_true", help=metres)
    exr = "depth also as OpenEXR, 16 or 32 bits (--format depth)"
    parser.add_argument("--exr", choices=("half", "float"), help=exr)
    add_clips(parser)


def call(options: argparse.Namespace) -> int:
    if options.metres and options.format not in IN_METRES:
        raise ConfigError(f"--metres says nothing of {options.format}: take a format of {', '.join(IN_METRES)}.")
    if options.exr and options.format != "depth":
        raise ConfigError(f"--exr says nothing of {options.format}: it is of --format depth.")
    storage = Storage.at(options.output)
    storage.committed_phases()  # says so where it is no output
    chosen = import_module(f"factory.export.{options.format}")
    phase = phase_with(storage, chosen.NEEDS)
    if phase is None:
        told = "no clip has reached a phase that makes them yet."
        raise StorageError(f"{storage.root} holds no {FORMATS[options.format]}: {told}")
    selection = replace(selection_of(options), metres=options.metres)
    how = {"exr": options.exr} if options.exr else {}
    written = chosen.export(storage, phase, Path(options.dest), selection, **how)
    left = ", ".join(f"{n} {status}" for status, n in left_out(storage, phase, written).items())
    left += " (--metres leaves out clips without scale_m)" if left and options.metres else ""
    print(f"{counted(written.total(), 'clip')} written to {options.dest}" + (f"; left out: {left}" if left else ""))
    return 0
