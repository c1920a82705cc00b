"""The fleet's simulation on cases whose answer is known without it."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from factory.cli import main as factory
from factory.engine.work import cut_shards
from factory.manifest.read import read_part
from factory.storage.output import Storage
from factory.synth.sample import render_sample
from tests.bench.fleet.costs import PhaseCost, measured
from tests.bench.fleet.estimate import shard_size
from tests.bench.fleet.simulate import drawn_losses, simulate


def test_one_worker_takes_the_sum() -> None:
    done = simulate([3.0, 5.0, 2.0], 1, 1, start_up_s=4.0)
    assert (done.wall_s, done.busy_s, done.idle_s, done.again) == (14.0, 10.0, 0.0, 0)


def test_a_worker_a_shard_takes_the_longest() -> None:
    done = simulate([3.0, 5.0, 2.0], 3, 1, start_up_s=4.0)
    assert (done.wall_s, done.busy_s) == (9.0, 10.0)
    assert done.idle_s == 2.0 + 0.0 + 3.0


def test_equal_shards_are_shared_evenly() -> None:
    assert simulate([2.0] * 24, 3, 2).wall_s == 2.0 * 24 / 6


def test_a_shard_waits_behind_the_one_it_was_handed_out_with() -> None:
    """Two workers, the third shard is handed to the first of them at the start, though the second is free earlier."""
    assert simulate([10.0, 1.0, 1.0], 1, 2, in_flight=2).wall_s == 11.0
    assert simulate([10.0, 1.0, 1.0], 1, 2, in_flight=1).wall_s == 10.0


def test_a_lost_node_has_its_shards_done_again() -> None:
    """Node 0 commits a shard at 10 s, is lost at 15 with its second half done, and is back too late to help."""
    done = simulate([10.0] * 4, 2, 1, losses=[(15.0, 0)], replace_s=100.0, in_flight=1)
    assert (done.wall_s, done.again, done.lost_s, done.busy_s) == (30.0, 1, 5.0, 45.0)


def test_the_only_node_is_waited_for() -> None:
    done = simulate([10.0] * 2, 1, 1, start_up_s=1.0, losses=[(16.0, 0)], replace_s=100.0)
    assert (done.wall_s, done.again) == (16.0 + 100.0 + 1.0 + 10.0, 1)


def test_what_a_lost_worker_only_held_is_not_counted_as_begun() -> None:
    done = simulate([10.0] * 2, 1, 1, losses=[(5.0, 0)], replace_s=0.0)
    assert (done.wall_s, done.again, done.lost_s) == (25.0, 1, 5.0)


def test_a_node_lost_while_it_starts_starts_again() -> None:
    done = simulate([10.0], 1, 1, start_up_s=4.0, losses=[(3.0, 0)], replace_s=2.0)
    assert (done.wall_s, done.again, done.lost_s) == (3.0 + 2.0 + 4.0 + 10.0, 0, 0.0)


@pytest.mark.parametrize("seed", range(5))
def test_under_many_losses_all_is_done_once_more_than_what_was_lost(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shards = rng.uniform(1.0, 30.0, 200).tolist()
    done = simulate(shards, 4, 3, start_up_s=1.0, losses=drawn_losses(rng, 4, 0.05), replace_s=20.0)
    assert done.again > 0
    assert done.busy_s - done.lost_s == pytest.approx(sum(shards))
    assert done.wall_s > sum(shards) / 12


def test_losses_are_as_frequent_as_said() -> None:
    drawn = drawn_losses(np.random.default_rng(0), 8, 2.0)
    at_s, nodes = zip(*(next(drawn) for _ in range(2000)), strict=True)
    assert at_s[-1] / 3600.0 == pytest.approx(2000 * 2.0 / 8, rel=0.1)
    assert set(nodes) == set(range(8))


def test_shards_are_as_the_engine_cuts_them() -> None:
    for count, workers in ((1000, 2), (100, 8), (5000, 3), (3, 8)):
        names = [str(i) for i in range(count)]
        todo = pa.table({"key": names, "fingerprint": names, "attempt": [1] * count})
        assert shard_size("filter", count, workers) == len(cut_shards(todo, workers, 256)[0].rows)
        assert shard_size("pose", count, workers) == len(cut_shards(todo, workers, 32)[0].rows)


COST = PhaseCost("filter", seconds=(10.0, 1.0, 3.0), shares=(0.5, 0.25, 0.25), clip_s=2.0)


def test_the_mean_is_over_outcomes() -> None:
    assert COST.mean_s == pytest.approx(6.0)


def test_another_acceptance_keeps_what_the_rejected_cost() -> None:
    rarer = COST.accepting(0.1)
    assert rarer.shares == pytest.approx((0.1, 0.45, 0.45))
    assert rarer.mean_s == pytest.approx(0.1 * 10.0 + 0.9 * 2.0)


def test_drawn_shards_come_to_the_mean() -> None:
    shards = COST.draw_shards(np.random.default_rng(0), 100_003, 256)
    assert len(shards) == 391
    assert sum(shards) == pytest.approx(100_003 * COST.mean_s, rel=0.01)


def test_costs_come_from_a_run(tmp_path: Path) -> None:
    """A drawn slide is spared what the other clip goes through; what both cost is what the run says it used."""
    source, output = tmp_path / "source", tmp_path / "output"
    render_sample(source, only=("good", "graphics"), size=(480, 270), seconds=2.0)
    run = ["run", f"source={source}", f"output={output}", "engine=inline", "pipeline.phases=[ingest,filter]"]
    run.append("filter.score.least=0.4")  # what it costs is asked here, not what it is worth
    assert factory(run) == 0
    found = measured(str(output))
    assert (found.exhaustive, list(found.phases)) == (False, ["ingest", "filter"])
    cost, storage = found.phases["filter"], Storage.at(output)
    rows = [row for file in storage.run_files() for row in read_part(storage, file).to_pylist()]
    assert cost.mean_s * 2 == pytest.approx(next(row["cpu_s"] for row in rows if row["phase"] == "filter"))
    assert cost.clip_s == pytest.approx(2.0, abs=0.1)
    times = {step.stage: step.times for step in found.steps if step.phase == "filter"}
    assert [times[name] for name in ("drawn", "flow", "distortion")] == [1.0, 0.5, 0.5]
    assert len(cost.shares) == 2
    assert cost.seconds[0] > cost.seconds[1] > 0.0
