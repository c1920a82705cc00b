"""From pairs of near-duplicates to groups: who is kept, who stands for whom, and what belongs together at all."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True)
class Groups:
    """Of C clips, int64 (C,) each, by number. kept: the clip kept in its place, itself where it is kept. chain: the
    first clip that is linked to it by pairs, over whatever others."""

    kept: np.ndarray
    chain: np.ndarray


def grouped(count: int, pairs: np.ndarray) -> Groups:
    """Of clips in the order in which they are to be kept. pairs: int64 (P, 2), the smaller number first.

    A clip goes to the first kept one that it is itself a near-duplicate of, and is kept where there is none: so no
    group holds a clip that only resembles another one's copy, however long the chain of copies is.
    """
    kept = np.arange(count)
    for a, b in pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))].tolist():
        if kept[a] == a and kept[b] == b:
            kept[b] = a
    links = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    label = connected_components(links, directed=False)[1]
    first = np.full(count, count)
    np.minimum.at(first, label, np.arange(count))
    return Groups(kept, first[label])
