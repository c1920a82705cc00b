"""The engine without Ray: one worker, one shard after the other. Same results, easy to debug."""

from collections.abc import Iterator, Sequence

from factory.engine.in_flight import Flight, Said
from factory.engine.work import Shard, ShardResult, Work
from factory.engine.worker import Worker


def run(shards: Sequence[Shard], work: Work, workers: int, flight: Flight) -> Iterator[ShardResult]:  # noqa: ARG001
    """Yields each shard's result once it is committed. `workers` is the signature's, one is used."""
    flight.why = lambda: "its process is loading libraries"
    worker = Worker(work)
    flight.ask = lambda: Said(1, dict([worker.done] if worker.done else ()), worker.in_flight())
    try:
        for shard in shards:
            result = worker.run(shard)
            flight.handed_over.add(shard.shard_id)
            yield result
    finally:
        flight.reset()
        worker.close()
