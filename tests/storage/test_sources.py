"""What a search finds: odd files are rows, links are followed, and nothing is left out in silence."""

import os
import socket

import pytest

from factory.errors import SourceError, StorageError
from factory.storage.cache import SourceCache
from factory.storage.sources import APPLE_DOUBLE, find_sources


def found(source, said=None):
    return {
        row["source"]: row
        for row in find_sources(str(source), say=(said if said is not None else []).append).to_pylist()
    }


def test_what_is_no_file_is_a_row_that_nobody_opens(tmp_path, monkeypatch):
    (tmp_path / "good.mp4").write_bytes(b"x")
    (tmp_path / "folder.mp4").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket.mp4")
    (tmp_path / "nowhere.mp4").symlink_to("nothing")
    (tmp_path / "itself.mp4").symlink_to("itself.mp4")
    (tmp_path / "list.txt").write_text("folder.mp4\n/dev/zero\npipe.mp4\n")
    rows = found(tmp_path)
    assert {name.rpartition("/")[2] for name in rows} == {
        f"{n}.mp4" for n in ("good", "pipe", "socket", "nowhere", "itself")
    }
    told = {}
    for name in {**rows, **found("list.txt")}:
        try:
            SourceCache().hold(name)
        except StorageError as error:
            told[name.rpartition("/")[2]] = (type(error), str(error).removeprefix(name))
    assert told["pipe.mp4"] == (SourceError, " is a named pipe, not a file.")
    assert told["folder.mp4"] == (SourceError, " is a folder, not a file.")
    assert told["socket.mp4"] == (SourceError, " is a socket, not a file.")
    assert told["zero"] == (SourceError, " is a device, not a file.")
    assert "does not exist" in told["nowhere.mp4"][1]
    assert "too many levels" in told["itself.mp4"][1]
    with pytest.raises(SourceError, match="is a named pipe"):
        find_sources("pipe.mp4")
    os.mkfifo("list.csv")
    with pytest.raises(StorageError, match=r"the list .*list\.csv is a named pipe, not a file"):
        find_sources("list.csv")


def test_linked_folders_are_searched_once_under_the_folder_s_own_name(tmp_path):
    real, other = tmp_path / "in" / "real", tmp_path / "other"
    for folder in (real / "deep", other):
        folder.mkdir(parents=True)
        (folder / "v.mp4").write_bytes(b"x")
    (tmp_path / "in" / "a_link").symlink_to(real)
    (tmp_path / "in" / "elsewhere").symlink_to(other)
    (other / "back").symlink_to(tmp_path / "in")
    (real / "loop").symlink_to(real)
    assert set(found(tmp_path / "in")) == {f"{real}/deep/v.mp4", f"{tmp_path}/in/elsewhere/v.mp4"}
    assert set(found(tmp_path / "in" / "a_link")) == {f"{tmp_path}/in/a_link/deep/v.mp4"}


def test_companions_of_macos_are_left_out_and_counted(tmp_path):
    for name in ("v.mp4", "._real.mp4", ".hidden.mp4"):
        (tmp_path / name).write_bytes(b"a video")
    (tmp_path / "._v.mp4").write_bytes(APPLE_DOUBLE + b"more")
    os.mkfifo(tmp_path / "._pipe.mp4")
    for source in (tmp_path, f"{tmp_path}/*.mp4"):
        said = []
        names = {name.rpartition("/")[2] for name in found(source, said)}
        assert names == {"v.mp4", "._real.mp4", ".hidden.mp4", "._pipe.mp4"}
        assert said == ["left out 1 hidden ._ file that macOS writes beside others."]


def test_rows_of_a_list_that_lead_elsewhere_are_rows(tmp_path):
    (tmp_path / "v.mp4").write_bytes(b"x")
    lines = [
        "v.mp4",
        "ftp://me:word@h/x.mp4?key=1",
        "s3://me:word@b/x.mp4",
        "https:///x.mp4",
        "file://other/x.mp4",
        "~who.mp4",
    ]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    rows = found(tmp_path / "list.txt")
    assert len(rows) == len(lines)
    assert rows[f"{tmp_path}/v.mp4"]["version"] is not None
    assert "is not understood" in rows["ftp://h/x.mp4"]["problem"]
    assert "has keys in it" in rows["s3://b/x.mp4"]["problem"]
    assert "names no server" in rows["https:///x.mp4"]["problem"]
    assert "is not understood" in rows["file://other/x.mp4"]["problem"]
    assert not any("word" in str(row) or "key=" in str(row) for row in rows.values())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_closed_folder_is_a_row(tmp_path):
    (tmp_path / "v.mp4").write_bytes(b"x")
    (tmp_path / "closed").mkdir(mode=0o000)
    rows = found(tmp_path)
    assert "cannot be read (permission denied)" in rows[f"{tmp_path}/closed"]["problem"]
    assert len(rows) == 2


def test_a_pattern_that_is_none_is_one_sentence(tmp_path):
    with pytest.raises(StorageError, match=r"matches no file|is not understood"):
        find_sources(f"{tmp_path}/a**b/*.mp4")


def test_a_folder_may_be_called_as_a_list(tmp_path):
    (tmp_path / "videos.csv").mkdir()
    (tmp_path / "videos.csv" / "v.mp4").write_bytes(b"x")
    assert set(found(tmp_path / "videos.csv")) == {f"{tmp_path}/videos.csv/v.mp4"}
