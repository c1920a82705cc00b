"""A balanced subset: as many clips of each value of a column, as far as there are."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from factory.clip import stable_id
from factory.errors import ConfigError
from factory.manifest.read import key_codes
from factory.manifest.schema import column, schema
from factory.subsets.clips import SPAN
from factory.subsets.duplicates import COLUMNS as DUPLICATES

COLUMNS = schema(
    *(DUPLICATES.field(name) for name in SPAN),
    column("stratum", pa.string(), "the value of the column, or the range it lies in, that the clip was drawn for"),
)


def sample(clips: pa.Table, count: int, bins: int, seed: int) -> pa.Table:
    """`count` clips, by clip_id, balanced over the column `value`; all where there are fewer. Rows of COLUMNS.

    Clips without a value are left out. A value that has too few clips gives all, the others share the rest alike. Of
    each value those with the least hash of seed and id are taken: of a larger count they are a part, and more clips in
    the output change few. Raises ConfigError where the column's values are neither text, numbers nor booleans.
    """
    clips = clips.filter(pc.is_valid(clips["value"]))
    names = strata(clips["value"], bins)
    codes = key_codes(names)
    draw = np.array([stable_id(seed, clip_id) for clip_id in clips["clip_id"].to_pylist()], object)
    order = np.lexsort((draw.astype(str), codes))
    sizes = np.bincount(codes)
    place = np.arange(len(codes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    taken = order[place < quotas(sizes, count)[codes[order]]]
    found = {**{name: clips[name] for name in SPAN}, "stratum": names}
    return pa.table(found, COLUMNS).take(pa.array(taken)).sort_by("clip_id")


def strata(values: pa.ChunkedArray, bins: int) -> pa.ChunkedArray:
    """The name of each value's stratum: the value itself, or of numbers of more than `bins` values the range between
    two quantiles that it lies in."""
    kind = values.type
    if not any(is_kind(kind) for is_kind in (kinds.is_string, kinds.is_boolean, kinds.is_integer, kinds.is_floating)):
        raise ConfigError(f"a column of type {kind} cannot be balanced: take one of text, numbers or booleans.")
    numeric = kinds.is_integer(kind) or kinds.is_floating(kind)
    if not numeric or pc.count_distinct(values).as_py() <= bins:
        return values.cast(pa.string())
    numbers = values.to_numpy().astype(float)
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, bins + 1)))
    which = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(edges) - 2)
    ends = ["]" if last == len(edges) - 2 else ")" for last in range(len(edges) - 1)]
    names = [f"[{low:.6g}, {high:.6g}{end}" for low, high, end in zip(edges, edges[1:], ends, strict=False)]
    return pa.chunked_array([pa.array(names).take(pa.array(which))])


def quotas(sizes: np.ndarray, count: int) -> np.ndarray:
    """How many of each stratum of these sizes: alike, but for those that have too few, `count` in all if there are."""
    found = np.zeros(len(sizes), int)
    left = min(count, int(sizes.sum()))
    order = np.argsort(sizes, kind="stable")
    for rank, stratum in enumerate(order):
        found[stratum] = min(sizes[stratum], left // (len(order) - rank))
        left -= found[stratum]
    return found
