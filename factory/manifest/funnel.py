"""What an output holds: of each phase the rows by status, and why clips were lost."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from factory.manifest.phases import in_order
from factory.manifest.read import count_by, read_phase
from factory.reasons import failed_because, rejected_because
from factory.storage.output import Storage


@dataclass(frozen=True)
class Funnel:
    """Of one phase. counts: rows by status. sources: how many these come from. clips: rows that span any time, which
    those of whole sources do not. kept_s: seconds of video that are `ok`. reasons, errors: rows by the words of
    `reasons.py`."""

    phase: str
    rows: int
    counts: dict[str, int]
    sources: int
    clips: int
    kept_s: float
    reasons: Counter[str]
    errors: Counter[str]


def funnels(storage: Storage) -> list[Funnel]:
    """Of the phases that have committed anything, in the order they work in."""
    return [_funnel(storage, phase) for phase in in_order(storage)]


def _funnel(storage: Storage, phase: str) -> Funnel:
    columns = ["source", "status", "reasons", "error_type", "source_start_s", "source_end_s"]
    table = read_phase(storage, phase, columns)
    kept = table.filter(pc.equal(table["status"], "ok"))
    errors = Counter({failed_because(name): n for name, n in count_by(table, "error_type").items() if name})
    return Funnel(
        phase=phase,
        rows=table.num_rows,
        counts=count_by(table, "status"),
        sources=pc.count_distinct(table["source"]).as_py(),
        clips=pc.sum(pc.greater(table["source_end_s"], table["source_start_s"])).as_py() or 0,
        kept_s=pc.sum(pc.subtract(kept["source_end_s"], kept["source_start_s"])).as_py() or 0.0,
        reasons=_reasons(table["reasons"]),
        errors=errors,
    )


def _reasons(reasons: pa.ChunkedArray) -> Counter[str]:
    """Rows by the words of their reasons, each once a row. In Arrow and NumPy: manifests have millions of rows."""
    each = reasons.combine_chunks()
    if not pa.types.is_list(each.type):
        return Counter()
    rows, sentences = pc.list_parent_indices(each).to_numpy(), pc.list_flatten(each)
    names = pc.struct_field(pc.extract_regex(sentences, r"^(?P<name>[^:(]*)"), "name").dictionary_encode()
    words = [rejected_because(name.strip()) for name in names.dictionary.to_pylist()]
    alike = np.array([words.index(word) for word in words], int)
    pairs = np.unique(np.stack([rows, alike[names.indices.to_numpy()]]), axis=1) if len(rows) else np.empty((2, 0), int)
    return Counter({words[code]: int(n) for code, n in enumerate(np.bincount(pairs[1])) if n})
