"""A clip that raises, kills or hangs its worker is `failed` with the cause; the clips beside it are unharmed."""

import sys

import pytest

from factory.engine import inline
from factory.engine import ray as ray_engine
from factory.engine.guard import _describe
from factory.errors import ConfigError
from factory.manifest.read import read_phase
from factory.phases.run import run_phase
from factory.stage import Outcome
from factory.storage.output import Storage
from tests.crash.stages import CannotLoad, CannotStart, Interrupts, LoadsLong, Misbehave, SegfaultOnce, phase

ENGINES = {"inline": inline.run, "ray": ray_engine.run}


def run(tmp_path, engine, trial, retry_failed=False):
    storage = Storage.at(tmp_path)
    options = {"workers": 2, "shard_size": 2, "retry_failed": retry_failed, "progress": lambda _: None}
    summary = run_phase(trial, storage, ENGINES[engine], **options)
    return summary, {row["source"]: row for row in read_phase(storage, "trial").to_pylist()}


@pytest.mark.parametrize("engine", ENGINES)
def test_each_clip_gets_its_own_outcome(tmp_path, engine):
    names = ["good-1", "raises-1", "good-2", "segfaults-1", "good-3", "hangs-1", "good-4", "rejected-1"]
    summary, rows = run(tmp_path, engine, phase(names, Misbehave(), timeout_s=6.0))

    assert {name: row["status"] for name, row in rows.items()} == {
        **{f"good-{i}": "ok" for i in (1, 2, 3, 4)},
        **{f"{kind}-1": "failed" for kind in ("raises", "segfaults", "hangs")},
        "rejected-1": "rejected",
    }
    assert rows["raises-1"]["error_type"] == "ValueError"
    assert rows["raises-1"]["error"] == "raises-1 is not to my liking"
    assert rows["segfaults-1"]["error_type"] == "WorkerDiedError"
    assert "SIGSEGV" in rows["segfaults-1"]["error"]
    assert rows["hangs-1"]["error_type"] == "ClipTimeoutError"
    assert {rows[f"{kind}-1"]["failed_stage"] for kind in ("raises", "segfaults", "hangs")} == {"Misbehave"}
    assert rows["rejected-1"]["reasons"] == ["length: too short for me"]
    assert rows["raises-1"]["log"] == "factory.trial: about to look at raises-1"
    assert rows["raises-1"]["raised_at"].startswith("stage.py:")
    assert "in __call__" in rows["segfaults-1"]["log"]  # the Python stack of the process that died
    assert {rows[f"good-{i}"][name] for i in (1, 2, 3, 4) for name in ("log", "raised_at")} == {None}
    assert (summary.counts["ok"], summary.counts["rejected"], summary.counts["failed"]) == (4, 1, 3)


def test_each_clip_that_fails_has_what_was_printed_of_it_and_no_other(tmp_path):
    names = [f"raises-{i}" for i in range(4)]
    _, rows = run(tmp_path, "inline", phase(names))
    assert {name: row["log"] for name, row in rows.items()} == {
        name: f"factory.trial: about to look at {name}" for name in names
    }


def test_a_log_keeps_no_keys_of_an_address():
    rows = [{}]
    said = "Retrying after: https://user:pass@host/a.mp4?X-Amz-Signature=abc&token=def\n/b.mp4?key=1 gone"
    _describe(rows, Outcome(None, "failed", error="x"), said)
    assert rows[0]["log"] == "Retrying after: https://***@host/a.mp4?***\n/b.mp4?*** gone"


def test_what_a_killed_clip_cost_is_what_it_used(tmp_path):
    """Not its time limit: one that waits costs nothing, one that computes costs what it computed."""

    def cpu_s(name):
        trial = phase(["good-1", name], Misbehave(), timeout_s=3.0)
        return run(tmp_path / name, "inline", trial)[0].cpu_s

    idle_s, busy_s = cpu_s("hangs-1"), cpu_s("spins-1")
    assert idle_s < 0.5
    assert busy_s > max(idle_s, 0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="no other system holds a process to a limit of its own memory")
def test_a_clip_that_wants_more_memory_than_the_worker_s_share_fails_by_that_name(tmp_path):
    eaters = [f"eats {what}" for what in ("python", "numpy", "opencv", "ffmpeg", "mapped", "hidden")]
    _, rows = run(tmp_path, "inline", phase(["good-1", *eaters, "good-2"]))
    assert rows["good-1"]["status"] == rows["good-2"]["status"] == "ok"
    assert {rows[name]["status"] for name in eaters} == {"failed"}
    assert {name: rows[name]["error_type"] for name in eaters} == dict.fromkeys(eaters, "ClipMemoryError")
    assert {rows[name]["error"] for name in eaters} == {
        "needs more than the 0.5 GB of trial.resources.memory_gb: raise it"
    }
    assert {rows[name]["failed_stage"] for name in eaters} == {"Misbehave"}


def test_a_worker_that_dies_full_or_by_the_system_s_hand_is_told_from_a_broken_input(tmp_path):
    _, rows = run(tmp_path, "inline", phase(["aborts", "is killed"]))
    assert rows["aborts"]["error"] == "worker died twice (SIGABRT): the input breaks a library"
    assert "SIGKILL" in rows["is killed"]["error"]
    assert "out of memory" in rows["is killed"]["error"]
    _, rows = run(tmp_path / "full", "inline", phase(["grows"]))
    assert rows["grows"]["error_type"] == "WorkerDiedError"
    assert "of the 0.5 GB of trial.resources.memory_gb" in rows["grows"]["error"]


def test_a_share_in_which_no_worker_starts_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"trial\.resources\.memory_gb=0\.01 is less than the 0\.\d+ GB"):
        run(tmp_path, "inline", phase(["a"], memory_gb=0.01))


def test_ctrl_c_never_reaches_a_child(tmp_path):
    _, rows = run(tmp_path, "inline", phase(["a"], Interrupts()))
    assert rows["a"]["status"] == "ok"


def test_a_clip_that_kills_its_worker_once_gets_a_second_chance(tmp_path):
    markers = tmp_path / "markers"
    markers.mkdir()
    _, rows = run(tmp_path / "out", "inline", phase(["a", "b"], SegfaultOnce(str(markers))))
    assert [row["status"] for row in rows.values()] == ["ok", "ok"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stage_that_cannot_start_ends_the_run_with_its_own_sentence(tmp_path, engine):
    with pytest.raises(ConfigError, match="the weights are missing"):
        run(tmp_path, engine, phase(["a"], CannotStart()))
    assert Storage.at(tmp_path).parts("trial") == []


def test_loading_a_model_counts_against_no_clip(tmp_path):
    _, rows = run(tmp_path, "inline", phase(["segfaults-1", "a", "b"], LoadsLong(), timeout_s=1.5))
    assert {name: row["error_type"] for name, row in rows.items()} == {
        "segfaults-1": "WorkerDiedError",
        "a": None,
        "b": None,
    }


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("later", [False, True])
def test_a_library_that_fails_in_set_up_ends_the_run_with_one_sentence(tmp_path, engine, later):
    """Also in a child that is started in place of one that died."""
    folder = tmp_path / "seen"
    folder.mkdir()
    said = r"a worker cannot set up stage CannotLoad of phase trial \(RuntimeError: CUDA out of memory\.\): run"
    with pytest.raises(ConfigError, match=said):
        run(tmp_path / "out", engine, phase(["a", "b"], CannotLoad(str(folder) if later else "")))


def test_failures_alone_are_done_again_on_request(tmp_path):
    names = ["good-1", "raises-1", "rejected-1"]
    run(tmp_path, "inline", phase(names))
    again, _ = run(tmp_path, "inline", phase(names))
    assert (again.todo, again.committed_before) == (0, 3)
    retried, rows = run(tmp_path, "inline", phase(names), retry_failed=True)
    assert (retried.todo, retried.committed_before) == (1, 2)
    assert {name: row["attempt"] for name, row in rows.items()} == {"good-1": 1, "raises-1": 2, "rejected-1": 1}
