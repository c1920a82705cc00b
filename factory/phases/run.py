"""Runs phases in order: plan what is left, work, account, tidy, record."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

import pyarrow as pa
import pyarrow.compute as pc

from factory.engine import account
from factory.engine.in_flight import Flight, done_of
from factory.engine.work import Shard, ShardResult, Work, cut_shards
from factory.manifest.read import committed
from factory.manifest.schema import artifacts_of
from factory.manifest.sweep import sweep
from factory.phases.phase import Phase
from factory.phases.take import brought
from factory.reasons import failed_because, rejected_because
from factory.storage.output import Storage

Engine = Callable[[Sequence[Shard], Work, int, Flight], Iterator[ShardResult]]
Progress = Callable[["Summary"], None]


@dataclass
class Summary:
    """What one phase did in one run. `counts` are rows per status, of this run's work alone; `todo_weight` and
    `done_weight` are of its units (see `weights`); `reasons` and `errors` count rows, by the words of `reasons.py`."""

    phase: str
    inputs: int
    committed_before: int
    started_at: datetime
    todo: int = 0
    done: int = 0
    todo_weight: float = 0.0
    done_weight: float = 0.0
    counts: Counter = field(default_factory=Counter)
    reasons: Counter = field(default_factory=Counter)
    errors: Counter = field(default_factory=Counter)
    stage_seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    cpu_s: float = 0.0
    gpu_s: float = 0.0
    workers: int = 0
    wall_s: float = 0.0
    start_up_s: float = 0.0

    def add(self, result: ShardResult) -> None:
        done = done_of(result.reports)
        self.done += done.units
        self.done_weight += done.weight
        self.start_up_s = max(self.start_up_s, result.start_up_s)
        self.counts.update(done.counts)
        for report in result.reports:
            for reasons in report.reasons:
                self.reasons.update({rejected_because(reason) for reason in reasons})
            self.errors.update([failed_because(report.error_type)] if report.error_type else [])
            for stage, seconds in report.seconds:
                self.stage_seconds[stage] += seconds
            self.cpu_s += report.cpu_s
            self.gpu_s += report.gpu_s


@dataclass(frozen=True)
class Plan:
    """What is left to do in a phase: all its units, those not committed, and how these are cut."""

    inputs: pa.Table
    todo: pa.Table
    shards: list[Shard]


def plan_phase(phase: Phase, storage: Storage, workers: int, shard_size: int, retry_failed: bool) -> Plan:
    """Subtracts what is committed under the same fingerprint; with `retry_failed`, failures are done again."""
    inputs = phase.inputs(storage)
    done = committed(storage, phase.name)
    row = pc.index_in(inputs["key"], value_set=done["key"].combine_chunks())
    before = {name: done[name].take(row) for name in done.column_names if name != "key"}
    settled = pc.fill_null(pc.equal(before["fingerprint"], inputs["fingerprint"]), False)
    if "source_version" in before:
        same = pc.equal(pc.fill_null(before["source_version"], ""), pc.fill_null(inputs["version"], ""))
        settled = pc.and_(settled, pc.or_(same, pc.is_null(inputs["version"])))
    if phase.again is not None:
        settled = pc.and_not(settled, pc.is_in(inputs["key"], value_set=phase.again(inputs, done)))
    if retry_failed:
        settled = pc.and_not(settled, pc.fill_null(pc.equal(before["status"], "failed"), False))
    attempt = pc.cast(pc.add(pc.fill_null(before["attempt"], 0), 1), pa.int32())
    todo = inputs.append_column("attempt", attempt).filter(pc.invert(settled))
    todo = brought(storage, phase.take, todo.append_column("weight", weights(todo)))
    return Plan(inputs, todo, cut_shards(todo, workers, shard_size))


def weights(units: pa.Table) -> pa.ChunkedArray:
    """How much work each unit is beside the others, float64 (N,): seconds of video, bytes of a source not read yet (its
    version begins with them), or 1 each where that is not known of all."""
    if not len(units):
        return pa.chunked_array([], pa.float64())
    if "source_end_s" in units.column_names:
        return pc.subtract(units["source_end_s"], units["source_start_s"])
    size = pc.struct_field(pc.extract_regex(units["version"], r"^(?P<bytes>\d+)-"), "bytes")
    return pa.chunked_array([pa.repeat(pa.scalar(1.0), len(units))]) if size.null_count else pc.cast(size, pa.float64())


def run_phase(
    phase: Phase,
    storage: Storage,
    engine: Engine,
    *,
    workers: int,
    shard_size: int,
    retry_failed: bool,
    progress: Progress,
    flight: Flight | None = None,
) -> Summary:
    """Raises AccountingError when an input is left without an outcome, StorageError when a part cannot be written."""
    begin, started_at = time.perf_counter(), datetime.now(timezone.utc)
    plan = plan_phase(phase, storage, workers, shard_size, retry_failed)
    summary = Summary(phase.name, len(plan.inputs), len(plan.inputs) - len(plan.todo), started_at, len(plan.todo))
    summary.workers, summary.todo_weight = workers, pc.sum(plan.todo["weight"]).as_py() or 0.0
    progress(summary)
    inputs = plan.inputs.select(["key", "fingerprint"])
    results = engine(plan.shards, phase.work(storage), workers, flight or Flight()) if plan.shards else ()
    del plan  # its rows, which the engine may keep elsewhere
    for result in results:
        summary.add(result)
        progress(summary)
    artifacts = tuple(artifacts_of(phase.schema).values())
    sweep(storage, phase.name, None if phase.upstream is None else inputs["key"], artifacts)
    if phase.finish is not None and (change := phase.finish(storage)):
        summary.counts.update(change)
        summary.reasons[rejected_because("duplicate")] += change["rejected"]
        sweep(storage, phase.name)  # some parts are others now
    account.check(storage, phase.name, inputs)
    summary.wall_s = time.perf_counter() - begin
    return summary
