"""Near-duplicates of an output as a table: each clip, its group, and the clip that stands in its place."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from factory.errors import StorageError
from factory.manifest.schema import column, schema
from factory.near_duplicates.groups import grouped
from factory.near_duplicates.pairs import near_pairs
from factory.subsets.clips import SPAN, signed

COLUMNS = schema(
    column("clip_id", pa.string(), "stable id: of the source's content and the span"),
    column("source", pa.string(), "name of the video"),
    column("source_start_s", pa.float64(), "start of the span, seconds from the source's first frame"),
    column("source_end_s", pa.float64(), "end of the span, exclusive, seconds from the source's first frame"),
    column("near_duplicate_of", pa.string(), "clip_id of the one that is kept; null for that one, and where none is"),
    column("group", pa.string(), "clip_id of the one that is kept: it and its near-duplicates have the same"),
    column("chain", pa.string(), "the same for groups linked by near-duplicates of each other's: not to be split"),
    column("signatures", pa.int32(), "pictures that it was compared by; 0: it shows too little"),
)


def near_duplicates(clips: pa.Table, done: Callable[[], object] = lambda: None) -> pa.Table:
    """Of clips as `chosen` gives them, with `signatures`: rows of COLUMNS, in the same order.

    Raises StorageError where no clip of an output has a signature: an earlier version ingested it.
    """
    if clips["signatures"].null_count == len(clips):
        raise StorageError(
            "the ingest manifest has no signatures: run the same sources again into this output, "
            "which ingests them anew."
        )
    known = signed(clips)
    groups = grouped(len(clips), near_pairs(known, done))
    ids, copy = clips["clip_id"].combine_chunks(), groups.kept != np.arange(len(clips))
    kept = ids.take(pa.array(groups.kept))
    found = {
        **{name: clips[name] for name in SPAN},
        "near_duplicate_of": pa.array(np.where(copy, kept.to_numpy(zero_copy_only=False), None), pa.string()),
        "group": kept,
        "chain": ids.take(pa.array(groups.chain)),
        "signatures": pa.array(np.diff(known.first), pa.int32()),
    }
    return pa.table(found, COLUMNS)
