"""Groups from pairs: chains of copies do not carry clips to where they do not belong."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.near_duplicates.groups import grouped

COUNT = 12
EDGES = st.sets(st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)).filter(lambda e: e[0] < e[1]))


def of(pairs):
    return grouped(COUNT, np.array(sorted(pairs), int).reshape(-1, 2))


def test_a_chain_of_copies_is_no_group_but_is_not_to_be_split():
    groups = of({(0, 1), (1, 2), (2, 3)})
    assert groups.kept[:4].tolist() == [0, 0, 2, 2]
    assert groups.chain[:4].tolist() == [0, 0, 0, 0]


@given(EDGES)
@settings(deadline=None)
def test_each_clip_goes_to_a_kept_one_that_it_resembles_itself(pairs):
    groups = of(pairs)
    for clip, kept in enumerate(groups.kept.tolist()):
        assert kept == clip or (kept, clip) in pairs
        assert groups.kept[kept] == kept
    assert not any(groups.kept[a] == a and groups.kept[b] == b for a, b in pairs)


@given(EDGES)
@settings(deadline=None)
def test_pairs_and_groups_are_in_one_chain_and_chains_in_none_other(pairs):
    groups = of(pairs)
    assert all(groups.chain[a] == groups.chain[b] for a, b in pairs)
    assert (groups.chain[groups.kept] == groups.chain).all()
    joined = {clip: {clip} for clip in range(COUNT)}
    for a, b in pairs:
        both = joined[a] | joined[b]
        for clip in both:
            joined[clip] = both
    assert groups.chain.tolist() == [min(joined[clip]) for clip in range(COUNT)]
