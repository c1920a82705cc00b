"""Thousands of clips through ingest, filter and commit: the sums, the second run, and what a lost part costs."""

from factory.engine import inline
from factory.engine.ray import run as ray_run
from factory.manifest.read import committed, read_phase
from factory.phases.run import plan_phase, run_phase
from factory.storage.output import Storage
from tests.scale.cheap import CutQuickly, phases

COUNT = 3000


def run(storage, engine):
    options = {"workers": 2, "shard_size": 256, "retry_failed": False, "progress": lambda _: None}
    return [run_phase(phase, storage, engine, **options) for phase in phases(COUNT)]


def test_every_source_has_one_status_and_nothing_is_done_twice(tmp_path):
    storage = Storage.at(tmp_path)
    ingest, judge = run(storage, ray_run)
    assert (ingest.counts["ok"], judge.inputs, sum(judge.counts.values())) == (COUNT, COUNT, COUNT)
    assert 0.2 < judge.counts["ok"] / COUNT < 0.3
    assert len(storage.parts("filter")) == -(-COUNT // 256)
    again = run(storage, ray_run)
    assert [summary.todo for summary in again] == [0, 0]

    gone = storage.parts("filter")[3]
    lost = set(storage.place.table(gone, ["clip_id"])["clip_id"].to_pylist())
    before = read_phase(storage, "filter")
    storage.place.delete(gone.uri)
    plan = plan_phase(phases(COUNT)[1], storage, 2, 256, False)
    assert set(plan.todo["key"].to_pylist()) == lost
    run(storage, inline.run)
    assert read_phase(storage, "filter").equals(before)


def test_what_is_known_of_many_units_is_small(tmp_path, monkeypatch):
    """Units as Arrow, not as objects: a hundred bytes or two each."""
    monkeypatch.setattr(CutQuickly, "seconds", 0.0)
    storage = Storage.at(tmp_path)
    run(storage, inline.run)
    for phase in phases(COUNT):
        assert plan_phase(phase, storage, 2, 256, False).inputs.nbytes < 250 * COUNT
        assert committed(storage, phase.name).nbytes < 200 * COUNT
