"""The words between a phase and an engine: units, shards, and what comes back of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from factory.clip import ClipRecord, stable_id
from factory.stage import Chain, Outcome
from factory.storage.output import Storage, artifact_folder

Row = dict[str, Any]


@dataclass(frozen=True)
class Unit:
    """One input of a phase: a source at ingest, a clip later. `key` names it in the manifest's key column."""

    key: str
    record: ClipRecord
    fingerprint: str
    attempt: int = 1
    weight: float = 1.0


@dataclass(frozen=True)
class Shard:
    """The unit of commit: one Parquet part. `rows`: a unit each, as `Phase.inputs` has them, its `attempt` and its
    `weight`: how much work it is beside the others of its phase."""

    shard_id: str
    rows: pa.Table


@dataclass(frozen=True)
class Resources:
    """What one worker of a phase is given. `memory_gb` is what Ray sets aside for it, and all that its guarded child
    may have (see factory.memory). Cards are for models (see factory.engine.pools), not for workers."""

    cpus: float = 1.0
    memory_gb: float = 1.0


@dataclass(frozen=True)
class Work:
    """All a worker needs to turn shards of one phase into parts. Travels to other processes and machines."""

    phase: str
    stages: Chain
    record: Callable[[Row], ClipRecord]
    rows: Callable[[Outcome], list[Row]]
    schema: pa.Schema
    storage: Storage
    timeout_s: float
    resources: Resources = Resources()

    def unit(self, row: Row) -> Unit:
        record = self.record(row)
        folder = artifact_folder(record.clip.clip_id, self.phase, row["fingerprint"])
        record = record.give(storage=self.storage, artifact_folder=folder)
        return Unit(row["key"], record, row["fingerprint"], row["attempt"], row.get("weight", 1.0))


@dataclass(frozen=True)
class UnitReport:
    """What the driver hears of a unit; the rest is in the manifest. reasons: of each row. weight: see `Shard`."""

    key: str
    statuses: tuple[str, ...]
    reasons: tuple[tuple[str, ...], ...]
    error_type: str | None
    seconds: tuple[tuple[str, float], ...]
    cpu_s: float
    model_s: tuple[tuple[str, float], ...] = ()  # that each network was busy with it, by the network's name
    gpu_s: float = 0.0  # of these, on a card
    waited_s: float = 0.0  # for models, busy or not
    weight: float = 1.0


@dataclass(frozen=True)
class ShardResult:
    shard_id: str
    reports: tuple[UnitReport, ...]
    start_up_s: float = 0.0


PER_WORKER = 4  # shards; a guess: the last ones end at about the same time


def cut_shards(todo: pa.Table, workers: int, max_size: int) -> list[Shard]:
    """Shards of at most `max_size` units, small enough that each worker gets about PER_WORKER of them.

    Named by their content, so that a task done twice writes the same bytes to the same name.
    """
    size = max(1, min(max_size, -(-len(todo) // (workers * PER_WORKER))))
    pieces = [todo.slice(begin, size) for begin in range(0, len(todo), size)]
    return [Shard(stable_id(*_names(piece)), piece) for piece in pieces]


def _names(piece: pa.Table) -> list[str | int]:
    columns = [piece[name].to_pylist() for name in ("key", "fingerprint", "attempt")]
    return [part for row in zip(*columns, strict=True) for part in row]


def tally(reports: Iterable[UnitReport]) -> dict[str, int]:
    """Rows per status."""
    counts = {"ok": 0, "rejected": 0, "failed": 0}
    for report in reports:
        for status in report.statuses:
            counts[status] += 1
    return counts
