"""How busy a model is kept that many workers ask: a network that sleeps, so that its cost is known.

    python -m tests.bench.models [--clip-s 2] [--clips 40] [--workers 8] [--replicas 1] [--cpu-s 1]

Each clip's stage sleeps for `cpu-s`, then asks about three pairs of frames, which take the network `clip-s` together.
Told: the share of the time between the first and the last batch in which the replicas were busy, what a perfect pool
would take, and the clips that were waiting.
"""

import argparse
import tempfile
from pathlib import Path

from factory.engine import ray as ray_engine
from factory.engine.ray_cluster import Room, connect
from factory.models.network import Pool
from factory.phases.run import run_phase
from factory.storage.output import Storage
from tests.crash.stages import phase
from tests.models.fakes import AskFlow, FakeFlow


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip-s", type=float, default=2.0)
    parser.add_argument("--cpu-s", type=float, default=1.0)
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--replicas", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        connect(Room(options.workers + options.replicas, 8.0))
        journal = Path(folder) / "busy"
        pool = Pool(replicas=options.replicas)
        stage = AskFlow(FakeFlow(pair_s=options.clip_s / 3, journal=str(journal), pool=pool), cpu_s=options.cpu_s)
        trial = phase([f"good-{i}" for i in range(options.clips)], stage, timeout_s=60.0)
        each = {"workers": options.workers, "shard_size": 2, "retry_failed": False, "progress": lambda _: None}
        summary = run_phase(trial, Storage.at(folder), ray_engine.run, **each)
        spans = [tuple(map(float, line.split()[1:])) for line in journal.read_text().splitlines()]
    first, last = min(begin for begin, _ in spans), max(end for _, end in spans)
    busy_s = sum(end - begin for begin, end in spans)
    took_s, ok = last - first, summary.counts["ok"]
    share = busy_s / took_s / options.replicas
    print(f"{ok} of {options.clips} clips ok, {len(spans)} batches in {took_s:.1f} s; replicas busy {share:.1%} of it")
    print(f"told by the run: busy {summary.model_seconds['FakeFlow']:.1f} s, clips waited {summary.waited_s:.1f} s")


if __name__ == "__main__":
    main()
