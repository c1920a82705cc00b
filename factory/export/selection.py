"""Which clips an export writes, and which it leaves out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from factory.errors import StorageError
from factory.manifest.listed import ids_sql, listed
from factory.manifest.phases import phase_with
from factory.manifest.query import query, sql_errors
from factory.manifest.schema import ROOT
from factory.storage.output import Storage

SCALE = "scale_m"  # metres a unit of the poses


@dataclass(frozen=True)
class Selection:
    """Rows of a manifest by an SQL condition on its columns. `everything`: also clips that are not `ok`, which
    a condition may ask for too, by naming `status`. clips: a Parquet file that lists clips, whose columns the condition
    may name. metres: in metres, and so only clips whose scale is known."""

    where: str | None = None
    everything: bool = False
    clips: Path | None = None
    metres: bool = False

    @property
    def sql(self) -> str:
        where = self.where or "true"
        asked = self.everything or re.search(r"\bstatus\b", where, re.IGNORECASE)
        return f"({where})" if asked else f"status = 'ok' AND ({where})"


def rows_of(storage: Storage, phase: str, selection: Selection, needs: str, columns: str) -> list[dict[str, Any]]:
    """Chosen rows of a phase that have a value in the column `needs`, by source and time. columns: of the phase as p
    and of ingest as i; clip_id, source and source_start_s come with them, in metres scale_m, too."""
    rows: list[dict[str, Any]] = table_of(storage, phase, selection, needs, columns).to_pylist()
    return rows


def table_of(storage: Storage, phase: str, selection: Selection, needs: str, columns: str) -> pa.Table:
    """The same as a table."""
    clips = listed(storage, phase, selection.clips)
    scaled = ""
    if selection.metres:
        scaled = f'JOIN (SELECT clip_id, {SCALE} FROM "{scaling(storage)}" WHERE {SCALE} > 0) m USING (clip_id)'
        columns += f", m.{SCALE}"
    sql = f"""
        SELECT p.clip_id, p.source, p.source_start_s, {columns}
        FROM "{phase}" p JOIN "{ROOT}" i USING (clip_id) {scaled}
        WHERE p.{needs} IS NOT NULL AND p.clip_id IN ({ids_sql(phase, selection.sql, clips)})
        ORDER BY p.source, p.source_start_s"""
    with sql_errors(storage):
        return query(storage, sql, clips).to_arrow_table()


def scaling(storage: Storage) -> str:
    """The phase that tells metres. Raises StorageError where none does."""
    if (phase := phase_with(storage, SCALE)) is None:
        told = "run pipeline=dynapo with a metric network as depthmaps.stages.depth.prior; stereo video is in metres."
        raise StorageError(f"{storage.root} does not know metres: {told}")
    return phase


def left_out(storage: Storage, phase: str, written: Mapping[str, int]) -> dict[str, int]:
    """Clips of the phase's manifest by status, less those written by status."""
    counted = query(storage, f'SELECT status, count(*) AS n FROM "{phase}" GROUP BY 1 ORDER BY 1').to_arrow_table()
    left = {row["status"]: row["n"] - written.get(row["status"], 0) for row in counted.to_pylist()}
    return {status: n for status, n in left.items() if n}
