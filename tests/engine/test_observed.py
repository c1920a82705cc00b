"""What one sees of a run from outside: metrics, the line that names the oldest item, `factory status` meanwhile."""

import io
import re
import threading
import time
import urllib.request
from collections import Counter
from datetime import datetime

import pytest

from factory.commands import status
from factory.console import progress as watching
from factory.engine import inline, metrics, work
from factory.engine import ray as ray_engine
from factory.engine.in_flight import Done, Flight, InFlight, Said
from factory.engine.ray import Board
from factory.engine.ray import run as ray_run
from factory.engine.ray_cluster import waiting_for
from factory.engine.work import Resources, cut_shards
from factory.phases import run as phases_run
from factory.phases.run import Summary, run_phase
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
    # Workers and the driver export each at their own time.
    while time.monotonic() < give_up and (sum_of(text, "factory_clips_in_total") < 20 or sum_of(text, "factory_queue")):
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
    assert re.search(
        r"trial: \d of 3 done; oldest in flight: hangs-1 \(\w{20}\), begun \d+ s ago, in Misbehave on ", line
    )
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


def test_the_board_knows_open_shards_only():
    board, ended = Board(), ("shard", Done(3, 3.0, {"ok": 3}))
    board.tell("a", None, ended)
    assert board.said().done == dict([ended])
    board.drop("shard")
    assert board.said().done == {}
    board.tell("a", None, ended)  # late: the result was faster
    assert board.said().done == {}


@pytest.fixture
def one_shard(monkeypatch):
    """All clips of a phase in one shard: its result says nothing before the last has ended."""
    monkeypatch.setattr(work, "PER_WORKER", 1)
    monkeypatch.setattr(phases_run, "cut_shards", lambda todo, _workers, size: cut_shards(todo, 1, size))
    monkeypatch.setattr(watching, "LOOK_EVERY_S", 0.1)


def watched(engine, storage, clips: int, meanwhile=lambda _units: None) -> tuple[list[dict], Summary]:
    """Runs the trial phase on one worker; what its progress said, each time that changed, and how it ended."""
    flight, said, ended = Flight(), [{}], threading.Event()
    trial = phase(driver.names(clips), Misbehave(0.5))

    def look(show):
        while not ended.wait(0.05):
            if show.state().get("done") != said[-1].get("done"):
                said.append(show.state())
                meanwhile(said[-1]["done"])

    with watching.progress(flight) as show:
        looker = threading.Thread(target=look, args=(show,))
        looker.start()
        options = {"workers": 1, "shard_size": 100, "retry_failed": False, "progress": show, "flight": flight}
        summary = run_phase(trial, storage, engine, **options)
        said.append(show.state())
        ended.set()
        looker.join()
    return said[1:], summary


@pytest.mark.usefixtures("one_shard")
@pytest.mark.parametrize("engine", [inline.run, ray_run], ids=["inline", "ray"])
def test_progress_moves_with_each_clip_and_not_with_each_shard(engine, tmp_path):
    said, summary = watched(engine, Storage.at(tmp_path), 8)
    units = [state["done"] for state in said]
    assert [n for n in units if 0 < n < 8]
    assert units == sorted(units)
    for state in said:
        assert sum(state.get(status, 0) for status in ("ok", "rejected", "failed")) == state["done"]
    assert {name: said[-1][name] for name in summary.counts} == summary.counts == {"ok": 4, "rejected": 2, "failed": 2}


@pytest.mark.usefixtures("one_shard")
def test_a_board_that_is_lost_costs_no_run_and_knows_all_again(tmp_path, monkeypatch):
    import ray

    boards, made = [], ray_engine._board
    monkeypatch.setattr(ray_engine, "_board", lambda: boards.append(made()) or boards[-1])
    lost_at = []

    def lose_it(units):
        if units and not lost_at:
            lost_at.append(units)
            ray.kill(boards[0], no_restart=False)

    said, _ = watched(ray_run, Storage.at(tmp_path), 16, lose_it)
    units = [state["done"] for state in said]
    assert lost_at
    assert [n for n in units if lost_at[0] < n < 16]
    assert units == sorted(units)
    assert units[-1] == 16
    assert re.search(r"Ray has .*; its logs are in /.*/ray/session_latest/logs", waiting_for(Resources()))


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def told(todo: int, **more) -> Summary:
    return Summary("trial", todo, 0, datetime.now(), todo, todo_weight=float(more.pop("weight", todo)), **more)


def test_numbers_never_go_back_and_never_pass_what_is_to_do(clock):
    flight, out = Flight(), io.StringIO()
    show = watching.Progress(flight, None, out)
    show(told(6))
    steps = [
        ({"a": Done(2, 2.0, {"ok": 2}), "b": Done(1, 1.0, {"ok": 1})}, 3),
        ({"a": Done(1, 1.0, {"ok": 1})}, 3),  # its worker was lost: another begins the shard again
        (None, 3),  # nobody answers
        ({"a": Done(3, 3.0, {"ok": 3}), "b": Done(3, 3.0, {"ok": 3})}, 6),
    ]
    for done, expected in steps:
        flight.ask = lambda done=done: None if done is None else Said(1, done)
        clock[0] += 1
        show.look()
        assert show.state()["done"] == expected
    flight.handed_over.add("a")
    show(told(6, done=3, done_weight=3.0))
    assert show.state()["done"] == 6
    flight.ask = lambda: Said(1, {"b": Done(3, 3.0, {"ok": 3}), "c": Done(1, 1.0, {"ok": 1})})
    show.look()
    assert show.state()["done"] == 6


def test_an_answer_that_comes_when_the_engine_has_ended_counts_nothing_twice(clock):
    flight = Flight()
    show = watching.Progress(flight, None, io.StringIO())
    show(told(3))
    flight.handed_over.add("a")
    show(told(3, done=3, done_weight=3.0, counts=Counter(ok=3)))

    def ended_meanwhile() -> Said:
        flight.reset()
        return Said(1, {"a": Done(2, 2.0, {"ok": 2})})

    flight.ask = ended_meanwhile
    clock[0] += 1
    show.look()
    assert (show.state()["done"], show.state()["ok"]) == (3, 3)


def test_the_time_left_is_told_by_the_weight_of_clips_and_not_by_their_number(clock):
    flight, out = Flight(), io.StringIO()
    flight.ask = lambda: Said(1)
    show = watching.Progress(flight, None, out)
    show(told(2, weight=100.0))
    show.look()
    clock[0] += 30
    flight.ask = lambda: Said(1, {"a": Done(1, 10.0, {"ok": 1})})
    show.look()
    assert "trial: 1 of 2 done, about 4 min 30 s left  1 ok" in out.getvalue()


def test_who_waits_for_workers_hears_why_after_half_a_minute(clock):
    flight, out = Flight(), io.StringIO()
    flight.why = lambda: "no node has room"
    show = watching.Progress(flight, None, out)
    show(told(2))
    assert "trial: 0 of 2 done  starting workers" in out.getvalue()
    clock[0] += watching.BEAT_AFTER_S - 1
    show.look()
    assert "no node has room" not in out.getvalue()
    clock[0] += 2
    show.look()
    assert "trial: no worker has started for 31 s: no node has room." in out.getvalue()
    assert show.state()["workers"] == 0


def test_what_is_said_above_bars_is_printed_as_it_is():
    out = io.StringIO()
    watching.Progress(Flight(), watching.bars_on(out, 80), out).say("oldest in flight: /v/out [v1] :smile:")
    assert out.getvalue() == "oldest in flight: /v/out [v1] :smile:\n"


@pytest.mark.parametrize(("done", "todo"), [(0, 7), (3, 7), (480, 1234), (65_432, 123_456)])
def test_bars_fit_80_columns_whole(clock, done, todo):
    bars, flight = watching.bars_on(io.StringIO(), 80), Flight()
    show = watching.Progress(flight, bars, io.StringIO())
    show(told(todo))
    flight.ask = lambda: Said(1)
    show.look()
    clock[0] += 4000
    flight.ask = lambda: Said(1, {"a": Done(done, float(done), {"ok": done // 3, "rejected": done - done // 3})})
    show.look()
    clock[0] += 5
    show.look()
    with bars.console.capture() as seen:
        bars.console.print(bars.get_renderable())
    (line,) = seen.get().splitlines()
    assert len(line) <= 80
    assert "\u2026" not in line
    assert f"{done}/{todo}" in line
    assert ("left" in line) == (done > 0)


def test_a_phase_with_nothing_to_do_says_so():
    out = io.StringIO()
    show = watching.Progress(Flight(), None, out)
    show(Summary("ingest", 7, 7, datetime.now()))
    show(Summary("filter", 0, 0, datetime.now()))
    assert "ingest: nothing left to do" in out.getvalue()
    assert "filter: nothing to do: no clip came this far" in out.getvalue()
