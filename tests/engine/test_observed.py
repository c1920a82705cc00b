"""What one sees of a run from outside: metrics, the line that names the oldest item, `factory status` meanwhile."""

import re
import threading
import time
import urllib.request

import pytest

from factory.commands import status
from factory.console import progress as watching
from factory.engine import inline, metrics
from factory.engine.in_flight import Flight, InFlight
from factory.engine.ray import Board
from factory.engine.ray import run as ray_run
from factory.phases.run import run_phase
from factory.storage import lease
from factory.storage.output import Storage
from tests.crash import driver
from tests.crash.stages import Misbehave, phase

OPTIONS = {"workers": 2, "shard_size": 3, "retry_failed": False}


@pytest.fixture
def exported():
    """A Ray of its own; gives what Prometheus would read."""
    import ray

    ray.shutdown()

    def read() -> str:
        found = [node for node in ray.nodes() if node["Alive"]]
        where = f"http://{found[0]['NodeManagerAddress']}:{found[0]['MetricsExportPort']}/metrics"
        return urllib.request.urlopen(where, timeout=10).read().decode()

    yield read
    ray.shutdown()


def sum_of(text: str, name: str, **labels: str) -> float:
    lines = [line for line in text.splitlines() if line.startswith(f"ray_{name}{{")]
    kept = [line for line in lines if all(f'{key}="{value}"' in line for key, value in labels.items())]
    return sum(float(line.rsplit(" ", 1)[1]) for line in kept)


def test_metrics_count_what_the_manifest_says(exported, tmp_path):
    trial = phase(driver.names(20), Misbehave(0.01))
    run_phase(trial, Storage.at(tmp_path), ray_run, **OPTIONS, progress=lambda _: None)
    give_up, text = time.monotonic() + 60, ""
    while time.monotonic() < give_up and sum_of(text, "factory_clips_in_total") < 20:
        time.sleep(1.0)
        text = exported()
    assert sum_of(text, "factory_clips_in_total", phase="trial") == 20
    by_status = {s: sum_of(text, "factory_clips_total", phase="trial", status=s) for s in ("ok", "rejected", "failed")}
    assert by_status == {"ok": 10, "rejected": 5, "failed": 5}
    assert sum_of(text, "factory_stage_seconds_total", stage="Misbehave") > 0.2
    assert sum_of(text, "factory_queue", phase="trial") == 0
    names = {re.split(r"[{ ]", line)[0].removesuffix("_total") for line in text.splitlines() if "ray_factory" in line}
    assert {n.removeprefix("ray_") for n in names if not n.startswith("#")} <= set(metrics.NAMES) | {""}


@pytest.mark.parametrize("engine", [inline.run, ray_run], ids=["inline", "ray"])
def test_the_log_names_the_item_that_hangs_and_status_tells_of_the_run(engine, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(watching, "BEAT_AFTER_S", 1.0)
    monkeypatch.setattr(lease, "RENEW_S", 0.5)
    storage, flight, told = Storage.at(tmp_path), Flight(), []
    trial = phase(["good-1", "hangs-1", "good-2"], Misbehave(), timeout_s=12.0)

    def look():
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up and not ((lease.holder(storage) or [{}])[0]).get("oldest"):
            time.sleep(0.2)
        status._tell_of_a_run(storage)
        told.append(lease.holder(storage)[0])

    with watching.progress(flight) as show, lease.held(storage, "mine", show.state, show.say):
        looker = threading.Thread(target=look)
        looker.start()
        run_phase(trial, storage, engine, **OPTIONS, progress=show, flight=flight)
        looker.join()
    out, err = capsys.readouterr()
    (line,) = [line for line in err.splitlines() if "oldest in flight" in line][:1]
    assert re.search(r"trial: \d of 3 done; oldest in flight: hangs-1 \(\w{20}\) in Misbehave for \d+ s on ", line)
    assert (told[0]["phase"], told[0]["todo"]) == ("trial", 3)
    assert "run mine on" in out
    assert "oldest in flight: hangs-1" in out
    status._tell_of_a_run(storage)
    assert capsys.readouterr().out == ""


def test_the_oldest_is_told_by_durations_and_the_silent_are_forgotten(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    board = Board()
    board.tell("a", InFlight("1", "old.mp4", "Solve", 50.0, "one"), None)
    now[0] += 20
    board.tell("b", InFlight("2", "older.mp4", "Solve", 60.0, "two"), None)
    assert (board.said().oldest.key, board.said().oldest.seconds, board.said().workers) == ("1", 70.0, 2)
    now[0] += 15
    assert (board.said().oldest.key, board.said().workers) == ("2", 1)
    board.tell("b", None, None)
    assert board.said().oldest is None
