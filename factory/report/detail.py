"""All that is known of each clip, for its page: what every phase decided, with which numbers and bounds."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from factory.data.opened import Output
from factory.manifest.read import READS_AT_ONCE
from factory.manifest.schema import ROOT, artifacts_of
from factory.report.checks import FilterBounds, pose_checks
from factory.report.curves import curves
from factory.report.shards import plain
from factory.trust.rule import AcceptRule

# Said by the page in words of their own, or of no use to people.
SAID = ("clip_id", "source", "source_start_s", "source_end_s", "status", "reasons", "attempt", "extra")


@dataclass
class Details:
    """filtered, posed: the phases that `bounds` and `rule` are of. Each phase is read once, whole."""

    output: Output
    filtered: str | None
    bounds: FilterBounds | None
    posed: str | None
    rule: AcceptRule | None
    _tables: dict[str, pa.Table] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._tables = {phase: self.output.arrow(phase).combine_chunks() for phase in self.output.phases}

    def of(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """One entry an id, in their order."""
        rows = {phase: dict(_rows(table, ids)) for phase, table in self._tables.items()}
        with ThreadPoolExecutor(READS_AT_ONCE) as pool:  # small files, of a bucket mostly waiting
            return list(pool.map(lambda clip_id: self._clip(clip_id, rows), ids))

    def _clip(self, clip_id: str, rows: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Any]:
        mine = {phase: of_phase[clip_id] for phase, of_phase in rows.items() if clip_id in of_phase}
        told: dict[str, Any] = {"id": clip_id, "source": mine[ROOT]["source"], "phases": []}
        told |= {name: plain(mine[ROOT][f"source_{name}"]) for name in ("start_s", "end_s")}
        told["phases"] = [self._phase(phase, row) for phase, row in mine.items()]
        if self.posed in mine:
            told |= curves(self.output.storage, mine[self.posed])
        return told

    def _phase(self, phase: str, row: Mapping[str, Any]) -> dict[str, Any]:
        told = {"phase": phase, "status": row["status"], "reasons": list(row["reasons"] or ())}
        checks = []
        if phase == self.filtered and self.bounds is not None:
            checks = self.bounds.checks(row)
            told["groups"] = plain(self.bounds.groups(row))
        if phase == self.posed and self.rule is not None:
            checks += pose_checks(self.rule, row)
        told["checks"] = [plain(check.told()) for check in checks]
        files = artifacts_of(self._tables[phase].schema).values()
        told["values"] = {
            name: plain(value)
            for name, value in row.items()
            if name not in SAID and name not in files and value is not None and not isinstance(value, list | dict)
        }
        return told


def _rows(table: pa.Table, ids: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of some clips, by id."""
    some = table.filter(pc.is_in(table["clip_id"], value_set=pa.array(ids, pa.string())))
    for row in some.to_pylist():
        yield row["clip_id"], row
