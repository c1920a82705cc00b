"""Round trips, newest rows, tidying and queries, over parts written as the engine writes them."""

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.errors import ConfigError, StorageError
from factory.manifest.query import query
from factory.manifest.read import committed, read_phase
from factory.manifest.schema import COMMON, INGEST, column, schema
from factory.manifest.sweep import sweep
from factory.manifest.write import parquet_of_rows
from factory.storage.output import Storage

SCHEMA = schema(*COMMON, column("value", pa.float64(), "a feature"))


def row(clip_id, status="ok", attempt=1, fingerprint="f", **more):
    fields = {"clip_id": clip_id, "source": f"/{clip_id}.mp4", "source_start_s": 0.0, "source_end_s": 2.0}
    return {**fields, "status": status, "reasons": [], "fingerprint": fingerprint, "attempt": attempt, **more}


def commit(storage, shard, rows):
    storage.write(storage.part("filter", shard), parquet_of_rows(rows, SCHEMA))


ROWS = st.lists(
    st.builds(
        row,
        clip_id=st.text("0123456789abcdef", min_size=4, max_size=8),
        status=st.sampled_from(["ok", "rejected", "failed"]),
        source=st.text(max_size=20),
        reasons=st.lists(st.text(max_size=10), max_size=3),
        error=st.none() | st.text(max_size=10),
        value=st.none() | st.floats(allow_nan=False),
    ),
    max_size=12,
    unique_by=lambda r: r["clip_id"],
)


@given(ROWS)
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read(rows):
    with tempfile.TemporaryDirectory() as folder:
        storage = Storage.at(Path(folder))
        commit(storage, "s", rows)
        table = read_phase(storage, "filter")
        assert table.schema.equals(SCHEMA)
        names = SCHEMA.names
        expected = [{name: r.get(name) for name in names} for r in sorted(rows, key=lambda r: r["clip_id"])]
        assert table.to_pylist() == expected


def test_the_same_rows_in_any_order_are_the_same_bytes():
    rows = [row("b", value=1.0), row("a"), row("c", "failed", error="x")]
    assert parquet_of_rows(rows, SCHEMA) == parquet_of_rows(rows[::-1], SCHEMA)


def test_a_column_of_nulls_keeps_its_type_beside_a_part_that_has_values(tmp_path):
    storage = Storage.at(tmp_path)
    commit(storage, "a", [row("a")])
    commit(storage, "b", [row("b", "failed", error="x", value=2.0)])
    assert read_phase(storage, "filter").schema.field("error").type == pa.string()
    assert pq.read_table(tmp_path / "filter").num_rows == 2


def test_a_key_the_schema_does_not_know_is_refused():
    with pytest.raises(ValueError, match="speling"):
        parquet_of_rows([row("a", speling=1)], SCHEMA)


def test_every_column_says_what_it_means():
    assert all(field.metadata[b"meaning"] for field in schema(*COMMON, *INGEST))


@pytest.fixture
def retried(tmp_path):
    """Clip b failed at first and was done again; clip c's source is gone."""
    storage = Storage.at(tmp_path)
    commit(storage, "old", [row("a", value=0.5), row("b", "failed", error="x"), row("c")])
    commit(storage, "new", [row("b", attempt=2, value=0.9)])
    return storage


def test_the_newest_attempt_counts(retried):
    assert {r["clip_id"]: r["value"] for r in read_phase(retried, "filter").to_pylist()} == {
        "a": 0.5,
        "b": 0.9,
        "c": None,
    }
    assert {r["key"]: r["status"] for r in committed(retried, "filter").to_pylist()}["b"] == "ok"
    assert query(retried, "SELECT count(*) FROM filter").fetchall() == [(3,)]


def test_sweeping_leaves_what_any_parquet_reader_expects(retried):
    before = read_phase(retried, "filter").to_pylist()
    sweep(retried, "filter", pa.chunked_array([["a", "b"]]))
    plain = pq.read_table(f"{retried.root}/filter").sort_by("clip_id").to_pylist()
    assert plain == [r for r in before if r["clip_id"] != "c"]


def test_sweeping_twice_changes_nothing(retried):
    sweep(retried, "filter")
    once = {part.uri: retried.read(part.uri) for part in retried.parts("filter")}
    sweep(retried, "filter")
    assert {part.uri: retried.read(part.uri) for part in retried.parts("filter")} == once


def test_a_query_that_cannot_be_run_says_why(retried):
    with pytest.raises(ConfigError, match="speling"):
        query(retried, "SELECT speling FROM filter")
    Path(retried.root, "empty", "artifacts").mkdir(parents=True)
    with pytest.raises(StorageError, match="holds no manifest"):
        query(Storage.at(f"{retried.root}/empty"), "SELECT 1")


def test_a_damaged_part_is_named(retried):
    retried.write(retried.part("filter", "old"), b"PAR1 no more")
    with pytest.raises(StorageError, match=r"part-old\.parquet cannot be read"):
        read_phase(retried, "filter")
