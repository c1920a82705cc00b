"""kill -9 of the driver in mid-run, then the same command: the manifest equals an uninterrupted run's, row for row."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from factory.manifest.read import read_phase
from factory.storage.output import Storage
from tests.crash import driver

COUNT = 60


def start(output: Path, engine: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.crash.driver", str(output), engine, str(COUNT)]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2])


def kill_after_parts(output: Path, engine: str, parts: int) -> list[psutil.Process]:
    """Kills the driver with SIGKILL once so many parts are committed; returns the workers it had started."""
    process = start(output, engine)
    while len(Storage.at(output).parts("trial")) < parts:
        assert process.poll() is None, "the driver ended before it could be killed"
        time.sleep(0.01)
    workers = [p for p in psutil.Process(process.pid).children(recursive=True) if "spawn_main" in str(p.cmdline())]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return workers


@pytest.mark.parametrize("engine", ["inline", "ray"])
def test_killed_and_resumed_equals_uninterrupted(tmp_path, engine):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    driver.run(str(whole), "inline", COUNT, pause_s=0.0)
    # The pause is no parameter of the answer, but the fingerprint cannot know: runs compared have the same one.
    expected = read_phase(Storage.at(whole), "trial").drop_columns(["fingerprint"])

    workers = kill_after_parts(broken, engine, parts=random.Random(engine).randrange(2, 8))
    before = read_phase(Storage.at(broken), "trial")
    assert 0 < before.num_rows < COUNT
    assert start(broken, engine).wait() == 0
    after = read_phase(Storage.at(broken), "trial")

    assert after.drop_columns(["fingerprint"]).equals(expected)
    kept = {row["clip_id"]: row for row in before.to_pylist()}
    assert all(kept.get(row["clip_id"], row) == row for row in after.to_pylist())
    gone, alive = psutil.wait_procs(workers, timeout=20)
    assert gone, "no worker was found: the test looks for the wrong processes"
    assert not alive, f"workers that outlive their driver: {alive}"


def test_a_part_that_was_being_written_does_not_count(tmp_path):
    driver.run(str(tmp_path), "inline", 8, pause_s=0.0)
    part = Storage.at(tmp_path).parts("trial")[0]
    path = Path(part.uri)
    path.rename(path.with_name(f".{path.name}.0123abcd"))  # as a writer leaves it that dies before the rename
    driver.run(str(tmp_path), "inline", 8, pause_s=0.0)
    assert read_phase(Storage.at(tmp_path), "trial").num_rows == 8
