"""Which signatures may show the same, without comparing all with all: locality-sensitive hashing.

Indyk and Motwani, "Approximate Nearest Neighbors", 1998, by sampled bits: each table knows signatures by some of the
signs of their coefficients, and finds those that agree in all of these.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, log2
from random import Random

import numpy as np

TABLES = 16
# Bits of a key: so many that unrelated signatures rarely meet in a table of N, and no more, as each bit costs copies.
SPARE_BITS, LEAST_BITS, MOST_BITS = 4, 16, 26
# Entries of a key that are looked at, of different sources, in the order of the signatures: what a thousand sources
# share is found by way of the first of them.
DEPTH = 64
# Of 64 signs, beyond which two signatures are not compared: at the least correlation that counts (0.85) 11 differ, with
# a deviation of 3; of unrelated ones that share a key 20 do.
MOST_SIGNS = 14
BLOCK = 1 << 17  # signatures looked up at a time: memory
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # Knuth's multiplicative hashing, 2^64 by the golden ratio


@dataclass(frozen=True)
class Table:
    """mask: the signs that make a key. keys: uint32 (M,), sorted. rows: int64 (M,), the signature of each."""

    mask: np.uint64
    bits: int
    keys: np.ndarray
    rows: np.ndarray

    def key(self, signs: np.ndarray) -> np.ndarray:
        return _key(signs, self.mask, self.bits)


def signs_of(waves: np.ndarray) -> np.ndarray:
    """float32 (N, 64) to uint64 (N,): a bit each."""
    return np.packbits(waves > 0, axis=1).view("<u8").ravel()


def tables_of(signs: np.ndarray, source: np.ndarray) -> list[Table]:
    """Of signatures with these signs, uint64 (N,), from these sources, int (N,). The same ones in the same order give
    the same tables."""
    bits = min(max(ceil(log2(len(signs) + 1)) + SPARE_BITS, LEAST_BITS), MOST_BITS)
    draw = Random(0)
    masks = [np.uint64(sum(1 << bit for bit in draw.sample(range(64), bits))) for _ in range(TABLES)]
    return [_table(signs, source, mask, bits) for mask in masks]


def meetings(table: Table, probes: np.ndarray, signs: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs (of probes, of signatures), int64 (P,) each, that share a key of the table and most of their signs: of
    probes uint64 (N,) and signatures uint64 (M,), those of which the table is."""
    filled = np.zeros(1 << table.bits, bool)
    filled[table.keys] = True
    for begin in range(0, len(probes), BLOCK):
        some = probes[begin : begin + BLOCK]
        keys = table.key(some)
        met = np.flatnonzero(filled[keys])
        first = np.searchsorted(table.keys, keys[met])
        count = np.minimum(np.searchsorted(table.keys, keys[met], side="right") - first, DEPTH)
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        probe, found = np.repeat(met, count), table.rows[np.repeat(first, count) + within]
        near = np.bitwise_count(some[probe] ^ signs[found]) <= MOST_SIGNS
        yield begin + probe[near], found[near]


def _key(signs: np.ndarray, mask: np.uint64, bits: int) -> np.ndarray:
    return ((signs & mask) * _SPREAD >> np.uint64(64 - bits)).astype(np.uint32)


def _table(signs: np.ndarray, source: np.ndarray, mask: np.uint64, bits: int) -> Table:
    """One entry for each key and source: a camera that stands for hours fills no key."""
    keys = _key(signs, mask, bits)
    order = np.lexsort((source, keys))
    new = np.diff(keys[order], prepend=-1) != 0
    new |= np.diff(source[order], prepend=-1) != 0
    rows = np.sort(order[new])
    rows = rows[np.argsort(keys[rows], kind="stable")]
    return Table(mask, bits, keys[rows], rows)
