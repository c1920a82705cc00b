"""Merging parts changes no answer, also when it is killed half way."""

import pyarrow.parquet as pq
import pytest

from factory.manifest import compact as compacting
from factory.manifest.compact import compact
from factory.manifest.query import query
from factory.manifest.read import read_phase
from factory.manifest.sweep import sweep
from factory.manifest.tidy import is_tidy
from factory.storage.local import Local
from factory.storage.output import Storage
from tests.manifest.test_manifest import commit, row

SQL = "SELECT clip_id, status, attempt, value FROM filter ORDER BY 1"


@pytest.fixture(params=["local", "s3"])
def storage(request, tmp_path):
    """Six parts of three clips each; clip 4 was done again, and a part was written by two runs under two names."""
    root = request.getfixturevalue("bucket") if request.param == "s3" else tmp_path
    storage = Storage.at(f"{root}/out", patience_s=0)
    for part in range(6):
        commit(storage, f"p{part}", [row(f"{3 * part + i:02d}", value=float(i)) for i in range(3)])
    commit(storage, "again", [row("04", attempt=2, value=9.0)])
    commit(storage, "twin", [row(f"{i:02d}", value=float(i)) for i in range(3)])
    return storage


def answers(storage):
    return query(storage, SQL).fetchall(), read_phase(storage, "filter")


def test_the_same_answers_from_fewer_parts(storage):
    before = answers(storage)
    assert len(before[0]) == 18
    sweep(storage, "filter")
    assert compact(storage, "filter") == 1
    assert [part.uri for part in storage.parts("filter")] == [storage.parts("filter")[0].uri]
    after = answers(storage)
    assert after[0] == before[0]
    assert after[1].equals(before[1])
    assert is_tidy(storage, "filter", storage.parts("filter"))


def test_what_comes_later_is_seen(storage):
    sweep(storage, "filter")
    assert is_tidy(storage, "filter", storage.parts("filter"))
    commit(storage, "later", [row("04", attempt=3, value=7.0)])
    assert not is_tidy(storage, "filter", storage.parts("filter"))
    assert ("04", "ok", 3, 7.0) in answers(storage)[0]
    assert len(answers(storage)[0]) == 18


def test_large_parts_are_left_alone(storage, monkeypatch):
    monkeypatch.setattr(compacting, "PART_BYTES", 1)
    names = [part.uri for part in storage.parts("filter")]
    assert compact(storage, "filter") == len(names)
    assert [part.uri for part in storage.parts("filter")] == names


@pytest.mark.parametrize("deletions", [0, 1, 3])
def test_killed_half_way_it_answers_the_same_and_is_finished_later(tmp_path, monkeypatch, deletions):
    storage = Storage.at(tmp_path)
    for part in range(4):
        commit(storage, f"p{part}", [row(f"{2 * part + i:02d}", value=float(i)) for i in range(2)])
    before = answers(storage)
    left = [deletions]
    delete = Local.delete

    def dying(self, uri):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        delete(self, uri)

    monkeypatch.setattr(Local, "delete", dying)
    with pytest.raises(KeyboardInterrupt):
        compact(storage, "filter")
    assert len(storage.parts("filter")) == 5 - deletions
    between = answers(storage)
    monkeypatch.undo()
    sweep(storage, "filter")
    assert compact(storage, "filter") == 1
    after = answers(storage)
    assert before[0] == between[0] == after[0]
    assert before[1].equals(between[1])
    assert before[1].equals(after[1])
    assert pq.read_table(tmp_path / "filter").num_rows == 8
