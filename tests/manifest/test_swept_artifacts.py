"""Files that no row names any more go when a phase ends; those of rows that stay do not."""

import pyarrow as pa
import pytest

from factory.errors import GoneError
from factory.manifest.schema import COMMON, artifact, artifacts_of, schema
from factory.manifest.sweep import sweep
from factory.manifest.write import parquet_of_rows
from factory.storage.local import Local
from factory.storage.output import Storage, artifact_folder

SCHEMA = schema(*COMMON, artifact("tracks.npz", "tracks"), artifact("masks.npz", "masks"))
FILES = tuple(artifacts_of(SCHEMA).values())


@pytest.fixture(params=["local", "s3"])
def storage(request, tmp_path):
    return Storage.at(f"{request.getfixturevalue('bucket')}/out" if request.param == "s3" else tmp_path)


def commit(storage, shard, *rows):
    """Rows of (clip, fingerprint, attempt), each with its files."""
    told = []
    for clip, fingerprint, attempt in rows:
        folder = artifact_folder(clip, "depth", fingerprint)
        paths = {"tracks": f"{folder}/tracks.npz", "masks": f"{folder}/masks.npz"}
        for path in paths.values():
            storage.write(storage.artifact(path), f"{clip} {fingerprint} {attempt}".encode())
        common = {"clip_id": clip, "status": "ok", "fingerprint": fingerprint, "attempt": attempt}
        told.append({**common, **paths})
    storage.write(storage.part("depth", shard), parquet_of_rows(told, SCHEMA))


def files(storage):
    names = [e.uri.removeprefix(storage.uri("artifacts")) for e in storage.place.entries(storage.uri("artifacts"))]
    return {tuple(name.split("/")[2:]) for name in names}


def of(*folders):
    return {(clip, "depth", print_, file) for clip, print_ in folders for file in ("tracks.npz", "masks.npz")}


def test_files_go_with_the_rows_that_name_them(storage):
    commit(storage, "a", ("aaaa", "old", 1), ("bbbb", "same", 1), ("cccc", "old", 1), ("dddd", "only", 1))
    commit(storage, "b", ("aaaa", "new", 2), ("bbbb", "same", 2))
    other = artifact_folder("aaaa", "pose", "old") + "/masks.npz"
    storage.write(storage.artifact(other), b"another phase's")
    sweep(storage, "depth", pa.chunked_array([["aaaa", "bbbb", "dddd"]]), FILES)
    left = of(("aaaa", "new"), ("bbbb", "same"), ("dddd", "only"))
    assert files(storage) == left | {("aaaa", "pose", "old", "masks.npz")}
    sweep(storage, "depth", pa.chunked_array([["aaaa", "bbbb", "dddd"]]), FILES)
    assert files(storage) == left | {("aaaa", "pose", "old", "masks.npz")}


def test_an_interrupted_sweep_is_finished_by_the_next(tmp_path, monkeypatch):
    storage, deleted = Storage.at(tmp_path), []
    commit(storage, "a", ("aaaa", "old", 1), ("bbbb", "old", 1))
    commit(storage, "b", ("aaaa", "new", 2), ("bbbb", "new", 2))
    delete = Local.delete

    def dies(self, uri):
        if len(deleted) == 2:
            raise KeyboardInterrupt
        deleted.append(uri)
        delete(self, uri)

    monkeypatch.setattr(Local, "delete", dies)
    with pytest.raises(KeyboardInterrupt):
        sweep(storage, "depth", None, FILES)
    monkeypatch.undo()
    sweep(storage, "depth", None, FILES)
    assert files(storage) == of(("aaaa", "new"), ("bbbb", "new"))
    assert len(storage.parts("depth")) == 1


def test_artifacts_are_not_read_where_no_row_goes(tmp_path, monkeypatch):
    storage = Storage.at(tmp_path)
    commit(storage, "a", ("aaaa", "f", 1), ("bbbb", "f", 1))
    asked = []
    table = Local.table
    monkeypatch.setattr(Local, "table", lambda self, e, columns: asked.append(columns) or table(self, e, columns))
    sweep(storage, "depth", pa.chunked_array([["aaaa", "bbbb"]]), FILES)
    assert asked == [["clip_id", "attempt"]]


def test_rows_written_before_files_had_folders_of_their_own_are_swept_too(tmp_path):
    storage = Storage.at(tmp_path)
    old = {"clip_id": "aaaa", "status": "ok", "fingerprint": "f", "attempt": 1, "masks": "artifacts/aa/aaaa/masks.npz"}
    storage.write(storage.part("depth", "a"), parquet_of_rows([old], schema(*COMMON, SCHEMA.field("masks"))))
    storage.write(storage.artifact(old["masks"]), b"")
    commit(storage, "b", ("aaaa", "new", 2))
    sweep(storage, "depth", None, FILES)
    assert files(storage) == of(("aaaa", "new"))
    with pytest.raises(GoneError):
        storage.read(storage.artifact(old["masks"]))
