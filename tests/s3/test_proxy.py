"""What the fault tests stand on: the proxy adds nothing of its own, and each misbehaviour reaches the client."""

import random
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ConnectionClosedError, ResponseStreamingError

from tests.s3 import proxy as proxies
from tests.s3.client import outcome
from tests.s3.proxy import Call, Faults

MB = 1 << 20
IN_PARTS = TransferConfig(multipart_threshold=5 * MB, multipart_chunksize=5 * MB, max_concurrency=2)


@pytest.fixture
def client(s3_proxy):
    client = boto3.session.Session().client("s3")
    assert client.meta.endpoint_url == s3_proxy.endpoint
    return client


@pytest.mark.parametrize("size_bytes", [0, 1, 9 * MB + 1], ids=["empty", "one-byte", "multipart"])
def test_objects_go_both_ways_byte_for_byte(client, s3_proxy, name, tmp_path, size_bytes):
    content = random.Random(1).randbytes(size_bytes)
    (tmp_path / "up").write_bytes(content)
    client.upload_file(str(tmp_path / "up"), name, "a/ü +%41", Config=IN_PARTS)
    client.download_file(name, "a/ü +%41", str(tmp_path / "down"), Config=IN_PARTS)
    assert (tmp_path / "down").read_bytes() == content
    head = client.head_object(Bucket=name, Key="a/ü +%41")
    assert head["ContentLength"] == size_bytes
    assert head["ETag"].endswith('-2"') == (size_bytes > 5 * MB)
    assert s3_proxy.count("PUT", f"/{name}/a/ü +%41") == (2 if size_bytes > 5 * MB else 1)
    assert {call.status for call in s3_proxy.calls} <= {200, 206}


def test_ranges_listings_and_deletions_pass(client, s3_proxy, name):
    for key in ("a/1", "a/2", "b"):
        client.put_object(Bucket=name, Key=key, Body=b"0123456789")
    assert client.get_object(Bucket=name, Key="b", Range="bytes=3-5")["Body"].read() == b"345"
    assert [o["Key"] for o in client.list_objects_v2(Bucket=name, Prefix="a/")["Contents"]] == ["a/1", "a/2"]
    client.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "a/1"}]})
    client.delete_object(Bucket=name, Key="a/2")
    assert [o["Key"] for o in client.list_objects_v2(Bucket=name)["Contents"]] == ["b"]
    assert outcome(client.get_object, Bucket=name, Key="a/2") == (404, "NoSuchKey")
    assert s3_proxy.calls[3] == Call("GET", f"/{name}/b", 206)
    assert s3_proxy.calls[-3:] == [
        Call("DELETE", f"/{name}/a/2", 204),
        Call("GET", f"/{name}", 200),
        Call("GET", f"/{name}/a/2", 404),
    ]


def test_a_chunked_body_is_forwarded(client, s3_proxy, name):
    url = urlsplit(client.generate_presigned_url("put_object", Params={"Bucket": name, "Key": "k"}, ExpiresIn=60))
    with closing(HTTPConnection(urlsplit(s3_proxy.endpoint).netloc, timeout=30)) as connection:
        connection.request("PUT", f"{url.path}?{url.query}", body=iter([b"a" * 70_000, b"b"]), encode_chunked=True)
        assert connection.getresponse().status == 200
    assert client.get_object(Bucket=name, Key="k")["Body"].read() == b"a" * 70_000 + b"b"


def test_a_share_of_requests_is_refused_and_again_the_same_ones(client, s3_proxy, name):
    def turns():
        s3_proxy.misbehave(Faults(refuse_share=0.4), seed=7)
        return [outcome(client.put_object, Bucket=name, Key=str(n), Body=b"x" * 10_000) for n in range(20)]

    first = turns()
    assert set(first) == {"ok", (503, "SlowDown")}
    assert turns() == first
    s3_proxy.misbehave()
    assert [call.status == 200 for call in s3_proxy.calls] == [turn == "ok" for turn in first * 2]
    assert client.list_objects_v2(Bucket=name)["KeyCount"] == first.count("ok")


def test_the_next_requests_find_the_token_expired(client, s3_proxy, name):
    s3_proxy.misbehave(Faults(expired_requests=2))
    turns = [outcome(client.list_objects_v2, Bucket=name) for _ in range(3)]
    assert turns == [(400, "ExpiredToken"), (400, "ExpiredToken"), "ok"]


def test_downloads_are_cut_in_the_middle(client, s3_proxy, name):
    content = random.Random(2).randbytes(300_000)
    client.put_object(Bucket=name, Key="long", Body=content)
    client.put_object(Bucket=name, Key="short", Body=content[:200_000])
    s3_proxy.misbehave(Faults(cut_gets=2, cut_after_bytes=200_000))
    assert client.get_object(Bucket=name, Key="short")["Body"].read() == content[:200_000]
    for _ in range(2):
        body = client.get_object(Bucket=name, Key="long")["Body"]
        assert body.read(200_000) == content[:200_000]
        with pytest.raises(ResponseStreamingError):
            body.read()
    assert client.get_object(Bucket=name, Key="long")["Body"].read() == content


def test_delayed_requests_come_through(client, s3_proxy, name, monkeypatch):
    slept = []
    monkeypatch.setattr(proxies.time, "sleep", slept.append)
    for share, fewest, most in ((0.0, 0, 0), (0.5, 1, 11), (1.0, 12, 12)):
        slept.clear()
        s3_proxy.misbehave(Faults(delay_share=share, delay_s=3.0))
        for _ in range(12):
            client.head_bucket(Bucket=name)
        assert fewest <= slept.count(3.0) <= most


def test_a_server_that_is_gone_is_a_dropped_connection(client, s3_proxy, name):
    s3_proxy.upstream = "127.0.0.1:1"
    with pytest.raises(ConnectionClosedError):
        client.put_object(Bucket=name, Key="k", Body=b"x" * 1_000_000)
    assert s3_proxy.calls == [Call("PUT", f"/{name}/k", 0)]
