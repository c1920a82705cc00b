"""What the house itself costs at scale: stages cost a millisecond, everything else is real.

    python -m tests.bench.scale [COUNT ...] [--output URI]     ingest and filter of so many sources, each in a process

Prints clips per second and phase, the peak memory of the driver, and how long a second run of the same command takes
until it knows that nothing is left (planning alone, and with the closing checks).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time

import psutil

from factory.engine.ray import run as engine
from factory.phases.run import plan_phase, run_phase
from factory.storage.output import Storage
from tests.scale.cheap import phases

COUNTS = (10_000, 50_000, 100_000)
OPTIONS = {"workers": 2, "shard_size": 256, "retry_failed": False}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", type=int, nargs="*", default=COUNTS)
    parser.add_argument("--output", help="where to write; a temporary folder by default")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.counts[0], options.output)))
        return
    print(f"{'clips':>8} {'ingest/s':>9} {'filter/s':>9} {'driver MB':>10} {'again: plan s':>14} {'whole s':>8}")
    for count in options.counts:
        with tempfile.TemporaryDirectory() as folder:
            output = f"{options.output.rstrip('/')}/{count}" if options.output else folder
            command = [sys.executable, "-m", "tests.bench.scale", str(count), "--output", output, "--child"]
            first = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
            again = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        speed = f"{count / first['ingest']:9.0f} {count / first['filter']:9.0f} {first['peak_mb']:10.0f}"
        print(f"{count:8} {speed} {again['plan']:14.2f} {again['whole']:8.2f}", flush=True)


def measure(count: int, output: str) -> dict[str, float]:
    """Wall seconds of each phase, of planning both first, and of all; peak memory of this process, the driver."""
    storage, figures, start = Storage.at(output), {"plan": 0.0}, time.perf_counter()
    own, ended = [0.0], threading.Event()  # what is neither of a file (libraries) nor shared (Ray's object store)
    watcher = threading.Thread(target=watch, args=(own, ended))
    watcher.start()
    for phase in phases(count):
        begin = time.perf_counter()
        plan_phase(phase, storage, 2, 256, False)
        figures["plan"] += time.perf_counter() - begin
        begin = time.perf_counter()
        summary = run_phase(phase, storage, engine, **OPTIONS, progress=lambda _: None)
        figures[phase.name] = time.perf_counter() - begin
        assert summary.inputs == count, summary
    figures["whole"] = time.perf_counter() - start
    ended.set()
    watcher.join()
    figures["peak_mb"] = max(own) / 1e6
    return figures


def watch(own: list[float], ended: threading.Event) -> None:
    this = psutil.Process()
    while not ended.wait(0.25):
        info = this.memory_info()
        own.append(info.rss - info.shared)


if __name__ == "__main__":
    main()
