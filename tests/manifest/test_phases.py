"""Phases are found by what their manifests say, whatever they are called."""

import pyarrow as pa
import pytest

from factory.errors import StorageError
from factory.manifest.phases import coming_from, in_order, phase_with
from factory.manifest.schema import COMMON, column, schema
from factory.manifest.write import parquet_of_rows
from factory.storage.output import Storage


@pytest.fixture(params=["local", "s3"])
def storage(request, tmp_path):
    return Storage.at(f"{request.getfixturevalue('bucket')}/out" if request.param == "s3" else tmp_path)


def commit(storage, phase, upstream, *names):
    columns = schema(*COMMON, *(column(name, pa.string(), "a column") for name in names))
    columns = columns if upstream is None else coming_from(columns, upstream)
    storage.write(storage.part(phase, "a"), parquet_of_rows([{"clip_id": "a", "attempt": 1}], columns))


def test_phases_come_behind_those_their_clips_come_from(storage):
    for phase, upstream in (("a", "z"), ("z", "ingest"), ("ingest", None), ("m", "a"), ("b", "ingest")):
        commit(storage, phase, upstream)
    assert list(in_order(storage)) == ["ingest", "b", "z", "a", "m"]


def test_an_older_output_has_the_first_phase_first(storage):
    for phase in ("pose", "filter", "ingest"):
        commit(storage, phase, None)
    assert list(in_order(storage)) == ["ingest", "filter", "pose"]


def test_a_circle_in_what_manifests_say_is_no_trap(tmp_path):
    storage = Storage.at(tmp_path)
    commit(storage, "a", "b")
    commit(storage, "b", "a")
    assert set(in_order(storage)) == {"a", "b"}


def test_the_last_phase_that_has_a_column_is_asked(storage):
    commit(storage, "pose", "ingest", "world_from_cam")
    commit(storage, "again", "pose", "world_from_cam", "depth")
    commit(storage, "zzz", "again")
    assert phase_with(storage, "world_from_cam") == "again"
    assert phase_with(storage, "depth") == "again"
    assert phase_with(storage, "masks") is None


def test_a_broken_part_is_named_and_other_folders_are_no_phases(tmp_path):
    storage = Storage.at(tmp_path)
    (tmp_path / "my clips (480p)").mkdir()
    (tmp_path / "my clips (480p)" / "part-x.parquet").write_bytes(b"")
    assert in_order(storage) == {}
    storage.write(storage.part("pose", "x"), b"PAR1 no more")
    with pytest.raises(StorageError, match=r"pose/part-x\.parquet cannot be read"):
        in_order(storage)
