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
from factory.report.curves import curves
from factory.report.judged import Judged
from factory.report.shards import plain

# Said by the page in words of their own, or of no use to people.
SAID = ("clip_id", "source", "source_start_s", "source_end_s", "status", "reasons", "attempt", "extra")


@dataclass
class Details:
    """judged: by what the phases decided. scenes: see `add_scenes`. Each phase is read once, whole."""

    output: Output
    judged: Judged
    scenes: Mapping[str, Mapping[str, Any]]
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
        if (posed := mine.get(self.judged.rigged or "") or mine.get(self.judged.posed or "")) is not None:
            told |= curves(self.output.storage, posed)
            told["metres"] = posed.get("baseline_m") is not None
        scene = dict(self.scenes.get(clip_id, {}))
        unread = [*told.get("unread", []), *scene.pop("unread", [])]
        return told | scene | ({"unread": unread} if unread else {})

    def _phase(self, phase: str, row: Mapping[str, Any]) -> dict[str, Any]:
        told = {"phase": phase, "status": row["status"], "reasons": list(row["reasons"] or ())}
        judged = self.judged
        told["checks"] = [plain(check.told()) for check in judged.checks[phase](row)] if phase in judged.checks else []
        if phase == judged.filtered and judged.bounds is not None:
            told["groups"] = plain(judged.bounds.groups(row))
        if phase == judged.rigged:
            told["layout"] = plain(row["layout"])
        if phase == judged.world and row.get("thrown") is not None:
            told["thrown"] = [[judged.thrown.get(name, name), plain(share)] for name, share in row["thrown"]]
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
