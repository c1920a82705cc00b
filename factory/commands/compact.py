"""Merges the small Parquet parts of an output. Queries answer as before; a run meanwhile is waited for."""

import argparse

from factory.console.tables import print_table
from factory.manifest.compact import compact
from factory.manifest.sweep import sweep
from factory.phases.record import new_run_id
from factory.storage.lease import held
from factory.storage.output import Storage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", help="the output of a run")


def call(options: argparse.Namespace) -> int:
    storage = Storage.at(options.output)
    phases = storage.committed_phases()
    with held(storage, new_run_id(), lambda: {"phase": "compact"}, print) as check:
        rows = []
        for phase in phases:
            check()
            before = len(storage.parts(phase))
            sweep(storage, phase)
            rows.append([phase, str(before), str(compact(storage, phase))])
    print_table(storage.root, ["", "parts before", "after"], rows)
    return 0
