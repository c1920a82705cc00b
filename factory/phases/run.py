"""Runs phases in order: plan what is left, work, account, tidy, record."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from factory.engine import account
from factory.engine.work import Shard, ShardResult, Unit, Work, cut_shards, tally
from factory.manifest.read import committed
from factory.manifest.sweep import sweep
from factory.phases.phase import Phase
from factory.storage import Storage

Engine = Callable[[Sequence[Shard], Work, int], Iterator[ShardResult]]
Progress = Callable[["Summary"], None]


@dataclass
class Summary:
    """What one phase did in one run. `counts` are rows per status, of this run's work alone."""

    phase: str
    inputs: int
    committed_before: int
    started_at: datetime
    todo: int = 0
    done: int = 0
    counts: Counter = field(default_factory=Counter)
    reasons: Counter = field(default_factory=Counter)
    errors: Counter = field(default_factory=Counter)
    stage_seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    cpu_s: float = 0.0
    wall_s: float = 0.0
    start_up_s: float = 0.0

    def add(self, result: ShardResult) -> None:
        self.done += len(result.reports)
        self.start_up_s = max(self.start_up_s, result.start_up_s)
        self.counts.update(tally(result.reports))
        for report in result.reports:
            self.reasons.update(reason.split(":")[0] for reason in report.reasons)
            self.errors.update([report.error_type] if report.error_type else [])
            for stage, seconds in report.seconds:
                self.stage_seconds[stage] += seconds
            self.cpu_s += report.cpu_s


@dataclass(frozen=True)
class Plan:
    """What is left to do in a phase: all its units, those not committed, and how these are cut."""

    units: list[Unit]
    todo: list[Unit]
    shards: list[Shard]


def plan_phase(phase: Phase, storage: Storage, workers: int, shard_size: int, retry_failed: bool) -> Plan:
    """Subtracts what is committed under the same fingerprint; with `retry_failed`, failures are done again."""
    units = phase.units(storage)
    done = committed(storage, phase.name, phase.key)
    todo = []
    for unit in sorted(units, key=lambda u: u.key):
        before = done.get(unit.key)
        settled = before is not None and before.fingerprint == unit.fingerprint
        if settled and not (retry_failed and before is not None and before.status == "failed"):
            continue
        todo.append(replace(unit, attempt=before.attempt + 1 if before else 1))
    return Plan(units, todo, cut_shards(todo, workers, shard_size))


def run_phase(
    phase: Phase,
    storage: Storage,
    engine: Engine,
    *,
    workers: int,
    shard_size: int,
    retry_failed: bool,
    progress: Progress,
) -> Summary:
    """Raises AccountingError when an input is left without an outcome, StorageError when a part cannot be written."""
    begin, started_at = time.perf_counter(), datetime.now(timezone.utc)
    plan = plan_phase(phase, storage, workers, shard_size, retry_failed)
    summary = Summary(phase.name, len(plan.units), len(plan.units) - len(plan.todo), started_at, len(plan.todo))
    progress(summary)
    if plan.shards:
        for result in engine(plan.shards, phase.work(storage), workers):
            summary.add(result)
            progress(summary)
    account.check(storage, phase.name, phase.key, plan.units)
    entered = {unit.key for unit in plan.units}
    sweep(storage, phase.name, phase.key, lambda key: phase.upstream is None or key in entered)
    summary.wall_s = time.perf_counter() - begin
    return summary
