"""What the engines cost: 30 clips through the filter's stages, against a plain loop over the same stages.

    python -m tests.bench.engine [MEDIA]

The loop, the inline engine and Ray with one worker do the same work, each in a process that has one core's worth of
threads. Start-up (a pool of workers, their imports, their stages) is measured on one clip and told apart. Ratios are of
one run; repeat for a spread.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import pyarrow as pa

from factory.commands.compose import configured
from factory.engine import inline
from factory.engine import ray as ray_engine
from factory.engine.in_flight import Flight
from factory.engine.ray_cluster import Room, connect
from factory.engine.work import Row, Work, cut_shards
from factory.phases.build import build
from factory.phases.run import Engine, run_phase
from factory.stage import run_chain
from factory.storage.output import Storage
from factory.storage.sources import find_sources

COUNT = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("media", type=Path, nargs="?", default=Path(os.environ.get("FACTORY_MEDIA", "../shared/media")))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # Twice, for stages that were set up here do not travel.
        cfg, here = (configured(["source=x", "output=y", "filter.exhaustive=true"]) for _ in range(2))
        storage = Storage.at(Path(folder))
        ingest, filtering, _ = build(cfg, find_sources(str(options.media / "clips")))
        quiet = {"workers": 1, "shard_size": 256, "retry_failed": False, "progress": lambda _: None}
        run_phase(ingest, storage, inline.run, **quiet)
        clips = filtering.inputs(storage).to_pylist()
        names = [f"{i:04d}" for i in range(COUNT)]
        rows = [{**clips[i % len(clips)], "key": name, "clip_id": name, "attempt": 1} for i, name in enumerate(names)]

        todo = pa.Table.from_pylist(rows)

        ours = build(here, find_sources(str(options.media / "clips")))[1]
        plain_s = plain_loop(ours.work(storage), rows)
        print(f"plain loop     {plain_s:7.2f} s for {COUNT} clips")
        connect(
            Room.of([(1, filtering.resources)])
        )  # a cluster is joined or started once; pools of workers start with each phase
        for name, engine in (("inline", inline.run), ("ray, 1 worker", ray_engine.run)):
            place = Storage.at(Path(folder) / name.split(",")[0])
            start_up_s = timed(engine, filtering.work(place), todo[:1]) - plain_s / COUNT
            work_s = timed(engine, filtering.work(place), todo) - start_up_s
            print(f"{name:<14} {work_s:7.2f} s, {work_s / plain_s - 1:+.1%}; start-up {start_up_s:.2f} s apart")


def plain_loop(work: Work, rows: list[Row]) -> float:
    """Wall seconds of the loop; the first clip, which warms caches and libraries, is done once before."""
    import cv2

    cv2.setNumThreads(1)
    for _, stage in work.stages:
        if hasattr(stage, "setup"):
            stage.setup()
    run_chain(work.stages, work.unit(rows[0]).record)
    begin = time.perf_counter()
    for row in rows:
        run_chain(work.stages, work.unit(row).record)
    return time.perf_counter() - begin


def timed(engine: Engine, work: Work, todo: pa.Table) -> float:
    """Wall seconds of a run of the engine, its start-up included."""
    begin = time.perf_counter()
    done = sum(len(result.reports) for result in engine(cut_shards(todo, 1, 256), work, 1, Flight()))
    assert done == len(todo), done
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
