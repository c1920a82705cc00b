"""An output opened: phases as tables, SQL over them, clips one by one."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.data.result import ClipResult
from factory.errors import StorageError
from factory.manifest.listed import ids_sql, listed
from factory.manifest.phases import in_order
from factory.manifest.query import connect, query, sql_errors
from factory.manifest.read import read_phase
from factory.manifest.schema import ROOT
from factory.storage.cache import SourceCache
from factory.storage.output import Storage

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa


@dataclass
class Output:
    """The output of runs, read only. It sees what is committed when it looks: also while a run goes on.

    cache: where sources that lie elsewhere are kept while they are read. Copies in other processes look for themselves.
    """

    storage: Storage
    cache: SourceCache = field(default_factory=SourceCache)

    @classmethod
    def at(cls, output: str | Path) -> "Output":
        """Raises StorageError where nothing of a run lies."""
        storage = Storage.at(output)
        storage.committed_phases()
        return cls(storage)

    def __post_init__(self) -> None:
        self._lookup: tuple[int, duckdb.DuckDBPyConnection, list[str]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_lookup": None}  # a connection belongs to its process

    @property
    def phases(self) -> tuple[str, ...]:
        """Those that have anything, each behind the one its clips come from."""
        return tuple(in_order(self.storage))

    def arrow(self, phase: str, columns: Sequence[str] | None = None) -> "pa.Table":
        """Rows of a phase, one a clip (at ingest one more for each source that failed), by clip_id; their columns'
        meanings stand in the schema's metadata. Raises StorageError."""
        self._known(phase)
        return read_phase(self.storage, phase, columns)

    def pandas(self, phase: str, columns: Sequence[str] | None = None) -> "pd.DataFrame":
        """The same for pandas."""
        return self.arrow(phase, columns).to_pandas()

    def sql(self, select: str) -> "duckdb.DuckDBPyRelation":
        """Rows of one SELECT, whose tables are the phases and `runs`: `.df()`, `.arrow()`, `.fetchall()`, or more of
        DuckDB's relations. Raises ConfigError where it is no SELECT, or DuckDB has no sense in it."""
        return query(self.storage, select)

    def ids(self, where: str = "status = 'ok'", phase: str | None = None, clips: str | Path | None = None) -> list[str]:
        """Ids of clips by an SQL condition on the columns of a phase, the last one by default; by source and time.

        clips: a Parquet file as `factory split`, `sample` or `duplicates` writes it; only clips that it lists, and the
        condition may name its columns: `ids("split = 'train'", clips="splits.parquet")`.
        """
        chosen = self.phases[-1] if phase is None else self._known(phase)
        known = listed(self.storage, chosen, clips)
        wanted = f'SELECT clip_id FROM "{chosen}" WHERE clip_id IN ({ids_sql(chosen, where, known)})'
        with sql_errors(self.storage):
            rows = query(self.storage, f"{wanted} ORDER BY source, source_start_s, clip_id", known).fetchall()
        return [clip_id for (clip_id,) in rows]

    def clip(self, clip_id: str) -> ClipResult:
        """What the phases have made of a clip. Raises StorageError where there is none of this id."""
        connection, phases = self._connection()
        rows: dict[str, dict[str, Any]] = {}
        with sql_errors(self.storage):
            for phase in phases:
                found = connection.execute(f'SELECT * FROM "{phase}" WHERE clip_id = ?', [clip_id])
                names = [column[0] for column in found.description]
                if (row := found.fetchone()) is not None:
                    rows[phase] = dict(zip(names, row, strict=True))
        if ROOT not in rows:
            raise StorageError(f"{self.storage.root} holds no clip {clip_id}: `ids` lists those there are.")
        return ClipResult(self.storage, rows, self.cache)

    def find(self, text: str) -> ClipResult:
        """A clip by its id, the beginning of its id, or a part of its source's name. Raises StorageError where that
        fits none or several."""
        of_name = self.sql(f'SELECT clip_id, source FROM "{ROOT}" ORDER BY source, source_start_s').fetchall()
        for fits in (
            [clip for clip in of_name if clip[0].startswith(text)],
            [clip for clip in of_name if text in clip[1]],
        ):
            if len(fits) == 1:
                return self.clip(fits[0][0])
            if fits:
                named = [f"{clip_id} ({source.rpartition('/')[2]})" for clip_id, source in fits[:5]]
                some = ", ".join(named) + (", ..." if len(fits) > 5 else "")
                raise StorageError(f"'{text}' fits {len(fits)} clips: take one of {some}.")
        raise StorageError(f"{self.storage.root} holds no clip '{text}': give its id or a part of its source's name.")

    def clips(
        self, where: str = "status = 'ok'", phase: str | None = None, clips: str | Path | None = None
    ) -> Iterator[ClipResult]:
        """Clips one after the other; see `ids`."""
        yield from map(self.clip, self.ids(where, phase, clips))

    def _known(self, phase: str) -> str:
        if phase not in self.phases:
            raise StorageError(f"{self.storage.root} holds no phase {phase}: take one of {', '.join(self.phases)}.")
        return phase

    def _connection(self) -> "tuple[duckdb.DuckDBPyConnection, list[str]]":
        """One for all clips that are looked up; its views are of the parts that there were when it was made."""
        if self._lookup is None or self._lookup[0] != os.getpid():
            self._lookup = (os.getpid(), connect(self.storage), list(self.phases))
        return self._lookup[1:]
