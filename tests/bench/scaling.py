"""How the pose phase scales from one worker to two on Ray: equal clips, interleaved pairs of runs.

    python -m tests.bench.scaling VIDEO_OR_FOLDER [--clips 16] [--pairs 3] [key=value ...]

The first clip of what is given is posed `--clips` times under other ids, so all clips cost the same; enough clips that
one worker's wait for the other at the end is small. Every run is a process of its own, and starts a Ray of its own.
The work's wall seconds go from the first stage of the first clip to the last stage of the last one: start-up is apart.

By the wall, efficiency = T1 / (2 T2): only true on a machine that does nothing else. The column `else` tells: cores
that were busy with anything but the stages (Ray itself among it). By CPU: CPU seconds of a clip with one worker by
those with two, times the share of the time that two workers were in a stage by the share that one was. Other work on
the machine disturbs that less, though it takes caches and memory as a second worker does: both lower it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import psutil
import pyarrow as pa
import ray

from factory.commands.compose import configured
from factory.engine import inline
from factory.engine import ray as ray_engine
from factory.engine.in_flight import Flight
from factory.engine.ray_cluster import Room, connect
from factory.engine.work import Shard, ShardResult, Work
from factory.phases.build import build
from factory.phases.run import Summary, run_phase
from factory.storage.output import Storage
from factory.storage.sources import find_sources
from tests.bench.stamp import Stamp


@dataclass(frozen=True)
class Measured:
    """work_s: wall seconds; busy_s: of stages, summed over workers; tail_s: one worker is through, the other is not;
    start_up_s: of the phase before the first stage; child_s: of it, the slowest worker's own; else_cores: see above."""

    workers: int
    clips: int
    work_s: float
    busy_s: float
    cpu_s: float
    tail_s: float
    start_up_s: float
    child_s: float
    else_cores: float

    @property
    def busy_share(self) -> float:
        return self.busy_s / (self.workers * self.work_s)


@dataclass(frozen=True)
class Span:
    """A clip's time in a worker."""

    worker: int
    begin_s: float
    end_s: float


def tail(spans: Sequence[Span]) -> float:
    """Seconds between the ends of the worker that is through first and of the one that is through last; of one worker
    none."""
    ends: dict[int, float] = {}
    for span in spans:
        ends[span.worker] = max(span.end_s, ends.get(span.worker, 0.0))
    return max(ends.values()) - min(ends.values())


def measure(source: Path, workers: int, count: int, overrides: Sequence[str]) -> Measured:
    """One run in this process. Raises ValueError where there is no clip, one fails, or a worker has none."""
    seconds: dict[str, float] = {}

    def engine(shards: Sequence[Shard], work: Work, workers: int, flight: Flight) -> Iterator[ShardResult]:
        for result in ray_engine.run(shards, work, workers, flight):
            seconds.update((report.key, sum(s for _, s in report.seconds)) for report in result.reports)
            yield result

    with tempfile.TemporaryDirectory() as folder:
        cfg = configured(["source=x", "output=y", "pipeline=pose", *overrides])
        storage, quiet = Storage.at(Path(folder)), {"shard_size": cfg.phases["pose"].shard_size, "retry_failed": False}
        ingest, pose = build(cfg, find_sources(str(source)))
        run_phase(ingest, storage, inline.run, workers=1, progress=_silent, **quiet)
        clips = pose.inputs(storage).to_pylist()
        if not clips:
            raise ValueError(f"{source} holds no clip of a second or more")
        names = [f"{i:05d}" for i in range(count)]
        inputs = pa.Table.from_pylist(
            [{**clips[0], "key": name, "clip_id": name} for name in names], pose.inputs(storage).schema
        )
        os.environ.pop("RAY_ADDRESS", None)
        os.environ["RAY_TMPDIR"] = folder  # where Ray looks for a cluster to join: there is none
        connect(Room.of([(workers, pose.resources)]))
        stamps = Path(folder) / "stamps"
        stamps.mkdir()
        same = replace(pose, inputs=lambda _storage: inputs, stages=(("stamp", Stamp(str(stamps))), *pose.stages))
        before, begin = psutil.cpu_times(), time.monotonic()
        summary = run_phase(same, storage, engine, workers=workers, progress=_silent, **quiet)
        after, end = psutil.cpu_times(), time.monotonic()
        ray.shutdown()
        words = {name: (stamps / name).read_text().split() for name in names}
    if summary.counts["failed"]:
        raise ValueError(f"{summary.counts['failed']} of {count} clips failed: {dict(summary.errors)}")
    spans = [Span(int(child), float(at), float(at) + seconds[name]) for name, (at, child) in words.items()]
    if len({span.worker for span in spans}) != workers:
        raise ValueError(f"not all of {workers} workers had a clip, or one died: give more clips")
    first, last = min(span.begin_s for span in spans), max(span.end_s for span in spans)
    everything = sum(getattr(after, kind) - getattr(before, kind) for kind in ("user", "system", "nice"))
    return Measured(
        workers=workers,
        clips=count,
        work_s=last - first,
        busy_s=sum(seconds.values()),
        cpu_s=summary.cpu_s,
        tail_s=tail(spans),
        start_up_s=first - begin,
        child_s=summary.start_up_s,
        else_cores=(everything - summary.cpu_s) / (end - begin),
    )


def apart(options: argparse.Namespace, workers: int) -> Measured:
    """The same in a process of its own."""
    again = [sys.executable, "-m", "tests.bench.scaling", str(options.source), *options.overrides]
    command = [*again, "--clips", str(options.clips), "--workers", str(workers)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def report(one: Measured, two: Measured) -> tuple[float, float]:
    """Efficiency by wall seconds, and from CPU seconds and busy shares."""
    return one.work_s / (2 * two.work_s), one.cpu_s / two.cpu_s * two.busy_share / one.busy_share


def _silent(_summary: Summary) -> None:
    pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("overrides", nargs="*", help="of the configuration")
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--workers", type=int, help="one run with so many, in this process; prints JSON")
    options = parser.parse_intermixed_args()
    if options.workers is not None:
        print(json.dumps(asdict(measure(options.source, options.workers, options.clips, options.overrides))))
        return
    print(f"{options.clips} equal clips of {options.source}; wall seconds but for CPU")
    print("workers  work s  start-up (of it worker)  CPU s a clip  in stages  tail s   else, cores", flush=True)
    wall, quiet = [], []
    for _ in range(options.pairs):
        pair = [apart(options, workers) for workers in (1, 2)]
        for m in pair:
            print(
                f"{m.workers:7d} {m.work_s:7.1f} {m.start_up_s:9.1f} {m.child_s:14.1f} {m.cpu_s / m.clips:13.2f} "
                f"{m.busy_share:10.1%} {m.tail_s:7.2f} {m.else_cores:13.2f}"
            )
        by_wall, by_cpu = report(*pair)
        wall.append(by_wall)
        quiet.append(by_cpu)
        cost = pair[1].tail_s / (2 * pair[1].work_s)
        print(f"efficiency {by_wall:.3f} by the wall, {by_cpu:.3f} by CPU and busy shares; the tail costs {cost:.1%}")
        sys.stdout.flush()
    print(f"median of {options.pairs}: {median(wall):.3f} by the wall, {median(quiet):.3f} by CPU and busy shares")


if __name__ == "__main__":
    main()
