"""Makes an output of what other software has posed, so that it can be queried, evaluated and exported as a run's."""

import argparse
from importlib import import_module
from pathlib import Path

from factory.console.tables import as_typed, counted, program
from factory.errors import ConfigError, StorageError
from factory.storage.output import Storage

FORMATS = {
    "tum": "`<name>.txt` of TUM's format",
    "colmap": "folder with `cameras.bin` or `cameras.txt`",
    "dynpose": "`cameras/<uid>.pkl`",
    "stereo4d": "`<name>.npz` of Stereo4D's format",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("src", help="the folder to read")
    parser.add_argument("output", help="the output to write to; what else it holds stays")
    parser.add_argument("--format", choices=FORMATS, required=True)
    parser.add_argument("--fps", type=float, help="poses a second, where files do not tell times (colmap, dynpose: 12)")


def call(options: argparse.Namespace) -> int:
    from factory.imports.posed import import_clips

    if options.fps is not None and not options.fps > 0:
        raise ConfigError(f"--fps {options.fps} is no rate: take more than 0.")
    src, storage = Path(options.src), Storage.at(options.output)
    if not src.exists():
        raise StorageError(f"there is no {src} to import: give a folder that is there.")
    storage.check_writable()
    found = import_module(f"factory.imports.{options.format}").find(src, options.fps)
    read, failed = import_clips(storage, options.format, found)
    if not read + failed:
        raise StorageError(f"{src} holds no {FORMATS[options.format]}: give the folder that does.")
    print(f"{counted(read, 'clip')} imported into {storage.root}" + (f"; {failed} failed, see" if failed else ""))
    if failed:
        sql = "SELECT source, error FROM ingest WHERE status = 'failed'"
        print(f'  {program()} query {as_typed(storage.root)} "{sql}"')
    return 0
