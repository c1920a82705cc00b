"""An output that cannot be written is no clip's failure: the run stops with one sentence, and goes on when there is
room."""

import errno
import os

import pytest

from factory.engine import inline
from factory.engine import ray as ray_engine
from factory.errors import OutputError
from factory.manifest.read import read_phase
from factory.phases.run import run_phase
from factory.storage.output import Storage
from tests.crash.stages import KeepsMuch, phase
from tests.s3.proxy import Faults

ENGINES = {"inline": inline.run, "ray": ray_engine.run}
NAMES = [f"{kind}-{i}" for i in range(4) for kind in ("good", "raises")]


def run(output, engine, where, kilobytes=400):
    storage = Storage.at(output, patience_s=0)
    options = {"workers": 2, "shard_size": 2, "retry_failed": False, "progress": lambda _: None}
    run_phase(phase(NAMES, KeepsMuch(kilobytes, str(where))), storage, ENGINES[engine], **options)
    return read(output)


def read(output):
    rows = read_phase(Storage.at(output), "trial", ["source", "status", "attempt"]).to_pylist()
    return {row["source"]: (row["status"], row["attempt"]) for row in rows}


EXPECTED = {name: ("ok" if name.startswith("good") else "failed", 1) for name in NAMES}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_full_output_stops_the_run_and_leaves_its_clips_undone(small_disk, engine):
    (small_disk / "another's").write_bytes(bytes(1_000_000))
    told = f"cannot write .*artifacts.*{os.strerror(errno.ENOSPC).lower()}.*free space there"
    with pytest.raises(OutputError, match=told):
        run(small_disk / "out", engine, "output")
    assert {name: row for name, row in read(small_disk / "out").items() if EXPECTED[name] != row} == {}
    (small_disk / "another's").unlink()
    assert run(small_disk / "out", engine, "output") == EXPECTED


def test_an_output_with_something_in_the_way_stops_it_too(tmp_path):
    (tmp_path / "artifacts").write_text("a file where a folder should be")
    with pytest.raises(OutputError, match=r"cannot write .*artifacts.* \(not a directory\): a file is where"):
        run(tmp_path, "inline", "output")
    (tmp_path / "artifacts").unlink()
    assert run(tmp_path, "inline", "output") == EXPECTED


def test_a_full_disk_for_temporary_files_stops_it_too(small_disk, tmp_path):
    with pytest.raises(OutputError, match="KeepsMuch finds this machine's disk full"):
        run(tmp_path, "inline", small_disk, kilobytes=3000)
    assert "good-0" not in read(tmp_path)
    assert run(tmp_path, "inline", small_disk, kilobytes=100) == EXPECTED


def test_a_bucket_that_refuses_what_is_written_stops_it_too(s3_proxy, bucket):
    s3_proxy.misbehave(Faults(refuse_share=1.0))
    with pytest.raises(OutputError, match=r"S3 cannot write .* for now"):
        Storage.at(f"{bucket}/out", patience_s=0).write(f"{bucket}/out/x", b"content")
