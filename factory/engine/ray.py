"""The engine on Ray Data: shards stream through a pool of actors, each with its own guarded child.

Ray Data only moves shards. Commit, resume and accounting are ours: its checkpoints forget rejected rows, its
error handling drops whole blocks, and its Parquet writer appends duplicates.
"""

import logging
import os
import pickle
import re
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from factory.engine.work import Shard, ShardResult, Work, dumps
from factory.engine.worker import Worker
from factory.errors import ConfigError, FactoryError

LOCAL_OBJECT_STORE_BYTES = 256 * 2**20  # rows are ids and numbers; Ray's default is a third of the memory


def run(shards: Sequence[Shard], work: Work, workers: int) -> Iterator[ShardResult]:
    """Yields each shard's result once it is committed, in the order they finish."""
    _connect(workers)
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.verbose_progress = False
    # Each clip has its own time limit; Ray's guard would end a run whose clips are merely long.
    context.execution_no_progress_timeout_s = -1
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # its import has just set it to INFO

    class Actor:
        """Ships with its work inside: constructor arguments would lie in the object store and die with a node."""

        worker: Worker | None = None

        def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, list[bytes]]:
            return {"result": [dumps(self._run(pickle.loads(shard))) for shard in batch["shard"]]}

        def _run(self, shard: Shard) -> ShardResult | FactoryError:
            """An error meant for the user travels as a value: raised here, Ray would wrap it beyond recognition."""
            try:
                self.worker = self.worker or Worker(work)
                return self.worker.run(shard)
            except FactoryError as error:
                return error

    rows = [{"shard": dumps(shard)} for shard in shards]
    dataset = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        Actor,
        batch_size=1,
        num_cpus=1,
        compute=ray.data.ActorPoolStrategy(size=min(workers, len(shards)), max_tasks_in_flight_per_actor=2),
    )
    for row in dataset.iter_rows():
        result = pickle.loads(row["result"])
        if isinstance(result, FactoryError):
            raise result
        yield result


def _connect(workers: int) -> None:
    """Joins the cluster that RAY_ADDRESS names, or starts one on this machine with `workers` CPUs."""
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")  # nested `uv run` hangs workers
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # its warnings are about Ray Data's own actors
    import ray

    if ray.is_initialized():
        return
    options: dict[str, Any] = {}
    if "RAY_ADDRESS" not in os.environ:
        options = {"num_cpus": workers, "object_store_memory": LOCAL_OBJECT_STORE_BYTES, "include_dashboard": False}
    where = os.environ.get("RAY_ADDRESS", "")
    try:
        if host_port := re.fullmatch(r"\[?([^/\]]+)\]?:(\d+)", where):
            # Ray itself would try for minutes.
            socket.create_connection((host_port[1], int(host_port[2])), timeout=10).close()
        with _native_chatter_hidden():
            ray.init(logging_level=logging.ERROR, log_to_driver=False, **options)
    except (ConnectionError, TimeoutError, socket.gaierror) as error:
        place = where if where not in ("", "auto") else "this machine"
        raise ConfigError(f"no Ray cluster answers at {place}: start one, or take profile=cpu.") from error


@contextmanager
def _native_chatter_hidden() -> Iterator[None]:
    """Ray's C++ core announces on file descriptor 2 that it was told to be quiet."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
