"""The clips that a data set is made of: those of an output's last phase, and what is known of each from ingest."""

import numpy as np
import pyarrow as pa

from factory.errors import ConfigError, StorageError
from factory.export.selection import Selection
from factory.manifest.listed import ids_sql, listed
from factory.manifest.phases import in_order, phase_with
from factory.manifest.query import query, sql_errors
from factory.manifest.read import key_codes
from factory.manifest.schema import ROOT
from factory.near_duplicates.pairs import Signed
from factory.near_duplicates.signature import BYTES
from factory.storage.output import Storage

SPAN = ("clip_id", "source", "source_start_s", "source_end_s")


def chosen(storage: Storage, selection: Selection, *columns: str) -> pa.Table:
    """The chosen clips of the last phase, the one to be kept first: with more pixels, then longer, then by id.

    columns: more than SPAN, of ingest as i and of the last phase as p. Raises StorageError where no clip is chosen.
    """
    storage.committed_phases()  # says so where it is no output
    phase = list(in_order(storage))[-1]
    clips = listed(storage, phase, selection.clips)
    names = ", ".join((*(f"p.{name}" for name in SPAN), *columns))
    sql = f"""
        SELECT {names} FROM "{phase}" p JOIN "{ROOT}" i USING (clip_id)
        WHERE p.clip_id IN ({ids_sql(phase, selection.sql, clips)})
        ORDER BY i.width::BIGINT * i.height DESC NULLS LAST, p.source_end_s - p.source_start_s DESC, p.clip_id"""
    with sql_errors(storage):
        found = query(storage, sql, clips).to_arrow_table()
    if not found.num_rows:
        raise StorageError(f"no clip of phase {phase} in {storage.root} is chosen: ask for others.")
    return found


def with_value(storage: Storage, selection: Selection, name: str) -> pa.Table:
    """The same clips with the column `value`: of the last phase that has the column `name`. Raises ConfigError where
    none has."""
    storage.committed_phases()
    phase = phase_with(storage, name)
    if phase is None:
        raise ConfigError(f"no phase has a column {name}: `factory query OUTPUT --columns` lists them.")
    quoted = '"' + name.replace('"', '""') + '"'
    value = f'(SELECT any_value(v.{quoted}) FROM "{phase}" v WHERE v.clip_id = p.clip_id) AS value'
    return chosen(storage, selection, value)


def signed(clips: pa.Table) -> Signed:
    """Of clips with the column `signatures`; null is none."""
    lists = clips["signatures"].combine_chunks()
    lengths = np.zeros(len(clips), np.int64)
    there = lists.is_valid().to_numpy(zero_copy_only=False)
    lengths[there] = lists.drop_null().value_lengths().to_numpy()
    values = lists.flatten().cast(pa.binary(BYTES)) if lengths.any() else pa.array([], pa.binary(BYTES))
    raw = np.frombuffer(values.buffers()[1] or b"", np.uint8)
    begin = values.offset * BYTES
    rows = raw[begin : begin + len(values) * BYTES].reshape(-1, BYTES)
    first = np.concatenate([[0], np.cumsum(lengths)])
    return Signed(rows, first, key_codes(clips["source"]).astype(np.int64))
