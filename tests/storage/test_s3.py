"""S3 as we use it, against a real server, with clients that retry nothing; faults come from a proxy in between."""

import subprocess
import sys
import threading
import time

import numpy as np
import pyarrow as pa
import pytest
from botocore.exceptions import ClientError, ParamValidationError

from factory.errors import ChangedError, GoneError, StorageError
from factory.manifest.write import parquet_of
from factory.storage import s3, s3_client
from factory.storage.open import place_of
from factory.storage.output import Storage
from factory.storage.places import Entry
from factory.storage.s3_errors import Fault, fault_of
from factory.storage.sources import find_sources
from tests.s3.proxy import Faults


def names(entries: list[Entry], root: str) -> list[str]:
    return [entry.uri.removeprefix(f"{root}/") for entry in entries]


def test_what_is_written_is_listed_read_and_deleted(bucket):
    place = place_of(bucket, patience_s=0)
    keys = ["a/b c+ü.bin", "a/deep/er/x", "a.bin", "z/%41&=?.bin"]
    for key in keys:
        place.write(f"{bucket}/{key}", key.encode())
    assert sorted(names(place.entries(bucket), bucket)) == sorted(keys)
    assert sorted(names(place.entries(f"{bucket}/a"), bucket)) == ["a/b c+ü.bin", "a/deep/er/x"]
    assert sorted(place.folders(bucket)) == ["a", "z"]
    assert [place.read(f"{bucket}/{key}") for key in keys] == [key.encode() for key in keys]
    assert -2 <= place.age_s(f"{bucket}/a.bin") < 60
    place.delete(f"{bucket}/a.bin")
    place.delete(f"{bucket}/a.bin")
    with pytest.raises(GoneError, match="does not exist"):
        place.read(f"{bucket}/a.bin")


def test_a_listing_is_followed_over_pages(bucket):
    place = place_of(bucket, patience_s=0)
    for i in range(25):
        place.write(f"{bucket}/p/{i:02d}", b"")
    pages = list(place._pages(f"{bucket}/p", MaxKeys=10))
    assert [len(page["Contents"]) for page in pages] == [10, 10, 5]


def test_what_is_there_is_not_created_again(bucket):
    place = place_of(bucket, patience_s=0)
    assert place.create(f"{bucket}/x", b"first")
    assert not place.create(f"{bucket}/x", b"second")
    assert place.read(f"{bucket}/x") == b"first"


def test_large_content_goes_up_in_parts_and_large_tables_are_read_where_they_lie(bucket, monkeypatch, tmp_path):
    monkeypatch.setattr(s3, "SINGLE_PUT_BYTES", 2**20)
    monkeypatch.setattr(s3, "RANGE_BYTES", 2**20)
    table = pa.table({name: np.random.default_rng(0).normal(size=700_000) for name in "ab"})
    place = place_of(bucket, patience_s=0)
    place.write(f"{bucket}/t.parquet", parquet_of(table))
    entry = place.entry(f"{bucket}/t.parquet")
    assert entry.size > 8 * 2**20, "too small for parts"
    assert "-" in entry.tag, "went up in one piece"
    assert place.table(entry, ["a"]).equals(table.select(["a"]))
    with (tmp_path / "t").open("wb") as file:
        place.download(entry, file)
    assert (tmp_path / "t").read_bytes() == place.read(entry.uri)


# Rows read, and the process's threads before and after: a process of its own, for this one's may have started before.
THREADS = """
import sys, psutil
from factory.storage.open import place_of
place = place_of(sys.argv[1])
entries = list(place.entries(sys.argv[1]))
before = psutil.Process().num_threads()
print(place.table(entries[0], None).num_rows, before, psutil.Process().num_threads())
"""


def test_a_part_is_read_without_threads_that_could_outlive_python(bucket):
    place_of(bucket).write(f"{bucket}/part.parquet", parquet_of(pa.table({"a": [1, 2, 3], "b": [1, 2, 3]})))
    done = subprocess.run([sys.executable, "-c", THREADS, bucket], check=True, stdout=subprocess.PIPE, text=True)
    rows, before, after = map(int, done.stdout.split())
    assert rows == 3
    assert after == before, "a thread of Arrow's that still holds Python's bytes at exit aborts the process"


def test_a_part_is_one_put(s3_proxy, bucket):
    storage = Storage.at(f"{bucket}/out", patience_s=0)
    storage.write(storage.part("filter", "abc"), b"rows")
    assert [call for call in s3_proxy.calls if call.method in ("PUT", "POST")] == [
        ("PUT", f"/{bucket[5:]}/out/filter/part-abc.parquet", 200)
    ]


@pytest.mark.parametrize(
    ("variables", "path", "sentence"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "", "the keys for .* are refused"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "", "no keys for .* are found"),
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}, "", "no S3 server answers"),
        ({}, "-none", "there is no bucket"),
    ],
)
def test_what_is_wrong_is_one_sentence_before_any_work(bucket, monkeypatch, variables, path, sentence):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    s3_client.forget()
    with pytest.raises(StorageError, match=sentence) as told:
        Storage.at(f"{bucket}{path}/out", patience_s=0).check_writable()
    assert "cannot write to output" in str(told.value)
    assert "\n" not in str(told.value)


def test_keys_without_the_right_are_told_so():
    refused = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")
    fault, told = fault_of(refused, "write", "s3://theirs/x")
    assert fault is Fault.FINAL
    assert str(told).startswith("S3 does not let these keys write s3://theirs/x")


def test_of_an_error_whose_first_line_is_a_heading_the_cause_is_told():
    _, told = fault_of(ParamValidationError(report="Invalid bucket name: 'a b'"), "read", "s3://a b/x")
    assert str(told) == "S3 cannot read s3://a b/x: Parameter validation failed: Invalid bucket name: 'a b'"


def test_expired_keys_are_asked_for_once_more(s3_proxy, bucket):
    place = place_of(bucket, patience_s=0)
    s3_proxy.misbehave(Faults(expired_requests=1))
    place.write(f"{bucket}/x", b"content")
    s3_proxy.misbehave(Faults(expired_requests=9))
    with pytest.raises(StorageError, match="have expired"):
        place.read(f"{bucket}/x")
    s3_proxy.misbehave()
    assert place.read(f"{bucket}/x") == b"content"


def test_a_store_that_is_away_is_waited_for_and_not_for_ever(s3_proxy, bucket):
    s3_proxy.misbehave(Faults(refuse_share=1.0))
    threading.Timer(1.0, s3_proxy.misbehave).start()
    place_of(bucket, patience_s=30).write(f"{bucket}/x", b"content")
    s3_proxy.misbehave(Faults(refuse_share=1.0))
    with pytest.raises(StorageError, match=r"cannot read .* for now"):
        place_of(bucket, patience_s=0.6).read(f"{bucket}/x")


def test_a_download_that_is_cut_is_taken_up_again(s3_proxy, bucket, tmp_path):
    place, content = place_of(bucket, patience_s=10), bytes(range(256)) * 40_000
    place.write(f"{bucket}/v.mp4", content)
    entry = place.entry(f"{bucket}/v.mp4")
    s3_proxy.misbehave(Faults(cut_gets=2, cut_after_bytes=1_000_000))
    with (tmp_path / "v").open("wb") as file:
        place.download(entry, file)
    assert (tmp_path / "v").read_bytes() == content


def test_a_download_is_of_one_version_or_none(bucket, tmp_path):
    place = place_of(bucket, patience_s=0)
    place.write(f"{bucket}/v.mp4", b"first")
    entry = place.entry(f"{bucket}/v.mp4")
    place.write(f"{bucket}/v.mp4", b"other")
    with (tmp_path / "v").open("wb") as file, pytest.raises(ChangedError, match="has changed"):
        place.download(entry, file)


def test_sources_of_a_bucket(bucket):
    place = place_of(bucket, patience_s=0)
    for key in ("in/a.mp4", "in/sub/b.MKV", "in/notes.txt", "in/sub/deep/c.webm", "other/d.mp4"):
        place.write(f"{bucket}/{key}", key.encode())
    place.write(f"{bucket}/in/list.csv", b"source\nsub/b.MKV\ns3://elsewhere/x.mp4\na.mp4\na.mp4\n")

    def found(source: str) -> list[str]:
        return [uri.removeprefix(f"{bucket}/") for uri in find_sources(source)["source"].to_pylist()]

    assert found(f"{bucket}/in/") == ["in/a.mp4", "in/sub/b.MKV", "in/sub/deep/c.webm"]
    assert found(f"{bucket}/in/a.mp4") == ["in/a.mp4"]
    assert found(f"{bucket}/**/*.mp4") == ["in/a.mp4", "other/d.mp4"]
    assert found(f"{bucket}/in/*/*.MKV") == ["in/sub/b.MKV"]
    assert found(f"{bucket}/in/list.csv") == ["s3://elsewhere/x.mp4", "in/a.mp4", "in/sub/b.MKV"]
    versions = find_sources(f"{bucket}/in")["version"].to_pylist()
    assert versions[0] == place.entry(f"{bucket}/in/a.mp4").version
    with pytest.raises(StorageError, match="does not exist"):
        find_sources(f"{bucket}/nothing")


def test_patience_is_not_spent_on_what_waiting_cannot_mend(bucket):
    begin = time.monotonic()
    with pytest.raises(GoneError):
        place_of(bucket, patience_s=60).read(f"{bucket}/none")
    assert time.monotonic() - begin < 30
