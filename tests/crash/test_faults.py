"""What goes wrong on a cluster and with a bucket: every input ends with one status, and the manifest is the same."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from factory.manifest.read import read_parts, read_phase
from factory.storage.output import Storage
from tests.crash import driver
from tests.s3.proxy import Faults

ROOT = Path(__file__).parents[2]
LONG = bool(os.environ.get("FACTORY_LONG_FAULTS"))  # as they come on a cluster; minutes instead of seconds
KILL_EVERY_S, OUTAGE_S = (20.0, 30.0) if LONG else (2.0, 5.0)
CLIPS = 600 if LONG else 120  # of 0.2 s each


def start(output, engine: str, count: int, pause_s: float = 0.05, shard_size: int = 3) -> subprocess.Popen:
    words = (output, engine, count, pause_s, shard_size)
    return subprocess.Popen([sys.executable, "-m", "tests.crash.driver", *map(str, words)], cwd=ROOT)


def wait_for_parts(output, parts: int, process: subprocess.Popen) -> None:
    while len(Storage.at(output).parts("trial")) < parts:
        assert process.poll() is None, "the driver ended before anything could go wrong"
        time.sleep(0.02)


def check(output, count: int, tmp_path: Path, before=None) -> None:
    """The manifest is an undisturbed run's, no clip lies in two parts, and what was committed before is as it was."""
    whole = tmp_path / "whole"
    driver.run(str(whole), "inline", count, pause_s=0.0)
    expected = read_phase(Storage.at(whole), "trial").drop_columns(["fingerprint"])
    table = read_phase(Storage.at(output), "trial")
    assert table.drop_columns(["fingerprint"]).equals(expected)
    assert sum(len(part) for part in read_parts(Storage.at(output), "trial", ["clip_id"])[1]) == count
    if before is not None:
        assert 0 < len(before) < count, "nothing, or everything, was committed when it went wrong"
        kept = {row["clip_id"]: row for row in before.to_pylist()}
        assert all(kept.get(row["clip_id"], row) == row for row in table.to_pylist())


def test_the_driver_is_killed_while_it_writes_to_a_bucket(bucket, tmp_path):
    output = f"{bucket}/out"
    process = start(output, "ray", 60)
    wait_for_parts(output, 4, process)
    process.kill()
    process.wait()
    before = read_phase(Storage.at(output), "trial")
    assert start(output, "ray", 60).wait() == 0
    check(output, 60, tmp_path, before)


def test_workers_are_killed_again_and_again(tmp_path):
    output, draw, killed = tmp_path / "out", random.Random(0), 0
    process = start(output, "ray", CLIPS, pause_s=0.2)
    wait_for_parts(output, 2, process)
    while process.poll() is None:
        workers = [p for p in psutil.Process(process.pid).children(recursive=True) if "MapWorker" in _name(p)]
        if workers and killed < 4:
            draw.choice(workers).send_signal(signal.SIGKILL)
            killed += 1
        time.sleep(KILL_EVERY_S)
    assert process.wait() == 0
    assert killed >= 2, "too quick to be disturbed"
    check(output, CLIPS, tmp_path)


def _name(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def test_the_store_is_killed_and_comes_back(s3_server, bucket, tmp_path):
    output = f"{bucket}/out"
    process = start(output, "ray", 60)
    wait_for_parts(output, 3, process)
    before = read_phase(Storage.at(output), "trial")
    s3_server.kill()
    time.sleep(OUTAGE_S)
    s3_server.start_again()
    assert process.wait() == 0
    check(output, 60, tmp_path, before)


def test_the_store_refuses_and_delays_one_request_in_ten(s3_proxy, bucket, tmp_path):
    output = f"{bucket}/out"
    s3_proxy.misbehave(Faults(refuse_share=0.1, delay_share=0.1, delay_s=0.5))
    assert start(output, "ray", 60).wait() == 0
    assert any(call.status == 503 for call in s3_proxy.calls)
    s3_proxy.misbehave()
    check(output, 60, tmp_path)


def test_two_runs_at_once_that_were_forced_end_with_one_manifest(tmp_path, bucket):
    for output in (tmp_path / "out", f"{bucket}/out"):
        runs = [start(output, "inline", 60, pause_s=0.02, shard_size=size) for size in (3, 5)]
        assert [run.wait() for run in runs] == [0, 0]
        check(output, 60, tmp_path)
