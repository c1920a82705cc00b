import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import ChangedError, GoneError, OutputError, StorageError
from factory.storage.cache import SourceCache
from factory.storage.digest import file_digest
from factory.storage.local import write_atomic
from factory.storage.open import place_of
from factory.storage.output import Storage, artifact_folder
from factory.storage.sources import find_sources


@pytest.fixture
def folder(tmp_path):
    for name in ("b.mp4", "a.MKV", "sub/c.webm", "notes.txt", "sub/picture.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def names(found, folder):
    return [os.path.relpath(path, folder) for path in found["source"].to_pylist()]


def test_a_folder_is_searched_for_videos_by_name(folder):
    assert names(find_sources(str(folder)), folder) == ["a.MKV", "b.mp4", "sub/c.webm"]


def test_a_glob_a_file_and_lists_are_taken_as_given(folder):
    assert names(find_sources(f"{folder}/**/*.webm"), folder) == ["sub/c.webm"]
    assert names(find_sources(f"{folder}/sub/picture.png"), folder) == ["sub/picture.png"]
    (folder / "list.csv").write_text("source,label\nb.mp4,1\nsub/c.webm,0\nb.mp4,1\n")
    assert names(find_sources(f"{folder}/list.csv"), folder) == ["b.mp4", "sub/c.webm"]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("nowhere", "does not exist"),
        ("empty", "no video"),
        ("*.mov", "matches no file"),
        ("list.csv", "no column 'source'"),
        ("ftp://host/x.mp4", "is not understood"),
    ],
)
def test_a_source_that_names_nothing_is_one_sentence(tmp_path, source, sentence, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "list.csv").write_text("title,label\nx.mp4,1\n")
    with pytest.raises(StorageError, match=sentence):
        find_sources(source)


def test_a_writer_that_fails_leaves_nothing_behind(tmp_path):
    (tmp_path / "taken").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match="cannot write"):
        write_atomic(tmp_path / "taken" / "x.parquet", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    write_atomic(tmp_path / "new" / "x.parquet", b"content")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["x.parquet"]


@pytest.mark.parametrize("links", [True, False])
def test_what_is_there_is_not_created_again(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError("no links here")))
    place, uri = place_of(str(tmp_path)), str(tmp_path / "new" / "x")
    assert place.create(uri, b"first")
    assert not place.create(uri, b"second")
    assert place.read(uri) == b"first"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["x"]


def test_an_output_that_cannot_be_written_is_found_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write to output"):
        Storage.at(str(tmp_path / "file" / "out")).check_writable()
    with pytest.raises(OutputError, match=r"output .*/file is a file: give a folder\."):
        Storage.at(str(tmp_path / "file")).check_writable()


def test_a_name_as_long_as_names_can_be_is_written(tmp_path):
    write_atomic(tmp_path / ("é" * 127), b"content")
    assert (tmp_path / ("é" * 127)).read_bytes() == b"content"
    assert len(list(tmp_path.iterdir())) == 1


@given(st.text(min_size=1, max_size=12))
def test_no_name_leads_out_of_the_output(name):
    storage = Storage.at("/tmp/out")
    try:
        path = storage.artifact(artifact_folder("ab12", "pose", "f0") + "/" + name)
    except StorageError:
        return
    assert os.path.normpath(path).startswith("/tmp/out/artifacts/ab/ab12/pose/f0/")


def test_content_not_name_makes_the_hash(folder):
    (folder / "twin.mp4").write_bytes(b"b.mp4")
    assert file_digest(folder / "twin.mp4") == file_digest(folder / "b.mp4")


def test_a_local_source_is_its_own_and_one_that_changed_is_not_taken_for_the_old(folder):
    held = SourceCache().hold(str(folder / "b.mp4"))
    assert held.path == folder / "b.mp4"
    (folder / "b.mp4").write_bytes(b"something else")
    with pytest.raises(ChangedError, match="has changed"):
        SourceCache().hold(str(folder / "b.mp4"), held.version)
    with pytest.raises(GoneError, match="does not exist"):
        SourceCache().hold(str(folder / "none.mp4"))
