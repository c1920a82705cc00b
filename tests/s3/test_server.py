"""What the code relies on in an S3 server holds for the one that the tests use."""

import base64
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.s3 import server as servers
from tests.s3.client import outcome

MB = 1 << 20


@pytest.fixture
def client(bucket):  # noqa: ARG001  (its environment)
    return boto3.session.Session().client("s3", config=Config(max_pool_connections=16))


def test_an_object_is_not_written_twice_when_told_so(client, name):
    put = {"Bucket": name, "Key": "k", "IfNoneMatch": "*"}
    assert outcome(client.put_object, **put, Body=b"first") == "ok"
    assert outcome(client.put_object, **put, Body=b"second") == (412, "PreconditionFailed")
    assert client.get_object(Bucket=name, Key="k")["Body"].read() == b"first"


@pytest.mark.parametrize("size_bytes", [10, 6 * MB], ids=["whole", "multipart"])
def test_ranges_of_an_object_that_changed_are_refused(client, name, tmp_path, size_bytes):
    for version in (1, 2):
        (tmp_path / "file").write_bytes(random.Random(version).randbytes(size_bytes))
        parts = TransferConfig(multipart_threshold=5 * MB, multipart_chunksize=5 * MB)
        client.upload_file(str(tmp_path / "file"), name, "k", Config=parts)
        etag = client.head_object(Bucket=name, Key="k")["ETag"]
        ranged = {"Bucket": name, "Key": "k", "Range": f"bytes={size_bytes - 5}-{size_bytes + 5}"}
        assert client.get_object(**ranged, IfMatch=etag)["Body"].read() == (tmp_path / "file").read_bytes()[-5:]
        if version == 1:
            old = etag
    assert outcome(client.get_object, **ranged, IfMatch=old) == (412, "PreconditionFailed")
    assert outcome(client.get_object, Bucket=name, Key="k", Range=f"bytes={size_bytes}-")[0] == 416


def test_ages_of_objects_can_be_told_by_the_server_s_clock(client, name):
    before = date_of(client.head_bucket(Bucket=name))
    client.put_object(Bucket=name, Key="k", Body=b"x")
    head = client.head_object(Bucket=name, Key="k")
    assert before <= head["LastModified"] <= date_of(head) + timedelta(seconds=1)  # rounded up, the date down
    listed = client.list_objects_v2(Bucket=name)
    assert listed["Contents"][0]["LastModified"] == head["LastModified"]
    assert date_of(listed) >= date_of(head)


def date_of(answer) -> datetime:
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])


@pytest.mark.parametrize("field", ["ContentMD5", "ChecksumCRC32", "ChecksumSHA256"])
def test_a_body_that_does_not_fit_its_checksum_is_refused(client, name, field):
    length_bytes = {"ContentMD5": 16, "ChecksumCRC32": 4, "ChecksumSHA256": 32}[field]
    wrong = {field: base64.b64encode(bytes(length_bytes)).decode()}
    assert outcome(client.put_object, Bucket=name, Key="k", Body=b"x", **wrong) == (400, "BadDigest")
    assert client.list_objects_v2(Bucket=name)["KeyCount"] == 0


def test_listings_go_on_over_pages(client, name):
    keys = sorted(f"{number % 3}/{number}" for number in range(1005))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: client.put_object(Bucket=name, Key=key), keys))
    pages = list(client.get_paginator("list_objects_v2").paginate(Bucket=name))
    assert [page["KeyCount"] for page in pages] == [1000, 5]
    assert [entry["Key"] for page in pages for entry in page["Contents"]] == keys


def test_a_killed_server_comes_back_with_what_it_acknowledged(tmp_path, s3_server, bucket, monkeypatch):  # noqa: ARG001
    """In a second server, beside that of the session."""
    own = servers.start(tmp_path / "s3")
    try:
        for variable, value in own.env.items():
            monkeypatch.setenv(variable, value)
        assert own.endpoint != s3_server.endpoint
        client = boto3.session.Session().client("s3")
        client.create_bucket(Bucket="kept")
        acknowledged = write_until_killed(client, own)
        with pytest.raises(BotoCoreError):
            client.list_objects_v2(Bucket="kept")
        own.start_again()
        kept = {key: client.get_object(Bucket="kept", Key=key)["Body"].read() for key in acknowledged}
        assert kept == {key: key.encode() * 1000 for key in acknowledged}
        listed = {entry["Key"] for entry in client.list_objects_v2(Bucket="kept")["Contents"]}
        assert set(acknowledged) <= listed
    finally:
        own.stop()


def write_until_killed(client, server: servers.Server) -> list[str]:
    """Four writers at once, and the kill after 40 objects; the keys of all that were acknowledged."""
    acknowledged: list[str] = []
    enough = threading.Event()

    def write(writer: int) -> None:
        for number in range(200):  # an end, should the kill fail
            key = f"{writer}-{number}"
            try:
                client.put_object(Bucket="kept", Key=key, Body=key.encode() * 1000)
            except (BotoCoreError, ClientError):
                return
            acknowledged.append(key)
            if len(acknowledged) >= 40:
                enough.set()

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, writer) for writer in range(4)]
        enough.wait(60)
        server.kill()
        for done in writers:
            done.result(60)
    assert enough.is_set()
    return acknowledged
