"""The engine on Ray Data: shards stream through a pool of actors, each with its own guarded child.

Ray Data only moves shards. Commit, resume and accounting are ours: its checkpoints forget rejected rows, its
error handling drops whole blocks, and its Parquet writer appends duplicates.
"""

import logging
import pickle
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa

from factory.engine.in_flight import Done, Flight, InFlight, Said
from factory.engine.metrics import queue_gauge, reporter
from factory.engine.models import Caller, networks_of
from factory.engine.placement import place
from factory.engine.pools import pools
from factory.engine.ray_cluster import Room, connect, nodes, waiting_for
from factory.engine.terminal import give_up_terminal
from factory.engine.work import Shard, ShardResult, Work
from factory.engine.worker import Worker
from factory.errors import FactoryError

TELL_EVERY_S = 5.0  # how often a worker says what it is at
LOOK_EVERY_S = 1.0  # how often it looks whether a unit has ended, which it says at once
FORGET_AFTER_S = 30.0  # a worker that has said nothing for so long is gone, with its node


def run(
    shards: Sequence[Shard], work: Work, workers: int, flight: Flight, room: Room | None = None
) -> Iterator[ShardResult]:
    """Yields each shard's result once it is committed, in the order they finish. room: of a Ray that is started here,
    where later phases need more than this one."""
    flight.why = lambda: "Ray itself has not started yet"
    networks = networks_of(work.stages)
    pool_cpus = sum((network.pool.replicas or 1) * network.pool.cpus for network in networks)
    connect(room or Room.of([(workers, work.resources)], pool_cpus))
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.verbose_progress = False
    # Each clip has its own time limit; Ray's guard would end a run whose clips are merely long.
    context.execution_no_progress_timeout_s = -1
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # its import has just set it to INFO
    board = _board()
    # All rows lie once in the object store, not in the driver; what streams is which of them a shard is.
    everything = ray.put(pa.concat_tables([shard.rows for shard in shards]))
    names, lengths = [shard.shard_id for shard in shards], [len(shard.rows) for shard in shards]
    del shards

    if networks:
        flight.why = lambda: "its models are being loaded"
    # That they fit has been judged before anything started; nodes of a cluster that grows come when they are asked for.
    with pools(networks, place(networks, nodes(), autoscales=True)[0]) as callers:
        yield from _stream(everything, names, lengths, work, workers, callers, flight, board)


def _stream(
    everything: Any,
    names: Sequence[str],
    lengths: Sequence[int],
    work: Work,
    workers: int,
    callers: Mapping[str, Caller],
    flight: Flight,
    board: Any,
) -> Iterator[ShardResult]:
    """everything: the rows of all shards, one behind the other. callers: of the models that stages hold."""
    import ray.data

    pickled, phase = ray.cloudpickle.dumps((work, callers)), work.phase

    class Actor:
        """Ships with its work inside: constructor arguments would lie in the object store and die with a node. As
        bytes: what stages import may touch a terminal, and a cluster's workers may have one."""

        worker: Worker | None = None

        def __init__(self) -> None:
            give_up_terminal()

        def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, list[bytes]]:
            shard_id, begin, count = (batch[name][0] for name in ("shard_id", "begin", "count"))
            shard = Shard(str(shard_id), ray.get(everything).slice(int(begin), int(count)))
            return {"result": [pickle.dumps(self._run(shard))]}

        def _run(self, shard: Shard) -> ShardResult | FactoryError:
            """An error meant for the user travels as a value: raised here, Ray would wrap it beyond recognition."""
            try:
                if self.worker is None:
                    work, callers = pickle.loads(pickled)
                    self.worker = Worker(work, reporter(phase), callers)
                    threading.Thread(target=_tell, args=(self.worker, board), daemon=True).start()
                return self.worker.run(shard)
            except FactoryError as error:
                return error

    spans = zip(names, accumulate(lengths, initial=0), lengths, strict=False)
    items = [{"shard_id": name, "begin": begin, "count": count} for name, begin, count in spans]
    # from_items keeps 2.4 kB of each block in the driver, from_arrow 48 (measured on Ray 2.60).
    dataset = ray.data.from_items(items, override_num_blocks=len(items)).map_batches(
        Actor,
        batch_size=1,
        num_cpus=work.resources.cpus,
        memory=int(work.resources.memory_gb * 1e9),
        compute=ray.data.ActorPoolStrategy(size=min(workers, len(names)), max_tasks_in_flight_per_actor=2),
    )
    flight.ask, flight.why = (lambda: _ask(board)), (lambda: waiting_for(work.resources))
    left, gauge, due = sum(lengths), queue_gauge(work.phase), 0.0
    try:
        for row in dataset.iter_rows():
            result = pickle.loads(row["result"])
            if isinstance(result, FactoryError):
                raise result
            left -= len(result.reports)
            flight.handed_over.add(result.shard_id)
            board.drop.remote(result.shard_id)
            if time.monotonic() > due or not left:
                said = flight.ask() or Said()
                gauge(left - flight.open(said).units, said.oldest)
                due = time.monotonic() + TELL_EVERY_S
            yield result
    finally:
        flight.reset()


class Board:
    """An actor on the driver's node that hears from each worker what it is at, and what it has done of its shard.

    A shard's part is told whole each time: a board that was lost knows it again with the next unit, and a shard that
    another worker does again counts once.
    """

    def __init__(self) -> None:
        self._said: dict[str, tuple[float, InFlight | None]] = {}
        self._done: dict[str, Done] = {}
        self._dropped: set[str] = set()  # a worker may tell of its last unit after the driver has the result

    def tell(self, worker: str, item: InFlight | None, done: tuple[str, Done] | None) -> None:
        self._said[worker] = (time.monotonic(), item)
        if done is not None and done[0] not in self._dropped:
            self._done[done[0]] = done[1]

    def drop(self, shard_id: str) -> None:
        """The driver has the shard's result."""
        self._done.pop(shard_id, None)
        self._dropped.add(shard_id)

    def said(self) -> Said:
        """By the board's own clock and the durations told, so that clocks of nodes are never compared."""
        now = time.monotonic()
        fresh = [(now - said, item) for said, item in self._said.values() if now - said < FORGET_AFTER_S]
        items = (item.later(since) for since, item in fresh if item)
        return Said(len(fresh), dict(self._done), max(items, key=lambda item: item.seconds, default=None))


def _board() -> Any:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
    return ray.remote(Board).options(num_cpus=0, scheduling_strategy=here, max_restarts=-1).remote()


def _ask(board: Any) -> Said | None:
    """None when the board does not answer: it may have lain on a node that is lost, and no run ends for that."""
    import ray

    try:
        return ray.get(board.said.remote(), timeout=2.0)
    except ray.exceptions.RayError:
        return None


def _tell(worker: Worker, board: Any) -> None:
    """In each worker, for as long as its process lives."""
    import ray

    name, told, due = ray.get_runtime_context().get_actor_id(), None, 0.0
    while True:
        if worker.done != told or time.monotonic() >= due:
            told, due = worker.done, time.monotonic() + TELL_EVERY_S
            board.tell.remote(name, worker.in_flight(), told)
        time.sleep(LOOK_EVERY_S)
