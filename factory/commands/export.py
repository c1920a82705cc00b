"""Writes an output in another format: tum (trajectories), davis (dynamic masks)."""

import argparse
from importlib import import_module
from pathlib import Path

from factory.errors import StorageError
from factory.storage.output import Storage

FORMATS = ("tum", "davis")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", help="the output of a run")
    parser.add_argument("dest", help="the folder to write to")
    parser.add_argument("--format", choices=FORMATS, required=True)
    parser.add_argument("--where", default="true", help="SQL condition on the pose manifest's columns")


def call(options: argparse.Namespace) -> int:
    storage = Storage.at(options.output)
    storage.check_readable()
    if "pose" not in storage.phases():
        raise StorageError(f"{storage.root} holds no poses: no clip has reached the pose phase yet.")
    export = import_module(f"factory.export.{options.format}").export
    count = export(storage, Path(options.dest), options.where)
    print(f"{count} clips written to {options.dest}")
    return 0
