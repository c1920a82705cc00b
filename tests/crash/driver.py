"""A driver to be killed: runs the trial phase over slow clips. `python -m tests.crash.driver OUTPUT ENGINE COUNT`."""

import sys

from factory.phases.run import run_phase
from factory.storage.output import Storage
from tests.crash.stages import Misbehave, phase


def names(count: int) -> list[str]:
    kinds = ("good", "good", "rejected", "raises")
    return [f"{kinds[i % 4]}-{i:03d}" for i in range(count)]


def run(output: str, engine_name: str, count: int, pause_s: float) -> None:
    if engine_name == "ray":
        from factory.engine.ray import run as engine
    else:
        from factory.engine.inline import run as engine
    run_phase(
        phase(names(count), Misbehave(pause_s)),
        Storage.at(output),
        engine,
        workers=2,
        shard_size=3,
        retry_failed=False,
        progress=lambda _: None,
    )


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], int(sys.argv[3]), pause_s=0.05)
