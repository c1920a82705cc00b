"""One worker: shard in, committed part out. The same for every engine."""

import socket
from collections.abc import Callable, Mapping
from time import monotonic, perf_counter

from factory.engine.guard import Guard
from factory.engine.in_flight import Done, InFlight, done_of
from factory.engine.models import Caller
from factory.engine.work import Row, Shard, ShardResult, Unit, UnitReport, Work
from factory.manifest.write import parquet_of_rows


class Worker:
    """Holds one guarded child with the phase's stages. report: hears of each unit as it ends. callers: see `Guard`."""

    def __init__(
        self,
        work: Work,
        report: Callable[[UnitReport], None] = lambda _: None,
        callers: Mapping[str, Caller] | None = None,
    ) -> None:
        begin = perf_counter()
        self._work, self._report = work, report
        self._at: tuple[Unit, float] | None = None
        self.done: tuple[str, Done] | None = None  # of the shard that was begun last; may be read from another thread
        self._guard = Guard(work, callers)
        self._start_up_s = perf_counter() - begin

    def run(self, shard: Shard) -> ShardResult:
        """Works through the shard and commits it: the part is written last and whole, or not at all."""
        rows: list[Row] = []
        reports: list[UnitReport] = []
        done = Done()
        for row in shard.rows.to_pylist():
            unit = self._work.unit(row)
            self._at = (unit, monotonic())
            unit_rows, report = self._guard.run(unit)
            self._report(report)
            rows += unit_rows
            reports.append(report)
            done = done.plus(done_of([report]))
            self.done = (shard.shard_id, done)
        storage = self._work.storage
        storage.write(storage.part(self._work.phase, shard.shard_id), parquet_of_rows(rows, self._work.schema))
        self._at = None
        start_up_s, self._start_up_s = self._start_up_s, 0.0
        return ShardResult(shard.shard_id, tuple(reports), start_up_s)

    def in_flight(self) -> InFlight | None:
        """What it is at; may be asked from another thread."""
        if (at := self._at) is None:
            return None
        unit, begin = at
        return InFlight(unit.key, unit.record.clip.source, self._guard.stage, monotonic() - begin, socket.gethostname())

    def close(self) -> None:
        self._guard.close()
