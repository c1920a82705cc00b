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
from dataclasses import replace
from pathlib import Path

from hydra import compose, initialize_config_dir

from factory.commands.run import conf_dir
from factory.engine import inline
from factory.engine import ray as ray_engine
from factory.engine.work import Unit, cut_shards
from factory.phases.build import build
from factory.phases.run import run_phase
from factory.stage import run_chain
from factory.storage import Storage, find_sources

COUNT = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("media", type=Path, nargs="?", default=Path(os.environ.get("FACTORY_MEDIA", "../shared/media")))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
        cfg = compose("config", overrides=["source=x", "output=y", "filter.exhaustive=true"])
        storage = Storage(Path(folder))
        ingest, filtering, _ = build(cfg, find_sources(str(options.media / "clips")))
        quiet = {"workers": 1, "shard_size": 256, "retry_failed": False, "progress": lambda _: None}
        run_phase(ingest, storage, inline.run, **quiet)
        clips = filtering.units(storage)
        units = [replace(clips[i % len(clips)], key=f"{i:04d}") for i in range(COUNT)]
        units = [replace(u, record=replace(u.record, clip=replace(u.record.clip, clip_id=u.key))) for u in units]

        ours = build(cfg, ["x"])[1].stages  # a set of their own: once set up, stages do not travel
        plain_s = plain_loop(ours, units)
        print(f"plain loop     {plain_s:7.2f} s for {COUNT} clips")
        ray_engine._connect(1)  # a cluster is joined or started once; pools of workers start with each phase
        for name, engine in (("inline", inline.run), ("ray, 1 worker", ray_engine.run)):
            place = Storage(Path(folder) / name.split(",")[0])
            start_up_s = timed(engine, filtering.work(place), units[:1]) - plain_s / COUNT
            work_s = timed(engine, filtering.work(place), units) - start_up_s
            print(f"{name:<14} {work_s:7.2f} s, {work_s / plain_s - 1:+.1%}; start-up {start_up_s:.2f} s apart")


def plain_loop(stages, units: list[Unit]) -> float:
    """Wall seconds of the loop; the first clip, which warms caches and libraries, is done once before."""
    import cv2

    cv2.setNumThreads(1)
    for stage in stages:
        if hasattr(stage, "setup"):
            stage.setup()
    run_chain(stages, units[0].record)
    begin = time.perf_counter()
    for unit in units:
        run_chain(stages, unit.record)
    return time.perf_counter() - begin


def timed(engine, work, units: list[Unit]) -> float:
    """Wall seconds of a run of the engine, its start-up included."""
    begin = time.perf_counter()
    done = sum(len(result.reports) for result in engine(cut_shards(units, 1, 256), work, 1))
    assert done == len(units), done
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
