"""One worker: shard in, committed part out. The same for every engine."""

from time import perf_counter

from factory.engine.guard import Guard
from factory.engine.work import Row, Shard, ShardResult, UnitReport, Work
from factory.manifest.write import write_rows


class Worker:
    """Holds one guarded child with the phase's stages."""

    def __init__(self, work: Work) -> None:
        begin = perf_counter()
        self._work = work
        self._guard = Guard(work)
        self._guard.warm_up()
        self._start_up_s = perf_counter() - begin

    def run(self, shard: Shard) -> ShardResult:
        """Works through the shard and commits it: the part is written last and whole, or not at all."""
        rows: list[Row] = []
        reports: list[UnitReport] = []
        for unit in shard.units:
            unit_rows, report = self._guard.run(unit)
            rows += unit_rows
            reports.append(report)
        write_rows(self._work.storage.part(self._work.phase, shard.shard_id), rows, self._work.schema)
        start_up_s, self._start_up_s = self._start_up_s, 0.0
        return ShardResult(shard.shard_id, tuple(reports), start_up_s)

    def close(self) -> None:
        self._guard.close()
