"""Queries read the manifests of one output and nothing else of the machine; `--unsafe` lifts that."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from factory.cli import main
from factory.errors import ConfigError, FactoryError, StorageError
from factory.export import davis, tum
from factory.export.selection import Selection
from factory.manifest.query import query, run_unsafe, sql_errors
from factory.manifest.read import read_phase
from factory.manifest.schema import COMMON, INGEST, POSE, schema
from factory.manifest.write import parquet_of_rows
from factory.storage.output import Storage

ROW = {"source_start_s": 0.0, "source_end_s": 2.0, "reasons": [], "fingerprint": "f", "attempt": 1}


def write(root) -> Storage:
    storage = Storage.at(root)
    rows = [{**ROW, "clip_id": c, "source": f"/{c}.mp4", "status": s} for c, s in (("a", "ok"), ("b", "rejected"))]
    storage.write(storage.part("ingest", "one"), parquet_of_rows(rows, schema(*COMMON, *INGEST)))
    storage.write(storage.part("pose", "one"), parquet_of_rows(rows, schema(*COMMON, *POSE)))
    return storage


@pytest.fixture
def storage(tmp_path):
    return write(tmp_path / "it's [1] out")


@pytest.fixture
def outside(tmp_path):
    """Files that no query may see."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.csv").write_text("word\nhush\n")
    (folder / "secret.json").write_text('{"word": "hush"}')
    (folder / "secret.parquet").write_bytes(parquet_of_rows([{**ROW, "clip_id": "hush"}], schema(*COMMON)))
    return folder


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM ingest",
        "select source from pose where status = 'ok'; ",
        "WITH ok AS (SELECT * FROM ingest WHERE status = 'ok') SELECT clip_id FROM ok JOIN pose USING (clip_id)",
        "FROM ingest",
        "DESCRIBE ingest",
        "SUMMARIZE pose",
        "SHOW TABLES",
        "SELECT source FROM ingest UNION SELECT source FROM pose -- the end",
        "SELECT regexp_extract(source, '[a-z]+'), list_sum(timestamps) FROM pose",
    ],
)
def test_what_reads_the_manifests_runs(storage, sql):
    assert query(storage, sql).fetchall()


READS = [
    "SELECT * FROM read_csv('{f}/secret.csv')",
    "SELECT * FROM '{f}/secret.csv'",
    "SELECT * FROM '{f}/secret.parquet'",
    "SELECT * FROM read_parquet('{f}/*.parquet')",
    "SELECT * FROM parquet_metadata('{f}/secret.parquet')",
    "SELECT * FROM parquet_schema('{f}/secret.parquet')",
    "SELECT * FROM parquet_kv_metadata('{f}/secret.parquet')",
    "SELECT * FROM read_json('{f}/secret.json')",
    "SELECT * FROM read_text('{f}/secret.csv')",
    "SELECT * FROM read_blob('{f}/secret.csv')",
    "SELECT * FROM sniff_csv('{f}/secret.csv')",
    "SELECT * FROM glob('{f}/*')",
    "SELECT * FROM glob('{root}/*')",
    "SELECT * FROM read_text('{root}/ingest/../../outside/secret.csv')",
    "SELECT * FROM query('SELECT * FROM read_text(''{f}/secret.csv'')')",
    "SELECT (SELECT content FROM read_text('{f}/secret.csv')) FROM ingest",
    "WITH t AS (FROM read_csv('{f}/secret.csv')) SELECT * FROM t",
    "SELECT getenv('HOME')",
    "SELECT * FROM 'http://127.0.0.1:9/x.csv'",
    "SELECT * FROM read_csv('s3://bucket/x.csv')",
    "SELECT * FROM here",  # a variable of Python
]
STATEMENTS = [
    "COPY (SELECT 1) TO '{f}/made.csv'",
    "COPY (SELECT 1) TO '{part}'",
    "COPY ingest TO '{part}'",
    "ATTACH '{f}/made.db'",
    "EXPORT DATABASE '{f}/made'",
    "IMPORT DATABASE '{f}/made'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "PRAGMA enable_profiling",
    "CALL pragma_version()",
    "CREATE TABLE t AS SELECT 1",
    "CREATE SECRET (TYPE s3)",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{f}/made.csv'",
    "SELECT 1; COPY (SELECT 1) TO '{f}/made.csv'",
    "PREPARE p AS SELECT 1",
    "CHECKPOINT",
    "USE memory",
    "",
    "-- nothing",
]


@pytest.mark.parametrize("sql", [*READS, *STATEMENTS])
def test_nothing_else_is_read_or_written(storage, outside, sql, monkeypatch):
    monkeypatch.setattr("factory.manifest.query.here", pa.table({"word": ["hush"]}), raising=False)
    part = storage.parts("ingest")[0].uri
    before = sorted(outside.iterdir()), Path(part).read_bytes()
    with pytest.raises(ConfigError) as caught, sql_errors(storage):
        query(storage, sql.format(f=outside, root=storage.root, part=part)).fetchall()
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)
    assert (sorted(outside.iterdir()), Path(part).read_bytes()) == before


def test_the_user_s_stored_keys_are_not_listed(storage):
    assert query(storage, "SELECT * FROM duckdb_secrets()").fetchall() == []


@pytest.mark.parametrize("export", [tum.export, davis.export])
def test_a_condition_of_an_export_reads_no_file_either(storage, outside, tmp_path, export):
    inside = f"clip_id IN (SELECT word FROM read_csv('{outside}/secret.csv'))"
    for where in (inside, f"true) UNION (FROM read_text('{outside}/secret.csv')", "true); SELECT (1"):
        with pytest.raises(FactoryError):
            export(storage, "pose", tmp_path / "dest", Selection(where))
    assert not (tmp_path / "dest").exists()


def test_unsafe_reads_and_writes(storage, outside, capsys):
    assert run_unsafe(storage, f"SELECT word FROM read_csv('{outside}/secret.csv')").fetchall() == [("hush",)]
    sql = f"COPY (SELECT clip_id FROM ingest ORDER BY 1) TO '{outside}/made.csv'"
    assert main(["query", storage.root, sql]) == 1
    assert "--unsafe" in capsys.readouterr().err
    assert not (outside / "made.csv").exists()
    assert main(["query", storage.root, sql, "--unsafe"]) == 0
    assert (outside / "made.csv").read_text().split() == ["clip_id", "a", "b"]


def test_duckdb_s_hints_are_kept(storage):
    with pytest.raises(ConfigError, match=r'"sorce" not found .*Candidate bindings: .*"source') as caught:
        query(storage, "SELECT sorce FROM ingest")
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match='Did you mean "pose"'):
        query(storage, "SELECT * FROM poses")
    with pytest.raises(ConfigError, match="Parser Error"):
        query(storage, "SELEC 1")
    with pytest.raises(ConfigError, match="Conversion Error"), sql_errors(storage):
        query(storage, "SELECT source::INT FROM ingest").fetchall()


@pytest.mark.parametrize("how", ["cut", "page", "empty"])
def test_a_damaged_part_is_the_same_sentence_as_elsewhere(storage, how, capsys):
    part = Path(storage.parts("pose")[0].uri)
    content = bytearray(part.read_bytes())
    if how == "page":
        content[4 : len(content) // 4] = b"\xff" * (len(content) // 4 - 4)
    part.write_bytes(content[: {"cut": 100, "page": None, "empty": 0}[how]])
    with pytest.raises(StorageError) as elsewhere:
        read_phase(storage, "pose")
    assert main(["query", storage.root, "SELECT * FROM pose", "--format", "json"]) == 1
    assert capsys.readouterr().err.strip() == f"factory query: {elsewhere.value}"


def test_a_bucket_s_output_is_closed_too(bucket, outside, capsys):
    storage = write(f"{bucket}/out")
    storage.write(f"{bucket}/secret.parquet", (outside / "secret.parquet").read_bytes())
    assert main(["query", storage.root, "SELECT clip_id FROM pose ORDER BY 1", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"clip_id": "a"}, {"clip_id": "b"}]
    there = bucket.replace("s3://", "bucket://")
    for sql in (
        f"SELECT * FROM read_parquet('{there}/secret.parquet')",
        f"SELECT * FROM '{there}/secret.parquet'",
        f"SELECT * FROM glob('{there}/*')",
        f"SELECT * FROM read_text('{there}/out/pose/../../secret.parquet')",
        f"SELECT * FROM read_csv('{outside}/secret.csv')",
    ):
        with pytest.raises(ConfigError), sql_errors(storage):
            query(storage, sql).fetchall()
    storage.write(storage.parts("pose")[0].uri, b"PAR1 no more")
    with pytest.raises(StorageError, match=r"part-one\.parquet cannot be read"):
        query(storage, "SELECT * FROM pose")
