"""Runs the probing stage: python -m tests.terminal.driver OUTPUT ENGINE FILE."""

import os
import sys

from factory.phases.run import run_phase
from factory.storage.output import Storage
from tests.crash.stages import phase


def main(output: str, engine_name: str, told: str) -> None:
    os.environ["TEST_DRIVER"] = str(os.getpid())  # this process is imported into as well, and has its terminal
    from tests.terminal.probing import Probe

    if engine_name == "ray":
        from factory.engine.ray import run as engine
    else:
        from factory.engine.inline import run as engine
    options = {"workers": 1, "shard_size": 1, "retry_failed": False, "progress": lambda _: None}
    summary = run_phase(phase(["one"], Probe(told)), Storage.at(output), engine, **options)
    print(dict(summary.counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
