"""Sources on web servers, from a real one on the loopback that misbehaves as it is told."""

from pathlib import Path

import pytest

from factory.errors import ChangedError, GoneError, StorageError
from factory.storage import http
from factory.storage.cache import SourceCache
from factory.storage.sources import find_sources
from tests.web import Answer

VIDEO = bytes(range(256)) * 400
ETAG = {"ETag": '"abc"'}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(http, "TRIES", 1)


@pytest.fixture
def cache(tmp_path):
    return SourceCache(str(tmp_path / "cache"), budget_gb=1e-3)


def test_a_file_is_fetched_once_and_kept_whatever_becomes_of_its_signature(web, cache):
    web.answers["/a b.mp4"] = web.answers["/a%20b.mp4"] = Answer(VIDEO, headers=ETAG, query="sig=1%2F2+3&n=%7E")
    name = f"{web.root}/a b.mp4"
    held = cache.hold(name, None, f"{name}?sig=1%2F2+3&n=%7E#t=5")
    assert held.path.read_bytes() == VIDEO
    assert (held.version, held.path.suffix) == (f'{len(VIDEO)}-"abc"', ".mp4")
    held.release()
    again = cache.hold(name, held.version, f"{name}?sig=expired")
    assert again.path == held.path
    assert web.count("GET") == 1


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        (Answer(status=404), GoneError, "does not exist (HTTP 404)"),
        (Answer(status=403), StorageError, "the server refuses"),
        (Answer(status=503), StorageError, "fails (HTTP 503): do it again later"),
        (Answer(status=418), StorageError, "does not give"),
        (Answer(VIDEO, cut_after=1000), StorageError, "breaks off before the end"),
        (Answer(status=302, headers={"Location": "/v.mp4?secret=1"}), StorageError, "redirects do not end"),
        (Answer(bytes(1_100_000), headers={"Content-Length": None}), StorageError, "more bytes than storage.cache_gb"),
        (Answer(bytes(1_100_000)), StorageError, "more than the whole cache"),
    ],
)
def test_what_a_server_does_wrong_is_told_without_the_query(web, cache, answer, kind, told):
    web.answers["/v.mp4"] = answer
    name = f"{web.root}/v.mp4"
    with pytest.raises(kind) as caught:
        cache.hold(name, None, f"{name}?secret=1")
    assert told in str(caught.value)
    assert name in str(caught.value)
    assert "secret" not in str(caught.value)
    assert not [path for path in Path(cache.folder).glob("*") if not path.name.startswith("lock-")]


def test_a_server_that_is_slow_or_away_is_given_up(web, cache, monkeypatch):
    web.answers["/v.mp4"] = Answer(VIDEO, wait_s=3.0)
    monkeypatch.setattr(http, "READ_S", 0.3)
    http._files.cache_clear()
    try:
        with pytest.raises(StorageError, match="does not answer in time"):
            cache.hold(f"{web.root}/v.mp4")
        with pytest.raises(StorageError, match=r"cannot be reached \(.+\): check its name"):
            cache.hold("http://127.0.0.1:1/v.mp4")
    finally:
        http._files.cache_clear()


def test_a_server_that_recovers_is_asked_again(web, cache, monkeypatch):
    monkeypatch.setattr(http, "TRIES", 2)
    web.answers["/v.mp4"] = Answer(VIDEO, cut_after=1000)
    monkeypatch.setattr(http.time, "sleep", lambda _: web.answers.update({"/v.mp4": Answer(VIDEO)}))
    assert cache.hold(f"{web.root}/v.mp4").path.read_bytes() == VIDEO


@pytest.mark.parametrize(
    "headers",
    [ETAG, {"Last-Modified": "Sat, 01 Feb 2025 00:00:00 GMT"}, {}, {"Content-Length": None, "ETag": 'W/"x"'}],
)
def test_the_version_is_what_the_server_tells(web, cache, headers):
    web.answers["/v.mp4"] = Answer(VIDEO, headers=headers)
    version = cache.hold(f"{web.root}/v.mp4").version
    size = -1 if "Content-Length" in headers else len(VIDEO)
    assert version == f"{size}-{headers.get('ETag') or headers.get('Last-Modified') or ''}"
    web.answers["/v.mp4"] = Answer(VIDEO + b"more", headers={**headers, "ETag": '"other"'})
    with pytest.raises(ChangedError, match="has changed since it was ingested"):
        SourceCache(cache.folder + "-other").hold(f"{web.root}/v.mp4", version)


def test_a_file_that_changes_between_look_and_download_is_not_taken_for_the_old(web, cache, monkeypatch):
    web.answers["/v.mp4"] = Answer(VIDEO, headers=ETAG)
    entry = http.Http().entry(f"{web.root}/v.mp4")
    web.answers["/v.mp4"] = Answer(VIDEO[::-1], headers={"ETag": '"new"'})
    monkeypatch.setattr(http.Http, "entry", lambda *_: entry)
    with pytest.raises(ChangedError):
        cache.hold(f"{web.root}/v.mp4")


def test_a_get_is_tried_where_head_is_refused(web, cache):
    web.answers["/v.mp4"] = Answer(VIDEO, headers=ETAG, head_status=403)
    assert cache.hold(f"{web.root}/v.mp4").path.read_bytes() == VIDEO


def test_a_redirect_is_followed(web, cache):
    web.answers["/v.mp4"] = Answer(status=302, headers={"Location": "/elsewhere.mp4"})
    web.answers["/elsewhere.mp4"] = Answer(VIDEO)
    assert cache.hold(f"{web.root}/v.mp4").path.read_bytes() == VIDEO


def test_a_list_is_named_and_its_rows_lie_beside_it(web):
    web.answers["/in/list.csv"] = Answer(b"source,label\nv.mp4,x\n/abs.mp4,y\n", query="key=1")
    rows = find_sources(f"{web.root}/in/list.csv?key=1").to_pylist()
    assert [(row["source"], dict(row["extra"])) for row in rows] == [
        ("/abs.mp4", {"label": "y"}),
        (f"{web.root}/in/v.mp4", {"label": "x"}),
    ]
    (row,) = find_sources(f"{web.root}/v.mp4?key=1").to_pylist()
    assert (row["source"], row["location"]) == (f"{web.root}/v.mp4", f"{web.root}/v.mp4?key=1")
