"""Clips into train, validation and test, so that nothing leaks: what belongs together is in one of them."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from factory.clip import stable_id
from factory.errors import ConfigError
from factory.manifest.read import key_codes
from factory.manifest.schema import column, schema
from factory.subsets.clips import SPAN
from factory.subsets.duplicates import COLUMNS as DUPLICATES

SPLITS = ("train", "validation", "test")
DIGITS = 13  # of a hash that place a unit: all that a float holds
COLUMNS = schema(
    *(DUPLICATES.field(name) for name in SPAN),
    column("split", pa.string(), "train, validation or test"),
    column("unit", pa.string(), "what is never split, as sources and their near-duplicates: the hash that places it"),
)


def split(
    clips: pa.Table, chain: Sequence[str], ratios: Sequence[float], seed: int, before: pa.Table | None = None
) -> pa.Table:
    """Rows of COLUMNS, by clip_id. clips: with SPAN and `content_hash`. chain: of each clip. ratios: of SPLITS, of any
    sum. before: an earlier split, to be kept.

    A unit is what sources and chains join. It is named and placed by the least hash of its sources' bytes and the seed:
    what else is there does not matter, and it moves only when a source joins it whose hash is less, one time in n + 1
    for n sources. A unit of which something was placed `before` stays there; where it was in several splits, in the
    first of SPLITS: what a model has been trained on does not come into a test.
    """
    shares = np.array(ratios, float)
    if len(shares) != len(SPLITS) or not (np.isfinite(shares).all() and (shares >= 0).all() and shares.sum() > 0):
        raise ConfigError("the ratios are three numbers, for train, validation and test: none below 0, not all 0.")
    source, unit = _units(clips["source"], pa.chunked_array([pa.array(chain, pa.string())]))
    placed = _hashes(clips, source, unit, seed)
    bounds = np.cumsum(shares / shares.sum())
    # Of a hash of its own: the least of several hashes is rather small, and large units would all be in train.
    position = np.array([int(stable_id(name)[:DIGITS], 16) / 16**DIGITS for name in placed])
    which = np.minimum(np.searchsorted(bounds[:-1], position, side="right"), len(SPLITS) - 1)
    if before is not None:
        which = np.where((kept := _kept(clips["source"], unit, before)) < len(SPLITS), kept, which)
    found = {
        **{name: clips[name] for name in SPAN},
        "split": pa.array(np.array(SPLITS, object)[which[unit]], pa.string()),
        "unit": pa.array(np.array(placed, object)[unit], pa.string()),
    }
    return pa.table(found, COLUMNS).sort_by("clip_id")


def _units(source: pa.ChunkedArray, chain: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of each clip's source and unit: int (N,)."""
    sources, chains = key_codes(source), key_codes(chain)
    many = int(sources.max()) + 1
    size = many + int(chains.max()) + 1
    links = coo_array((np.ones(len(sources), np.int8), (sources, many + chains)), shape=(size, size))
    labels = connected_components(links, directed=False)[1]
    return sources, labels[sources]


def _hashes(clips: pa.Table, source: np.ndarray, unit: np.ndarray, seed: int) -> list[str]:
    """The least hash of each unit's sources; by their bytes, so that a folder may be moved."""
    least: dict[int, str] = {}
    first = np.unique(source, return_index=True)[1]
    names = pc.coalesce(clips["content_hash"], clips["source"]).take(pa.array(first)).to_pylist()
    for name, number in zip(names, unit[first].tolist(), strict=True):
        own = stable_id(seed, name)
        least[number] = min(own, least.get(number, own))
    return [least[number] for number in range(len(least))]


def _kept(source: pa.ChunkedArray, unit: np.ndarray, before: pa.Table) -> np.ndarray:
    """For each unit the number of the split it had, len(SPLITS) where it is new."""
    rank = pc.index_in(before["split"], value_set=pa.array(SPLITS))
    if rank.null_count:
        raise ConfigError(f"the split to be kept has others than {', '.join(SPLITS)}: it is none of `factory split`.")
    old = pa.table({"source": before["source"], "rank": rank}).group_by("source").aggregate([("rank", "min")])
    known = old["rank_min"].take(pc.index_in(source, value_set=old["source"].combine_chunks()))
    found = np.full(int(unit.max()) + 1, len(SPLITS))
    np.minimum.at(found, unit, pc.fill_null(known, len(SPLITS)).to_numpy())
    return found
