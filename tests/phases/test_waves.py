"""Waves: what is worked on, how often, and what a run tells of them."""

import pyarrow as pa

from factory.cli import main
from factory.engine import inline
from factory.engine.work import cut_shards
from factory.manifest.read import read_phase
from factory.phases import run as running
from factory.phases.run import plan_phase, run_phase
from factory.phases.waves import in_waves, usual_wave
from factory.storage.output import Storage
from tests.conftest import shifted
from tests.crash.stages import phase
from tests.videos import write

NAMES = [f"good-{i}" for i in range(5)] + ["raises-1", "rejected-1"]


def waves(trial, storage, wave, retry_failed=False):
    options = {"workers": 1, "shard_size": 2, "retry_failed": retry_failed, "progress": lambda _: None}

    def run(phase, most, tried, sources):
        return run_phase(phase, storage, inline.run, **options, most=most, tried=tried, sources=sources)

    return [summaries[0] for summaries in in_waves([trial], wave, run)]


def test_waves_end_where_one_run_ends(tmp_path):
    one, many = Storage.at(tmp_path / "one"), Storage.at(tmp_path / "many")
    (whole,) = waves(phase(NAMES), one, 100)
    told = waves(phase(NAMES), many, 3)
    assert [(summary.inputs, summary.done, summary.left) for summary in told] == [(3, 3, 4), (6, 6, 1), (7, 7, 0)]
    assert (told[-1].counts, told[-1].errors, told[-1].reasons) == (whole.counts, whole.errors, whole.reasons)
    drop = ["log"]
    assert read_phase(many, "trial").drop_columns(drop).equals(read_phase(one, "trial").drop_columns(drop))


def test_a_run_that_goes_on_begins_with_what_is_left(tmp_path):
    storage = Storage.at(tmp_path)
    waves(phase(NAMES[:4]), storage, 100)
    told = waves(phase(NAMES), storage, 2)
    assert [(summary.committed_before, summary.done) for summary in told] == [(4, 2), (4, 3)]


def test_what_fails_again_does_not_come_back_in_the_next_wave(tmp_path):
    storage = Storage.at(tmp_path)
    names = [f"raises-{i}" for i in range(5)]
    waves(phase(names), storage, 100)
    told = waves(phase(names), storage, 2, retry_failed=True)
    assert [summary.done for summary in told] == [2, 4, 5]
    assert {row["attempt"] for row in read_phase(storage, "trial").to_pylist()} == {2}


def test_clips_of_sources_that_are_to_be_read_again_wait_for_them(tmp_path):
    """What an earlier run made of them is worked on once, and not before it is what this run would make."""
    for number in range(3):
        write(tmp_path / f"{number}.mp4", shifted(number, 60))
    run = [
        "run",
        f"source={tmp_path}",
        f"output={tmp_path / 'out'}",
        "engine=inline",
        "pipeline.phases=[ingest,filter]",
    ]
    assert main(run) == 0
    assert main([*run, "wave=1", "ingest.survey.cut_adaptive=3.5", "filter.score.least=0.81"]) == 0
    storage = Storage.at(tmp_path / "out")
    for phase_name in ("ingest", "filter"):
        rows = read_phase(storage, phase_name)
        assert (len(rows), rows["attempt"].unique().to_pylist()) == (3, [2])


def test_waves_of_many_workers_have_whole_shards():
    assert usual_wave(2, 256) == 5000
    size = usual_wave(512, 256)
    todo = pa.table({name: [str(n) for n in range(size)] for name in ("key", "fingerprint", "attempt")})
    assert {len(shard.rows) for shard in cut_shards(todo, 512, 256)} == {256}


def test_rows_go_to_the_engine_in_passes(tmp_path, monkeypatch):
    plan = plan_phase(phase(NAMES), Storage.at(tmp_path), 1, 1, False)
    monkeypatch.setattr(running, "PASS_BYTES", 2.5 * plan.shards[0].rows.nbytes)
    passes = list(running._passes(plan.shards))
    assert [len(some) for some in passes] == [2, 2, 2, 1]
    assert pa.concat_tables([shard.rows for some in passes for shard in some]).equals(plan.todo)
