"""One run at a time on an output, and nobody locked out by a run that is dead."""

import argparse
import json
import os
import subprocess
import sys
import threading
import time

import pytest

from factory.commands import status
from factory.errors import BusyError
from factory.storage import lease
from factory.storage.output import Storage
from tests.crash import driver


@pytest.fixture(params=["local", "s3"])
def storage(request, tmp_path, monkeypatch):
    root = request.getfixturevalue("bucket") + "/out" if request.param == "s3" else tmp_path / "out"
    monkeypatch.setattr(lease, "RENEW_S", 0.3)
    monkeypatch.setattr(lease, "EXPIRE_S", 3.0)
    return Storage.at(root, patience_s=0)


def hold(storage, run_id, state=dict, said=None):
    return lease.held(storage, run_id, state, (said if said is not None else []).append)


def leave(storage, **who):
    storage.write(storage.uri(lease.NAME), json.dumps({"run_id": "theirs", "beat": 1, **who}).encode())


def test_it_tells_who_and_how_far_and_goes_at_the_end(storage):
    with hold(storage, "mine", lambda: {"phase": "filter", "done": 3}) as check:
        check()
        told, age_s = lease.holder(storage)
        assert (told["run_id"], told["pid"], told["phase"], told["done"]) == ("mine", os.getpid(), "filter", 3)
        assert age_s < 3
    assert lease.holder(storage) is None


def test_a_second_run_is_told_of_the_first(storage):
    told = []

    def second():
        try:
            with hold(storage, "second"):
                told.append("ran")
        except BusyError as error:
            told.append(str(error))

    # Another machine's, for on this one the second sees that the process is the first's own.
    with hold(storage, "first"):
        other = threading.Thread(target=second)
        original, lease._Lease._died_here = lease._Lease._died_here, lambda *_: False
        try:
            other.start()
            other.join()
        finally:
            lease._Lease._died_here = original
        assert lease.holder(storage)[0]["run_id"] == "first"
    assert "another run works on" in told[0]
    assert "first on" in told[0]
    assert "force=true" in told[0]


def test_a_lease_that_nobody_renews_is_waited_for_and_taken(storage):
    leave(storage, host="elsewhere", pid=1)
    said = []
    begin = time.monotonic()
    with hold(storage, "mine", said=said) as check:
        check()
    assert time.monotonic() - begin > 1.0
    assert "0 s ago: checking if it still works" in said[0] or "1 s ago" in said[0]


def test_the_lease_of_a_process_that_died_here_is_taken_at_once(storage):
    import socket

    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    leave(storage, host=socket.gethostname(), pid=gone.pid)
    said = []
    with hold(storage, "mine", said=said) as check:
        check()
    assert said == []


def test_who_loses_it_stops_and_leaves_the_other_s_alone(storage):
    def wait(check):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            leave(storage, host="elsewhere", pid=1)  # renewed, as a run does: one write may fall before this one's own
            time.sleep(0.2)
            check()

    with hold(storage, "mine") as check, pytest.raises(BusyError, match="theirs on elsewhere"):
        wait(check)
    assert lease.holder(storage)[0]["run_id"] == "theirs"


def test_clocks_of_machines_are_not_compared(storage, monkeypatch):
    leave(storage, host="elsewhere", pid=1)
    monkeypatch.setattr(time, "time", lambda: 0.0)  # half a century behind
    assert -2 <= lease.holder(storage)[1] < 60


def test_a_clock_that_was_set_back_holds_no_lease(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lease, "EXPIRE_S", 3.0)
    storage, tomorrow = Storage.at(tmp_path), time.time() + 86400
    driver.run(str(tmp_path), "inline", 3, pause_s=0.0)
    leave(storage, host="elsewhere", pid=1, phase="filter", todo=3, done=1)
    os.utime(storage.uri(lease.NAME), (tomorrow, tomorrow))
    status.call(argparse.Namespace(output=str(tmp_path)))
    assert "at a time that lies ahead of the clock" in capsys.readouterr().out
    said = []
    with hold(storage, "mine", said=said) as check:
        check()
    assert said == [
        f"another run (theirs on elsewhere, process 1) held {tmp_path} at a time that lies ahead of the clock: "
        "checking if it still works."
    ]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"pid": "many"}'])
def test_a_lease_that_says_nothing_expires_like_any_other(storage, content):
    storage.write(storage.uri(lease.NAME), content)
    begin = time.monotonic()
    with hold(storage, "mine") as check:
        check()
        assert lease.holder(storage)[0]["run_id"] == "mine"
    assert time.monotonic() - begin > 1.0  # waited for, as nobody knows whose it was
