"""Splits that do not leak, and stay."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.errors import ConfigError
from factory.subsets.split import SPLITS, split

# (source, chain) of each clip
CLIPS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 60)), min_size=1, max_size=80)


def clips_of(pairs):
    """Clips named by their place, of sources and chains by number."""
    count = len(pairs)
    columns = {
        "clip_id": [f"c{i}" for i in range(count)],
        "source": [f"/v/{source}.mp4" for source, _ in pairs],
        "source_start_s": [0.0] * count,
        "source_end_s": [2.0] * count,
        "content_hash": [f"bytes of {source}" for source, _ in pairs],
    }
    return pa.table(columns), [f"k{chain}" for _, chain in pairs]


def splits(pairs, ratios=(0.6, 0.2, 0.2), seed=0, before=None):
    rows = split(*clips_of(pairs), ratios, seed, before)
    return rows, {row["clip_id"]: row["split"] for row in rows.to_pylist()}


@given(CLIPS, st.integers(0, 5))
@settings(deadline=None)
def test_no_source_and_no_chain_is_in_two_splits(pairs, seed):
    found = splits(pairs, seed=seed)[1]
    assert len(found) == len(pairs)
    for place in (0, 1):
        for name in {pair[place] for pair in pairs}:
            assert len({found[f"c{i}"] for i, pair in enumerate(pairs) if pair[place] == name}) == 1


@given(CLIPS, st.randoms())
@settings(deadline=None)
def test_the_order_of_clips_does_not_matter(pairs, draw):
    clips, chain = clips_of(pairs)
    order = draw.sample(range(len(pairs)), len(pairs))
    shuffled = split(clips.take(order), [chain[i] for i in order], (0.6, 0.2, 0.2), 0)
    assert shuffled.equals(split(clips, chain, (0.6, 0.2, 0.2), 0))


@given(CLIPS, CLIPS)
@settings(deadline=None)
def test_with_the_split_before_all_stays_but_what_new_clips_join_and_nothing_leaves_train(old, new):
    """And without it, all that no new clip touches."""
    before, found = splits(old)
    kept = splits(old + new, before=before)[1]
    rank = {name: i for i, name in enumerate(SPLITS)}
    assert all(rank[kept[clip]] <= rank[placed] for clip, placed in found.items())
    alone = splits(old + new)[1]
    units = dict(zip(before["clip_id"].to_pylist(), before["unit"].to_pylist(), strict=True))
    touched = touched_units(old, new, units)
    for clip, placed in found.items():
        if units[clip] not in touched:
            assert kept[clip] == alone[clip] == placed


def touched_units(old, new, units):
    """Units of old clips that new ones are of: those of their sources or chains."""
    sources, chains = {s for s, _ in new}, {c for _, c in new}
    return {units[f"c{i}"] for i, (s, c) in enumerate(old) if s in sources or c in chains}


def test_a_new_source_of_a_placed_unit_goes_to_it():
    old = [(i, i) for i in range(200)]
    before, found = splits(old)
    kept = splits(old + [(1000 + i, i) for i in range(200)], before=before)[1]
    assert all(kept[f"c{i}"] == kept[f"c{200 + i}"] == found[f"c{i}"] for i in range(200))
    moved = splits(old + [(1000 + i, i) for i in range(200)])[1]
    assert any(moved[f"c{i}"] != found[f"c{i}"] for i in range(200))


def test_ratios_are_near_what_was_asked_and_the_seed_matters():
    pairs = [(i // 3, i) for i in range(9000)]
    counts = {name: list(splits(pairs, (8, 1, 1))[1].values()).count(name) / 9000 for name in SPLITS}
    assert counts["train"] == pytest.approx(0.8, abs=0.03)  # 3000 units: a standard deviation of 0.7 %
    assert counts["test"] == pytest.approx(0.1, abs=0.02)
    assert splits(pairs, seed=1)[1] != splits(pairs, seed=2)[1]


def test_units_of_many_sources_are_no_likelier_to_be_in_one_split_than_others():
    pairs = [(10 * unit + i, unit) for unit in range(1500) for i in range(8)]
    counts = {name: list(splits(pairs, (8, 1, 1))[1].values()).count(name) / 12000 for name in SPLITS}
    assert counts["train"] == pytest.approx(0.8, abs=0.04)  # a standard deviation of 1 %
    assert counts["test"] == pytest.approx(0.1, abs=0.03)


def test_a_ratio_of_zero_gets_nothing_and_larger_shares_only_move_what_lies_at_their_edge():
    pairs = [(i, i) for i in range(500)]
    assert set(splits(pairs, (0.9, 0, 0.1))[1].values()) == {"train", "test"}
    small, large = splits(pairs, (0.5, 0.25, 0.25))[1], splits(pairs, (0.6, 0.2, 0.2))[1]
    assert all(large[clip] == "train" for clip, placed in small.items() if placed == "train")


@pytest.mark.parametrize("ratios", [(0, 0, 0), (1, -0.1, 0.1), (float("nan"), 1, 1)])
def test_ratios_that_are_none_are_refused(ratios):
    with pytest.raises(ConfigError, match="ratios"):
        splits([(0, 0)], ratios)


def test_a_moved_folder_changes_no_place():
    clips, chain = clips_of([(i, i) for i in range(50)])
    names = pa.chunked_array([[f"s3://elsewhere/{i}.mp4" for i in range(50)]])
    moved = clips.set_column(clips.column_names.index("source"), "source", names)
    assert split(moved, chain, (1, 1, 1), 0)["split"].equals(split(clips, chain, (1, 1, 1), 0)["split"])
