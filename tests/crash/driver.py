"""A driver to be killed: runs the trial phase over slow clips.

python -m tests.crash.driver OUTPUT ENGINE COUNT [PAUSE_S [SHARD_SIZE]]
"""

import sys

from factory.phases.run import run_phase
from factory.storage.output import Storage
from tests.crash.stages import Misbehave, phase


def names(count: int) -> list[str]:
    kinds = ("good", "good", "rejected", "raises")
    return [f"{kinds[i % 4]}-{i:03d}" for i in range(count)]


def run(output: str, engine_name: str, count: int, pause_s: float, shard_size: int = 3) -> None:
    if engine_name == "ray":
        from factory.engine.ray import run as engine
    else:
        from factory.engine.inline import run as engine
    run_phase(
        phase(names(count), Misbehave(pause_s)),
        Storage.at(output),
        engine,
        workers=2,
        shard_size=shard_size,
        retry_failed=False,
        progress=lambda _: None,
    )


if __name__ == "__main__":
    more = sys.argv[4:]
    run(
        sys.argv[1],
        sys.argv[2],
        int(sys.argv[3]),
        float(more[0]) if more else 0.05,
        int(more[1]) if more[1:] else 3,
    )
