"""Balanced draws."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.errors import ConfigError
from factory.subsets.sample import quotas, sample, strata


def clips_of(values, kind=None):
    count = len(values)
    columns = {"clip_id": [f"c{i:05d}" for i in range(count)], "source": ["/v.mp4"] * count}
    spans = {"source_start_s": [float(i) for i in range(count)], "source_end_s": [i + 1.0 for i in range(count)]}
    return pa.table({**columns, **spans, "value": pa.array(values, kind)})


def drawn(values, count, bins=10, seed=0, kind=None):
    return sample(clips_of(values, kind), count, bins, seed)


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=8), st.integers(1, 100))
def test_quotas_differ_by_one_at_most_but_for_what_is_too_small(sizes, count):
    found = quotas(np.array(sizes), count)
    assert found.sum() == min(count, sum(sizes))
    assert (found <= sizes).all()
    full = [quota for quota, size in zip(found, sizes, strict=True) if quota < size]
    assert not full or max(full) - min(full) <= 1
    assert not full or all(quota <= max(full) + 1 for quota in found)


@given(st.lists(st.sampled_from(["city", "wood", "sea"]) | st.none(), max_size=60), st.integers(1, 30))
@settings(deadline=None)
def test_each_clip_once_with_its_value_and_null_is_left_out(values, count):
    rows = drawn(values, count, kind=pa.string()).to_pylist()
    assert len(rows) == len({row["clip_id"] for row in rows}) == min(count, sum(v is not None for v in values))
    assert all(row["stratum"] == values[int(row["clip_id"][1:])] for row in rows)


def test_a_rare_value_gives_all_and_the_others_share_the_rest():
    values = ["common"] * 500 + ["rare"] * 3 + ["other"] * 200
    assert Counter(drawn(values, 103)["stratum"].to_pylist()) == {"rare": 3, "common": 50, "other": 50}


def test_numbers_are_balanced_over_quantiles_and_the_largest_is_in_one():
    values = np.random.default_rng(0).exponential(1, 1000).tolist()
    counts = Counter(drawn(values, 100, bins=5)["stratum"].to_pylist())
    assert sorted(counts.values()) == [20] * 5
    names = strata(pa.chunked_array([values]), 5).to_pylist()
    assert len(set(names)) == 5
    assert names[int(np.argmax(values))].endswith("]")
    assert names[int(np.argmin(values))].startswith(f"[{min(values):.6g}")


def test_few_numbers_are_values_of_their_own():
    assert Counter(drawn([1, 1, 1, 1, 2, 3], 3)["stratum"].to_pylist()) == {"1": 1, "2": 1, "3": 1}
    assert set(drawn([True, False, False], 2)["stratum"].to_pylist()) == {"true", "false"}


def test_a_smaller_draw_is_part_of_a_larger_and_another_seed_is_another():
    values = ["a", "b"] * 200
    small, large, other = (set(drawn(values, *n)["clip_id"].to_pylist()) for n in ((20,), (60,), (20, 10, 1)))
    assert small < large
    assert small != other


def test_lists_are_refused():
    with pytest.raises(ConfigError, match="cannot be balanced"):
        strata(pa.chunked_array([[["a"], ["b"]]]), 10)
