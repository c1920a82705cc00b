"""Odd sources through the command: one bad row or name never stops the others, and no key reaches a manifest or log."""

import os
import shutil
import subprocess
import sys

import pytest

from factory.manifest.read import read_part, read_phase
from factory.storage.output import Storage
from tests.conftest import shifted
from tests.videos import write
from tests.web import Answer


def factory(*words, env=None):
    command = [sys.executable, "-m", "factory", *map(os.fsencode, words)]
    done = subprocess.run(command, capture_output=True, timeout=600, env={**os.environ, **(env or {})})
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return (done.stdout + done.stderr).decode(errors="replace")


def ingested(output):
    rows = read_phase(Storage.at(output), "ingest").to_pylist()
    return {row["source"].rpartition("/")[2]: row for row in rows}


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write(tmp_path_factory.mktemp("video") / "v.mp4", shifted(0, 60))


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0"}


@pytest.mark.parametrize(("engine", "locale"), [("inline", {}), ("inline", ASCII), ("ray", ASCII)])
def test_names_of_any_bytes_are_read(video, tmp_path, locale, engine):
    folder = tmp_path / "söurces"
    folder.mkdir()
    content = video.read_bytes()
    for i, name in enumerate((b"good.mp4", "é ñ.mp4".encode(), b"caf\xe9.mp4", b"bad\xff\xfe.mp4")):
        (folder / os.fsdecode(name)).write_bytes(content + bytes([0, 0, 0, 9]) + b"free" + bytes([i]))
    (folder / os.fsdecode(b"not\xffa video.mp4")).write_bytes(b"text")
    output = tmp_path / "öut"
    factory(
        "run", f"source={folder}", f"output={output}", "pipeline=ingest", f"engine={engine}", "workers=1", env=locale
    )
    rows = ingested(output)
    assert {name: row["status"] for name, row in rows.items()} == {
        **dict.fromkeys(("good.mp4", "é ñ.mp4", "caf%E9.mp4", "bad%FF%FE.mp4"), "ok"),
        "not%FFa%20video.mp4": "failed",
    }
    assert rows["caf%E9.mp4"]["source"].startswith("file:///")
    assert rows["not%FFa%20video.mp4"]["error_type"] == "VideoError"


def test_a_folder_of_any_bytes_can_be_given(video, tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    shutil.copy(video, folder / "v.mp4")
    factory("run", f"source={folder}", f"output={tmp_path}/out", "pipeline=ingest", "engine=inline")
    assert ingested(tmp_path / "out")["v.mp4"]["status"] == "ok"


def test_each_row_of_a_list_has_its_own_outcome(video, web, tmp_path):
    web.answers["/v.mp4"] = Answer(video.read_bytes(), query="sig=secret")
    web.answers["/short.mp4"] = Answer(video.read_bytes(), cut_after=500)
    shutil.copy(video, tmp_path / "twin.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "folder.mp4").mkdir()
    given = [f"{web.root}/v.mp4?sig=secret", f"{web.root}/gone.mp4?sig=secret", f"{web.root}/short.mp4"]
    given += ["twin.mp4", "pipe.mp4", "folder.mp4", "0123", "ftp://me:secret@h/x.mp4"]
    rows = "".join(f"{source};{number}\n" for number, source in enumerate(given))
    (tmp_path / "list.csv").write_text(f"clip;number\n{rows};99\n")
    words = ("run", f"source={tmp_path}/list.csv", f"output={tmp_path}/out", "pipeline=ingest", "engine=inline")
    said = factory(*words, "source_column=clip", f"storage.cache_dir={tmp_path}/cache")
    rows = ingested(tmp_path / "out")
    errors = {name: (row["error_type"], row["failed_stage"]) for name, row in rows.items() if row["status"] == "failed"}
    assert errors == {
        "gone.mp4": ("GoneError", "fetch"),
        "short.mp4": ("StorageError", "fetch"),
        "pipe.mp4": ("SourceError", "fetch"),
        "folder.mp4": ("SourceError", "fetch"),
        "0123": ("GoneError", "fetch"),
        "x.mp4": ("SourceError", "fetch"),
        "list.csv:10": ("SourceError", "fetch"),
    }
    assert rows["v.mp4"]["status"] == "rejected"  # the same bytes as the one on this machine
    assert {name: dict(row["extra"])["number"] for name, row in rows.items()} == {
        **{source.partition("?")[0].rpartition("/")[2]: str(number) for number, source in enumerate(given)},
        "list.csv:10": "99",
    }
    assert "secret" not in said
    assert "secret" not in everything(tmp_path / "out")


def test_later_phases_take_the_url_from_the_list_of_the_day(video, web, tmp_path):
    def run(pipeline, key):
        web.answers["/v.mp4"] = Answer(video.read_bytes(), headers={"ETag": '"1"'}, query=f"sig={key}")
        (tmp_path / "list.txt").write_text(f"{web.root}/v.mp4?sig={key}\n")
        words = (f"source={tmp_path}/list.txt", f"output={tmp_path}/out", "engine=inline")
        said = factory("run", *words, f"pipeline={pipeline}", f"storage.cache_dir={tmp_path}/cache-{key}")
        assert "sig=" not in said

    run("ingest", "monday")
    run("dynpose", "tuesday")
    assert ingested(tmp_path / "out")["v.mp4"]["attempt"] == 1
    (row,) = read_phase(Storage.at(tmp_path / "out"), "filter").to_pylist()
    assert (row["source"], row["status"], row["error"]) == (f"{web.root}/v.mp4", "rejected", None)
    assert "sig=" not in everything(tmp_path / "out")


def everything(output):
    storage = Storage.at(output)
    parts = [*storage.run_files(), *(part for phase in storage.phases() for part in storage.parts(phase))]
    return "".join(str(read_part(storage, part).to_pylist()) for part in parts)
