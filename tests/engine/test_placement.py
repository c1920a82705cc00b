import pytest

from factory.commands.compose import configured
from factory.engine.models import networks_of
from factory.engine.placement import Node, capacity, place, this_machine, workers_that_fit
from factory.engine.work import Resources
from factory.errors import ConfigError
from factory.phases.build import build
from factory.storage.sources import SCHEMA

NODES = [Node("head", 0, 0, 16), Node("cpu", 16, 0, 32), Node("gpu", 8, 2, 64)]


@pytest.mark.parametrize(
    ("resources", "fits"),
    [
        (Resources(cpus=1, memory_gb=1), 24),
        (Resources(cpus=1, memory_gb=4), 16),  # memory binds on the first, CPUs on the second
        (Resources(cpus=0.5, memory_gb=0), 48),
        (Resources(cpus=32, memory_gb=1), 0),
    ],
)
def test_workers_lie_whole_on_a_node(resources, fits):
    assert capacity(resources, NODES) == fits


def test_all_that_fit_or_as_many_as_asked():
    assert workers_that_fit("filter", Resources(), NODES, None, False) == 24
    assert workers_that_fit("filter", Resources(), NODES, 5, False) == 5
    with pytest.raises(ConfigError, match=r"25 workers .* 24 fit \(head: 0 CPUs, 0 GPUs, 16\.0 GB; cpu: 16 CPUs"):
        workers_that_fit("filter", Resources(), NODES, 25, False)
    with pytest.raises(ConfigError, match="no node"):
        workers_that_fit("filter", Resources(), [], None, False)


def test_the_cores_of_this_machine_may_be_shared_and_are_told_as_they_are():
    here = [Node("here", 2, 0, 20.6, own=True)]
    assert workers_that_fit("pose", Resources(), here, None, False) == 2
    assert workers_that_fit("pose", Resources(cpus=2), here, 4, False) == 4
    with pytest.raises(ConfigError, match=r"99 workers .* 20 fit, its cores shared \(here: 2 CPUs, 0 GPUs, 20\.6 GB\)"):
        workers_that_fit("pose", Resources(), here, 99, False)


def test_a_cluster_that_grows_is_told_how_far():
    assert workers_that_fit("pose", Resources(), [], 512, True) == 512
    with pytest.raises(ConfigError, match="set workers=N"):
        workers_that_fit("pose", Resources(), [], None, True)


def test_this_machine_has_cores_and_memory():
    node = this_machine(count_gpus=True)
    assert node.cpus >= 1
    assert node.memory_gb > 0


def test_a_card_takes_no_core_from_the_workers_but_its_model_s_own():
    cfg = configured(["source=x", "output=y", "profile=gpu"])
    phases = build(cfg, SCHEMA.empty_table())
    networks = networks_of(phases[-1].stages)
    assert {network.name for network in networks} == {"RaftFlow", "OneFormer", "Sam2", "Tapir", "GroundingDino"}
    placed, free = place(networks, [Node("gpu", 16, 1, 64, card_gb=80)])
    assert {pool.replicas for pool in placed.values()} == {1}
    assert workers_that_fit("pose", phases[-1].resources, free, None, False) == 11


@pytest.mark.parametrize(("card_gb", "fits"), [(16, False), (24, True), (80, True)])
def test_the_whole_of_profile_gpu_on_one_card(card_gb, fits):
    """24 GB hold it; a smaller card does not, and is told so."""
    _, filtering, posing = build(configured(["source=x", "output=y", "profile=gpu"]), SCHEMA.empty_table())
    node = Node("gpu", 16, 1, 64, card_gb=card_gb)
    assert {network.name for network in networks_of(filtering.stages)} == {
        "RaftFlow",
        "Tapir",
        "OneFormer",
        "MoGeIntrinsics",
    }
    for phase in (filtering, posing):
        if fits:
            placed, _ = place(networks_of(phase.stages), [node])
            assert sum(pool.gpus for pool in placed.values()) <= 1
        else:
            with pytest.raises(ConfigError, match=r"cannot have 1 replicas .*1 GPUs of 16 GB"):
                place(networks_of(phase.stages), [node])
