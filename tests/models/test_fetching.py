"""Fetching weights: once, compared, under a lock, into a folder or a bucket."""

import hashlib
import threading

import pytest

from factory.cli import main as factory
from factory.commands import weights as command
from factory.errors import ConfigError, StorageError
from factory.models import weights
from factory.models.fetching import fetch
from factory.models.weights import SUMS, WeightFile, WeightSet, WeightStore
from factory.storage.open import place_of
from tests.web import Answer, serve

CONTENT = bytes(range(256)) * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server():
    with serve() as found:
        found.answers |= {"/net.pth": Answer(CONTENT), "/other.bin": Answer(b"other")}
        yield found


@pytest.fixture
def sets(monkeypatch, server):
    found = {"mine": one(server), "noted": one(server, "")}
    for module in (weights, command):
        monkeypatch.setattr(module, "weight_sets", lambda: found)
    return found


def one(server, sha256: str = DIGEST) -> WeightSet:
    other = WeightFile("sub/other.bin", 1.0, hashlib.sha256(b"other").hexdigest(), f"{server.root}/other.bin")
    return WeightSet("flow=mine", "MIT", (WeightFile("net.pth", 1.0, sha256, f"{server.root}/net.pth"), other))


@pytest.mark.usefixtures("sets")
def test_what_was_fetched_is_there_and_is_not_fetched_again(tmp_path, server):
    store, said = WeightStore(str(tmp_path / "w")), []
    fetch("mine", store, said.append)
    with store.held("mine") as folder:
        assert (folder / "net.pth").read_bytes() == CONTENT
        assert (folder / "sub" / "other.bin").read_bytes() == b"other"
    asked = len(server.asked)
    fetch("mine", store, said.append)
    assert len(server.asked) == asked
    assert "net.pth is there already" in said[-2]
    assert not list((tmp_path / "w").rglob("*.partial"))


def test_another_content_than_promised_is_not_kept(tmp_path, sets, server):
    sets["mine"] = one(server, "0" * 64)
    with pytest.raises(ConfigError, match="holds others"):
        fetch("mine", WeightStore(str(tmp_path)), print)
    assert not (tmp_path / "mine" / "net.pth").exists()
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.usefixtures("sets")
def test_a_download_that_breaks_off_leaves_nothing(tmp_path, server, monkeypatch):
    monkeypatch.setattr("factory.storage.http.TRIES", 1)
    server.answers["/net.pth"] = Answer(CONTENT, cut_after=1000)
    with pytest.raises(StorageError, match=r"breaks off.*or put net.pth into .*mine yourself"):
        fetch("mine", WeightStore(str(tmp_path)), print)
    assert not list(tmp_path.rglob("net.pth*"))


@pytest.mark.usefixtures("sets")
def test_a_digest_that_nobody_has_said_is_noted(tmp_path):
    said = []
    fetch("noted", WeightStore(str(tmp_path)), said.append)
    assert f"{DIGEST}  net.pth\n" in (tmp_path / "noted" / SUMS).read_text()
    assert any(DIGEST in line for line in said)


@pytest.mark.usefixtures("sets")
def test_two_processes_of_a_node_fetch_once(tmp_path, server):
    server.answers["/net.pth"] = Answer(CONTENT, wait_s=0.3)
    store = WeightStore(str(tmp_path))
    threads = [threading.Thread(target=fetch, args=("mine", store, lambda _: None)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(path == "/net.pth" and method == "GET" for method, path in server.asked) == 1


@pytest.mark.usefixtures("sets")
def test_into_a_bucket_and_from_there(tmp_path, bucket, server):
    store = WeightStore(f"{bucket}/weights", str(tmp_path / "cache"))
    fetch("noted", store, print)
    with store.held("noted") as folder:
        assert (folder / "net.pth").read_bytes() == CONTENT
    asked = len(server.asked)
    fetch("noted", store, print)
    assert len(server.asked) == asked  # it is there
    place_of(bucket).delete(f"{bucket}/weights/noted/net.pth")
    server.answers["/net.pth"] = Answer(CONTENT + b"another")
    with pytest.raises(ConfigError, match="holds others"):  # than what came first
        fetch("noted", store, print)


@pytest.mark.usefixtures("sets")
def test_what_came_before_its_digest_was_noted_is_fetched_again(tmp_path):
    """As where a fetch was interrupted."""
    (tmp_path / "noted").mkdir()
    (tmp_path / "noted" / "net.pth").write_bytes(b"half")
    store = WeightStore(str(tmp_path))
    fetch("noted", store, print)
    with store.held("noted") as folder:
        assert (folder / "net.pth").read_bytes() == CONTENT


@pytest.mark.usefixtures("sets")
def test_the_command(tmp_path, capsys):
    at = f"--at={tmp_path}"
    assert factory(["weights", "verify", at]) == 0
    assert "no weights are in" in capsys.readouterr().out
    assert factory(["weights", "fetch", "mine", at]) == 0
    assert factory(["weights", "list", at]) == 0
    told = capsys.readouterr().out
    assert "no (2 of 2 files)" in told
    assert "here" in told
    assert factory(["weights", "verify", at]) == 0
    assert capsys.readouterr().out == "mine: right\n"
    (tmp_path / "mine" / "net.pth").write_bytes(b"cut")
    assert factory(["weights", "verify", at]) == 1
    assert "cut or holds others" in capsys.readouterr().out
    assert factory(["weights", "fetch", at]) == 2
    assert factory(["weights", "fetch", "nobody", at]) == 1
