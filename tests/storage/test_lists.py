"""Lists as people have them: whatever the separator, the encoding or the type, each row is a source or says why not."""

import datetime
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory.errors import StorageError
from factory.storage.sources import find_sources


def listed(folder, name, content, column="source"):
    """Of each row the path relative to the list's folder and the other columns, or the problem."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    rows = find_sources(str(path), column).to_pylist()
    return {row["source"].removeprefix(f"{folder}/"): row["problem"] or dict(row["extra"] or ()) for row in rows}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("l.csv", "source,label\n0123,7\n2024-05-01,true\n"),
        ("l.csv", "label;source\n7;0123\ntrue;2024-05-01\n"),
        ("l.csv", '"source"\t"label"\r\n"0123"\t"7"\r\n\r\n2024-05-01\ttrue\r\n'),
        ("l.tsv", "source\tlabel\n 0123 \t7\n2024-05-01\ttrue"),
        ("l.csv", "\ufeffSource,label\n0123,7\n2024-05-01,true,,\n"),
        ("l.csv", "source,label\n0123,7\n2024-05-01,true\n".encode("utf-16")),
        ("l.csv", "source,label\n0123,7\n2024-05-01,true\n".encode("utf-16-le")),
        ("l.csv", "source,label\n0123,7\n2024-05-01,true\n".encode("utf-32")),
        ("l.csv", "url,label\n0123,7\n2024-05-01,true\n"),
        ("l.jsonl", '{"source": "0123", "label": 7}\n\n{"label": "true", "source": "2024-05-01"}\n'),
    ],
)
def test_cells_stay_as_they_are_written(tmp_path, name, content):
    assert listed(tmp_path, name, content) == {"0123": {"label": "7"}, "2024-05-01": {"label": "true"}}


def test_parquet_of_any_type_is_text(tmp_path):
    days = [datetime.date(2024, 5, 1), None]
    table = pa.table({"source": [123, 456], "day": days, "many": [[1, 2], None], "raw": [b"\xe9", b"x"]})
    pq.write_table(table, tmp_path / "l.parquet")
    content = (tmp_path / "l.parquet").read_bytes()
    assert listed(tmp_path, "l.parquet", content) == {
        "123": {"day": "2024-05-01", "many": "[1, 2]", "raw": "é"},
        "456": {"raw": "x"},
    }


def test_plain_text_is_a_name_a_line(tmp_path):
    assert set(listed(tmp_path, "l.txt", " a, b.mp4\n\n# c.mp4\r\nd\u2028e.mp4\n")) == {
        "a, b.mp4",
        "# c.mp4",
        "d\u2028e.mp4",
    }


def test_another_column_can_be_named(tmp_path):
    rows = listed(tmp_path, "l.csv", "source,video\na,b.mp4\n", column="video")
    assert rows == {"b.mp4": {"source": "a"}}
    with pytest.raises(StorageError, match=r"no column 'clip' \(but 'source', 'video'\): .* source_column=\."):
        listed(tmp_path, "l.csv", "source,video\na,b.mp4\n", column="clip")
    with pytest.raises(StorageError, match="no column 'source'"):
        listed(tmp_path, "l.csv", "url,path\na,b.mp4\n")  # which of the two is not certain


def test_a_bad_row_is_a_row_and_the_others_are_taken(tmp_path):
    content = 'source,label\na.mp4,1\nb,c.mp4,1\n,2\n"d.mp4,3\ne.mp4,4\nf\0.mp4,5\n'
    rows = listed(tmp_path, "l.csv", content)
    assert rows["a.mp4"] == {"label": "1"}
    assert rows["e.mp4"] == {"label": "4"}
    assert rows["l.csv:3"] == f"row 3 of the list {tmp_path}/l.csv cannot be taken: it has 3 cells, the header 2."
    assert rows["l.csv:4"] == f"row 4 of the list {tmp_path}/l.csv cannot be taken: it names no source."
    assert '"d.mp4' in rows
    assert len(rows) == 6
    rows = listed(tmp_path, "l.jsonl", '{"source": "a.mp4"}\n{"source"\n[1]\n"b.mp4"\n{"source": "\\ud800.mp4"}\n')
    assert rows["l.jsonl:2"].endswith("it is not JSON.")
    assert rows["l.jsonl:3"].endswith("it names no source.")
    assert {"a.mp4", "b.mp4", "\ufffd.mp4"} < set(rows)


def test_a_comma_separates_nothing_where_there_is_one_column(tmp_path):
    assert listed(tmp_path, "l.csv", "source\nhttps://h/a,b;c.mp4\n") == {"https://h/a,b;c.mp4": {}}


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8"])
def test_accents_of_any_usual_encoding_find_their_file(tmp_path, encoding):
    (tmp_path / "café.mp4").write_bytes(b"x")
    (row,) = find_sources(_put(tmp_path / "l.csv", "source,why\ncafé.mp4,é\n".encode(encoding))).to_pylist()
    assert row["source"] == f"{tmp_path}/café.mp4"
    assert row["version"] is not None
    assert dict(row["extra"]) == {"why": "é"}


def test_the_bytes_of_a_name_find_it(tmp_path):
    (tmp_path / "caf\udce9.mp4").write_bytes(b"x")
    (row,) = find_sources(_put(tmp_path / "l.csv", b"source\ncaf\xe9.mp4\n")).to_pylist()
    assert row["source"] == f"file://{tmp_path}/caf%E9.mp4"
    assert row["version"] is not None
    (again,) = find_sources(_put(tmp_path / "l.csv", f"source\n{row['source']}\n".encode())).to_pylist()
    assert again == row


@pytest.mark.parametrize("name", ["l.parquet", "l.csv"])
def test_a_list_that_is_none_is_one_sentence(tmp_path, name):
    with pytest.raises(StorageError, match=f"the list {tmp_path}/{name} cannot be taken: it "):
        find_sources(_put(tmp_path / name, b"\x89PNG\r\n\x1a\n"))


def test_urls_are_told_apart_by_what_signs_them_not(tmp_path):
    lines = [
        "https://h/v.mp4?X-Amz-Signature=1&X-Amz-Date=2",
        "https://h/v.mp4?X-Amz-Signature=3&X-Amz-Date=4",
        "https://h/get?id=1&sig=a",
        "https://h/get?id=2&sig=b",
        "https://me:word@h/w.mp4",
    ]
    rows = find_sources(_put(tmp_path / "l.txt", "\n".join(lines).encode())).to_pylist()
    names = [row["source"] for row in rows]
    assert len(names) == 4
    assert names[2:] == ["https://h/v.mp4", "https://h/w.mp4"]
    assert all(name.startswith("https://h/get#") for name in names[:2])
    assert {row["location"] for row in rows} == {*lines[1:], lines[0]} - {lines[1]}
    fresh = [line.replace("sig=", "sig=new") for line in lines]
    again = find_sources(_put(tmp_path / "l.txt", "\n".join(fresh).encode())).to_pylist()
    assert [row["source"] for row in again] == names


def test_json_may_hold_what_is_deep(tmp_path):
    (row,) = listed(tmp_path, "l.jsonl", json.dumps({"url": "a.mp4", "more": {"é": [1, "x"]}})).items()
    assert row == ("a.mp4", {"more": '{"é": [1, "x"]}'})


def _put(path, content):
    path.write_bytes(content)
    return str(path)
