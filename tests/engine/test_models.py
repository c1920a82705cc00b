"""Models beside the workers: whatever becomes of one, each clip gets its own outcome, and no other clip is harmed."""

import numpy as np
import pytest

from factory.clip import Clip, ClipRecord
from factory.engine import child, inline
from factory.engine import ray as ray_engine
from factory.engine.blocks import pack, unpack
from factory.engine.models import Desk, Local, Sending, joined, names_of, networks_of, split
from factory.engine.placement import CARD_GB, Node, Placed, card_share, place
from factory.engine.ray_cluster import Room, connect
from factory.errors import ConfigError, FactoryError
from factory.manifest.read import read_phase
from factory.models.network import Call, Pool
from factory.phases.run import run_phase
from factory.stage import stage_identity
from factory.storage.output import Storage
from tests.crash.stages import phase
from tests.models.fakes import AskFlow, FakeFlow

ENGINES = {"inline": inline.run, "ray": ray_engine.run}


@pytest.fixture(scope="module", autouse=True)
def roomy():
    """A Ray with room for eight workers and a model, which this machine's cores share."""
    import ray

    ray.shutdown()
    connect(Room(9.0, 8.0))
    yield
    ray.shutdown()


def run(tmp_path, engine, trial, workers=2):
    storage = Storage.at(tmp_path)
    options = {"workers": workers, "shard_size": 2, "retry_failed": False, "progress": lambda _: None}
    summary = run_phase(trial, storage, ENGINES[engine], **options)
    return summary, {row["source"]: row for row in read_phase(storage, "trial").to_pylist()}


@pytest.mark.parametrize("engine", ENGINES)
def test_clips_get_their_answers_and_each_its_own_error(tmp_path, engine):
    names = ["good-1", "raises-1", "good-2", "misshapen-1", "full-1", "good-3"]
    summary, rows = run(tmp_path, engine, phase(names, AskFlow(FakeFlow(pair_s=0.05)), timeout_s=6.0))
    assert {name: (row["status"], row["error_type"]) for name, row in rows.items()} == {
        **{f"good-{i}": ("ok", None) for i in (1, 2, 3)},
        "raises-1": ("failed", "ModelError"),
        "misshapen-1": ("failed", "ModelAnswerError"),
        "full-1": ("failed", "ModelMemoryError"),
    }
    assert {rows[f"good-{i}"]["length"] for i in (1, 2, 3)} == {1 + 2 + 4}
    assert rows["raises-1"]["error"] == "model FakeFlow raised ValueError: not to my liking"
    assert rows["raises-1"]["failed_stage"] == "AskFlow"
    assert rows["raises-1"]["raised_at"].startswith("engine/inside.py:")
    assert summary.model_seconds["FakeFlow"] >= 3 * 3 * 0.05
    assert summary.gpu_s == 0.0  # its device is the CPU
    assert summary.waited_s >= summary.model_seconds["FakeFlow"] * 0.9


def test_a_replica_that_dies_or_hangs_is_no_other_clip_s_end(tmp_path):
    names = ["dies-1", "hangs-1", "segfaults-1", *(f"good-{i}" for i in range(9))]
    _, rows = run(tmp_path, "ray", phase(names, AskFlow(FakeFlow(pool=Pool(timeout_s=8.0))), timeout_s=60.0), workers=4)
    assert {name: row["error"] for name, row in rows.items() if row["status"] != "ok" and "good" in name} == {}
    for name in ("dies-1", "hangs-1", "segfaults-1"):
        assert rows[name]["error_type"] == "ModelDiedError", rows[name]
        assert "killed 2 times by this clip's questions alone, or took longer than the 8 s" in rows[name]["error"]


def test_three_in_a_row_end_the_run(tmp_path):
    names = [f"dies-{i}" for i in range(4)]
    with pytest.raises(ConfigError, match="model FakeFlow has died of 3 clips in a row"):
        run(tmp_path, "ray", phase(names, AskFlow(), timeout_s=60.0), workers=1)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_model_that_cannot_be_loaded_ends_the_run_before_any_clip(tmp_path, engine):
    said = r"model FakeFlow cannot be loaded \(RuntimeError: CUDA error: no kernel image\): run `factory doctor`\."
    with pytest.raises(ConfigError, match=said):
        run(tmp_path, engine, phase(["a"], AskFlow(FakeFlow(fails_to="raises"))))
    assert Storage.at(tmp_path).parts("trial") == []


def test_a_model_that_dies_while_it_loads_ends_the_run_before_any_clip(tmp_path):
    with pytest.raises(ConfigError, match="model FakeFlow dies while it is loaded"):
        run(tmp_path, "ray", phase(["a"], AskFlow(FakeFlow(fails_to="dies"))))
    assert Storage.at(tmp_path).parts("trial") == []


def test_a_clip_s_clock_stands_while_a_model_works(tmp_path):
    """Three pairs' wait is longer than the clip may take."""
    _, rows = run(tmp_path, "inline", phase(["a", "b"], AskFlow(FakeFlow(pair_s=0.8)), timeout_s=2.0))
    assert {row["status"] for row in rows.values()} == {"ok"}


def test_a_stage_is_asked_in_a_loop_as_in_a_run():
    record = ClipRecord(Clip("id", "good", 0.0, 1.0, 64, 48, 24.0, 0, 24))
    assert AskFlow()(record)["length"] == 7


def test_work_travels_without_its_networks_and_equal_ones_are_one():
    one, like, other = FakeFlow(), FakeFlow(device="cuda", pool=Pool(max_batch=2)), FakeFlow(pair_s=1.0)
    stages = (("a", AskFlow(one)), ("b", AskFlow(like)), ("c", AskFlow(other)))
    pickled, networks = split(stages)
    assert networks == networks_of(stages) == [one, other]
    assert names_of(networks) == ["FakeFlow", "FakeFlow 2"]
    asked = []
    back = joined(pickled, lambda number, call: asked.append((number, call)))
    for _, stage in back:
        stage.flow.pairs(1, warps=2)
    assert asked == [(number, Call("pairs", (1,), {"warps": 2})) for number in (0, 0, 1)]
    assert b"FakeFlow" not in pickled


def test_large_arrays_of_a_clip_are_sent_once():
    frames, pairs, sending = np.zeros((4, 600, 600, 3), np.uint8), np.zeros((1, 2), int), Sending()
    kept = []

    class Noting(Local):
        def keep(self, array):
            kept.append(array)
            return array

    desk = Desk({"FakeFlow": Noting(FakeFlow())})
    for _ in range(2):
        lean = sending.lean(Call("pairs", (frames, pairs)))
        assert desk.answer(0, lean).shape == (1, 600, 600, 2)
    assert len(kept) == 1
    assert lean.given[0].array is None
    assert sending.lean(Call("pairs", (frames.copy(), pairs))).given[0].array is not None  # another one
    desk.next_clip()
    assert desk.busy_s == {}


def test_values_cross_with_their_arrays_in_shared_memory():
    rng = np.random.default_rng(0)
    value = {
        "large": rng.random((300, 400)),
        "bytes": rng.integers(0, 255, 10**5, np.uint8),
        "small": np.arange(3),
    }
    packed, block = pack((value, "word", FactoryError("x")))
    assert len(packed.content) < 2000
    back, word, error = unpack(packed)
    block.close()
    assert (word, str(error)) == ("word", "x")
    assert all(np.array_equal(value[name], back[name]) for name in value)
    assert not back["large"].flags.writeable


def test_pools_lie_on_cards_and_leave_the_rest_to_workers():
    nodes = [Node("cpu", 16, 0, 64), Node("gpu", 8, 2, 64)]
    flow, other = FakeFlow(device="cuda"), FakeFlow(device="cuda", pair_s=1.0, pool=Pool(replicas=3, gpus=0.5, cpus=2))
    placed, free = place([flow, other], nodes)
    assert placed == {"FakeFlow": Placed(2, card_share(flow, CARD_GB), 1.0), "FakeFlow 2": Placed(3, 0.5, 2.0)}
    assert [node.cpus for node in free] == [16, 0]
    with pytest.raises(ConfigError, match=r"model FakeFlow cannot have 3 replicas of 1 GPUs .*cpu: 16 CPUs"):
        place([FakeFlow(device="cuda", pool=Pool(replicas=3, gpus=1.0))], nodes)
    with pytest.raises(ConfigError, match="take profile=cpu"):
        place([flow], nodes[:1])
    assert place([flow], [], autoscales=True)[0]["FakeFlow"].replicas == 1


def test_a_part_of_a_second_card_is_refused():
    with pytest.raises(ValueError, match="a whole number of cards"):
        Pool(gpus=1.5)
    assert Pool(gpus=2.0).gpus == 2.0


def test_where_a_network_runs_is_not_part_of_what_it_answers():
    known = stage_identity(AskFlow(FakeFlow()))
    assert stage_identity(AskFlow(FakeFlow(device="cuda", pool=Pool(replicas=9, max_batch=1)))) == known
    assert stage_identity(AskFlow(FakeFlow(at_once=5))) != known


def test_an_answer_that_cannot_be_handed_over_fails_its_clip_and_not_the_worker(tmp_path, monkeypatch):
    def none_left(value):
        if isinstance(value, np.ndarray):
            raise OSError(24, "Too many open files")
        return pack(value)

    monkeypatch.setattr(child, "pack", none_left)
    _, rows = run(tmp_path, "inline", phase(["a"], AskFlow(), timeout_s=20.0))
    assert rows["a"]["error_type"] == "ModelError"
    assert "cannot be handed over: [Errno 24] Too many open files" in rows["a"]["error"]
