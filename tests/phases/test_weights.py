"""How much work a unit is beside the others: what the time left is told by."""

import pyarrow as pa

from factory.phases.run import weights
from factory.storage.sources import find_sources


def units(**columns) -> pa.Table:
    return pa.table(columns)


def test_clips_weigh_their_seconds_and_sources_their_bytes(tmp_path):
    clips = units(source_start_s=[0.0, 2.5], source_end_s=[2.5, 12.0], version=pa.nulls(2, pa.string()))
    assert weights(clips).to_pylist() == [2.5, 9.5]
    for name, size in (("a.mp4", 10), ("b.mp4", 3000)):
        (tmp_path / name).write_bytes(b"x" * size)
    assert weights(find_sources(str(tmp_path))).to_pylist() == [10.0, 3000.0]


def test_all_weigh_the_same_where_the_size_of_one_is_not_known():
    assert weights(units(version=["10-abc", None])).to_pylist() == [1.0, 1.0]
    assert weights(units(version=["10-abc", '"etag"'])).to_pylist() == [1.0, 1.0]


def test_nothing_weighs_nothing():
    """Where no phase before has committed, columns have no type yet."""
    none = weights(units(source_start_s=pa.array([], pa.string()), source_end_s=pa.array([], pa.string())))
    assert (none.type, none.to_pylist()) == (pa.float64(), [])
