"""Sources with the same bytes: one is kept, the others are rejected. Known only when all have been read."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from factory.clip import stable_id
from factory.errors import GoneError
from factory.manifest.read import key_codes, read_part, read_parts
from factory.manifest.schema import ROOT
from factory.manifest.write import parquet_of
from factory.storage.output import Storage

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of no bytes: damage, no twin


def settle(storage: Storage, sources: pa.Table) -> Counter[str]:
    """Of sources with equal bytes keeps the first by name among those the run was given (else among all); each other
    one's rows become one rejected row. Returns how the rows per status change.

    Safe to interrupt: each part is replaced whole or not at all, and what is left is done by the next run.
    """
    kept = _kept(storage, sources["source"])
    change: Counter[str] = Counter()
    for part, known in zip(*read_parts(storage, ROOT, ["source", "duplicate_of"]), strict=True):
        losers = {
            source: kept[source]
            for source, twin in zip(known["source"].to_pylist(), known["duplicate_of"].to_pylist(), strict=True)
            if source in kept and kept[source] not in (source, twin)
        }
        if losers:
            try:
                table = read_part(storage, part)
            except GoneError:
                return change  # another run is at the same: it is left to it
            lost = pc.is_in(table["source"], value_set=pa.array(list(losers)))
            rejected = _rejected(table.filter(lost), losers)
            change.update(rejected=rejected.num_rows)
            change.subtract(Counter(table.filter(lost)["status"].to_pylist()))
            rest = pa.concat_tables([table.filter(pc.invert(lost)), rejected])
            storage.write(part.uri, parquet_of(rest.sort_by("clip_id")))
    return change


def orphans(sources: pa.Table, done: pa.Table) -> pa.Array:
    """Sources that the manifest calls duplicates of one that is no longer given, or has changed: to be read again.

    sources: columns `key` and `version`. done: columns `key`, `source_version` and `duplicate_of`.
    """
    twins = done.filter(pc.is_valid(done["duplicate_of"]))
    if not twins.num_rows:
        return pa.array([], pa.string())
    version = dict(zip(sources["key"].to_pylist(), sources["version"].to_pylist(), strict=True))
    before = dict(zip(done["key"].to_pylist(), done["source_version"].to_pylist(), strict=True))
    lonely = [
        row["key"]
        for row in twins.to_pylist()
        if row["duplicate_of"] not in version
        or version[row["duplicate_of"]] not in (None, before.get(row["duplicate_of"]))
    ]
    return pa.array(lonely, pa.string())


def _kept(storage: Storage, given: pa.ChunkedArray) -> dict[str, str]:
    """Which source is kept in the place of each, where several have the same bytes."""
    tables = read_parts(storage, ROOT, ["source", "content_hash"])[1]
    if not tables:
        return {}
    table = pa.concat_tables(tables, promote_options="default")
    table = table.take(np.unique(key_codes(table["source"]), return_index=True)[1])  # a row for each source
    table = table.filter(pc.and_(pc.is_valid(table["content_hash"]), pc.not_equal(table["content_hash"], EMPTY)))
    codes = key_codes(table["content_hash"])
    table = table.filter(pa.array(np.bincount(codes, minlength=1)[codes] > 1))
    current = set(given.filter(pc.is_in(given, value_set=table["source"].combine_chunks())).to_pylist())
    groups: dict[str, list[str]] = {}
    for row in table.to_pylist():
        groups.setdefault(row["content_hash"], []).append(row["source"])
    best = {digest: min(names, key=lambda name: (name not in current, name)) for digest, names in groups.items()}
    return {name: best[digest] for digest, names in groups.items() for name in names}


def _rejected(rows: pa.Table, losers: dict[str, str]) -> pa.Table:
    """One row a source, with what is known of it as a whole."""
    whole = {row["source"]: row for row in rows.to_pylist()}
    names = ("source", "fingerprint", "attempt", "content_hash", "source_version", "extra")
    made = [
        {
            **{name: row[name] for name in names},
            "clip_id": stable_id(source),
            "source_start_s": 0.0,
            "source_end_s": 0.0,
            "status": "rejected",
            "reasons": [f"duplicate: the same bytes as {losers[source]}"],
            "duplicate_of": losers[source],
        }
        for source, row in whole.items()
    ]
    return pa.Table.from_pylist(made, rows.schema)
