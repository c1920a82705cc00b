"""Runs phases in order: plan what is left, work, account, tidy, record."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

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

PASS_BYTES = 50e6  # of rows in the object store: a fifth of that of a Ray on one machine; 200,000 rows of 250 B
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
    model_seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    model_replicas: Mapping[str, int] = field(default_factory=dict)
    waited_s: float = 0.0
    workers: int = 0
    wall_s: float = 0.0
    start_up_s: float = 0.0
    left: int = 0  # units that were not this wave's
    waiting: pa.Array | None = None  # keys of those
    tried: pa.ChunkedArray | None = None  # keys of its work

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
            self.waited_s += report.waited_s
            for model, seconds in report.model_s:
                self.model_seconds[model] += seconds

    def plus(self, later: "Summary") -> "Summary":
        """Of this wave and the one after it."""
        sums = ("todo", "done", "todo_weight", "done_weight", "cpu_s", "gpu_s", "waited_s", "wall_s", "start_up_s")
        both: dict[str, Any] = {name: getattr(self, name) + getattr(later, name) for name in sums}
        for name in ("counts", "reasons", "errors", "stage_seconds", "model_seconds"):
            both[name] = copy(getattr(self, name))
            for key, value in getattr(later, name).items():
                both[name][key] += value
        keys = [summary.tried for summary in (self, later) if summary.tried is not None]
        both["tried"] = pa.chunked_array([chunk for each in keys for chunk in each.chunks], pa.string())
        return replace(later, committed_before=self.committed_before, started_at=self.started_at, **both)


@dataclass(frozen=True)
class Plan:
    """What is left to do in a phase: all its units, those not committed, how these are cut, and the keys of those for
    later waves, which are none of these."""

    inputs: pa.Table
    todo: pa.Table
    shards: list[Shard]
    waiting: pa.Array


def plan_phase(
    phase: Phase,
    storage: Storage,
    workers: int,
    shard_size: int,
    retry_failed: bool,
    most: int | None = None,
    tried: pa.ChunkedArray | None = None,
    sources: pa.Array | None = None,
) -> Plan:
    """Subtracts what is committed under the same fingerprint; with `retry_failed`, failures are done again.

    most: units at once. tried: keys that this run has worked on, whatever came of them. sources: those whose turn in
    the first phase is yet to come; what an earlier run has made of them may soon be void, so their clips wait too.
    """
    inputs = phase.inputs(storage)
    waiting = inputs["key"].slice(0, 0).combine_chunks()
    if sources is not None and len(sources):
        late = pc.is_in(inputs["source"], value_set=sources)
        waiting, inputs = inputs["key"].filter(late).combine_chunks(), inputs.filter(pc.invert(late))
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
    if tried is not None:
        todo = todo.filter(pc.invert(pc.is_in(todo["key"], value_set=tried.combine_chunks())))
    if most is not None and len(todo) > most:
        waiting = todo["key"].slice(most).combine_chunks()
        todo, inputs = todo.slice(0, most), inputs.filter(pc.invert(pc.is_in(inputs["key"], value_set=waiting)))
    todo = brought(storage, phase.take, todo.append_column("weight", weights(todo)))
    return Plan(inputs, todo, cut_shards(todo, workers, shard_size), waiting)


def _passes(shards: Sequence[Shard]) -> Iterator[list[Shard]]:
    """Shards that the engine gets at once: on Ray their rows lie in the object store of each node that works on any."""
    some: list[Shard] = []
    held = 0
    for shard in shards:
        if some and held + shard.rows.nbytes > PASS_BYTES:
            yield some
            some, held = [], 0
        some.append(shard)
        held += shard.rows.nbytes
    if some:
        yield some


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
    replicas: Mapping[str, int] | None = None,
    most: int | None = None,
    tried: pa.ChunkedArray | None = None,
    sources: pa.Array | None = None,
) -> Summary:
    """replicas: of each model that the stages hold. most, tried, sources: see `plan_phase`.

    Raises AccountingError when an input is left without an outcome, StorageError when a part cannot be written."""
    begin, started_at = time.perf_counter(), datetime.now(timezone.utc)
    plan = plan_phase(phase, storage, workers, shard_size, retry_failed, most, tried, sources)
    summary = Summary(phase.name, len(plan.inputs), len(plan.inputs) - len(plan.todo), started_at, len(plan.todo))
    summary.model_replicas, summary.waiting, summary.tried = replicas or {}, plan.waiting, plan.todo["key"]
    summary.left = len(plan.waiting)
    summary.workers, summary.todo_weight = workers, pc.sum(plan.todo["weight"]).as_py() or 0.0
    progress(summary)
    inputs = plan.inputs.select(["key", "fingerprint"])
    passes, work = list(_passes(plan.shards)), phase.work(storage)
    del plan  # its rows, which the engine may keep elsewhere
    while passes:
        for result in engine(passes.pop(0), work, workers, flight or Flight()):
            summary.add(result)
            progress(summary)
    artifacts = tuple(artifacts_of(phase.schema).values())
    everything = phase.upstream is not None and not summary.left  # else units may be committed that are no inputs now
    sweep(storage, phase.name, inputs["key"] if everything else None, artifacts)
    if phase.finish is not None and (change := phase.finish(storage)):
        summary.counts.update(change)
        summary.reasons[rejected_because("duplicate")] += change["rejected"]
        sweep(storage, phase.name)  # some parts are others now
    account.check(storage, phase.name, inputs)
    summary.wall_s = time.perf_counter() - begin
    return summary
