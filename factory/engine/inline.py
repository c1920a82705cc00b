"""The engine without Ray: one worker, one shard after the other. Same results, easy to debug."""

from collections.abc import Iterator, Sequence

from factory.engine.in_flight import Flight
from factory.engine.work import Shard, ShardResult, Work
from factory.engine.worker import Worker


def run(shards: Sequence[Shard], work: Work, workers: int, flight: Flight) -> Iterator[ShardResult]:  # noqa: ARG001
    """Yields each shard's result once it is committed. `workers` is the signature's, one is used."""
    worker = Worker(work)
    flight.ask = worker.in_flight
    try:
        for shard in shards:
            yield worker.run(shard)
    finally:
        flight.ask = lambda: None
        worker.close()
