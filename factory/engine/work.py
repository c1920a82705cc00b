"""The words between a phase and an engine: units, shards, and what comes back of them."""

import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from factory.clip import ClipRecord, stable_id
from factory.stage import Outcome, Stage
from factory.storage import Storage

Row = dict[str, Any]


@dataclass(frozen=True)
class Unit:
    """One input of a phase: a source at ingest, a clip later. `key` names it in the manifest's key column."""

    key: str
    record: ClipRecord
    fingerprint: str
    attempt: int = 1


@dataclass(frozen=True)
class Shard:
    """The unit of commit: one Parquet part."""

    shard_id: str
    units: tuple[Unit, ...]


@dataclass(frozen=True)
class Work:
    """All a worker needs to turn shards of one phase into parts. Travels to other processes and machines."""

    phase: str
    stages: tuple[Stage, ...]
    rows: Callable[[Outcome], list[Row]]
    schema: pa.Schema
    storage: Storage
    timeout_s: float


@dataclass(frozen=True)
class UnitReport:
    """What the driver hears of a unit; the rest is in the manifest."""

    key: str
    statuses: tuple[str, ...]
    reasons: tuple[str, ...]
    error_type: str | None
    seconds: tuple[tuple[str, float], ...]
    cpu_s: float


@dataclass(frozen=True)
class ShardResult:
    shard_id: str
    reports: tuple[UnitReport, ...]
    start_up_s: float = 0.0


def cut_shards(units: Sequence[Unit], workers: int, max_size: int, per_worker: int = 4) -> list[Shard]:
    """Shards of at most `max_size` units, small enough that each worker gets about `per_worker` of them.

    Named by their content, so that a task done twice writes the same bytes to the same name.
    """
    size = max(1, min(max_size, -(-len(units) // (workers * per_worker))))
    pieces = [tuple(units[i : i + size]) for i in range(0, len(units), size)]
    return [
        Shard(stable_id(*(part for u in piece for part in (u.key, u.fingerprint, u.attempt))), piece)
        for piece in pieces
    ]


def dumps(thing: Any) -> bytes:
    return pickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL)


def tally(reports: Iterable[UnitReport]) -> dict[str, int]:
    """Rows per status."""
    counts = {"ok": 0, "rejected": 0, "failed": 0}
    for report in reports:
        for status in report.statuses:
            counts[status] += 1
    return counts
