"""A cluster of three nodes on this machine, one of which is lost in mid-run."""

import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from factory.engine import ray_cluster
from factory.engine.in_flight import Flight
from factory.engine.placement import capacity, workers_that_fit
from factory.engine.ray import run as ray_run
from factory.engine.work import Resources
from factory.errors import ConfigError
from factory.manifest.read import read_phase
from factory.models.network import Pool
from factory.phases.run import run_phase
from factory.storage.output import Storage
from tests.crash import driver
from tests.crash.stages import Misbehave, phase
from tests.models.fakes import AskFlow, FakeFlow

COUNT = 60


@pytest.fixture
def cluster(monkeypatch):
    """A head that takes no work, and three nodes that take a worker each."""
    import ray
    from ray.cluster_utils import Cluster

    ray.shutdown()
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    store = {"object_store_memory": 100 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **store})
    nodes = [cluster.add_node(num_cpus=1, memory=2 * 10**9, **store) for _ in range(3)]
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    yield cluster, nodes
    ray.shutdown()
    cluster.shutdown()


def test_a_node_is_lost_and_nothing_else(cluster, tmp_path):
    cluster, nodes = cluster
    storage, flight, seen = Storage.at(tmp_path / "out"), Flight(), []
    ray_cluster.connect(ray_cluster.Room())
    assert capacity(Resources(memory_gb=1.5), ray_cluster.nodes()) == 3

    def lose_a_node():
        while len(storage.parts("trial")) < 4:
            time.sleep(0.05)
        seen.append(flight.ask())
        for process in psutil.Process(nodes[1].all_processes["raylet"][0].process.pid).children(recursive=True):
            process.send_signal(signal.SIGKILL)
        cluster.remove_node(nodes[1], allow_graceful=False)

    loser = threading.Thread(target=lose_a_node)
    loser.start()
    trial = phase(driver.names(COUNT), Misbehave(0.3))
    options = {"workers": 3, "shard_size": 3, "retry_failed": False, "progress": lambda _: None}
    summary = run_phase(trial, storage, ray_run, **options, flight=flight)
    loser.join()
    assert len(ray_cluster.nodes()) == 2
    assert sum(summary.counts.values()) == COUNT
    driver.run(str(tmp_path / "whole"), "inline", COUNT, pause_s=0.0)
    expected = read_phase(Storage.at(tmp_path / "whole"), "trial").drop_columns(["fingerprint"])
    assert read_phase(storage, "trial").drop_columns(["fingerprint"]).equals(expected)
    assert seen[0] is None or seen[0].oldest is None or seen[0].oldest.stage in ("Misbehave", "")


def test_a_node_is_lost_with_a_model_on_it_and_nothing_else(cluster, tmp_path):
    """Two replicas, one of them on the node that is lost, each with a worker beside it."""
    cluster, nodes = cluster
    for node in nodes:
        cluster.remove_node(node)
    nodes = [cluster.add_node(num_cpus=2, memory=2 * 10**9, object_store_memory=100 * 2**20) for _ in range(3)]
    ray_cluster.connect(ray_cluster.Room())
    storage, journal = Storage.at(tmp_path / "out"), tmp_path / "busy"
    flow = FakeFlow(pair_s=0.1, journal=str(journal), pool=Pool(replicas=2))

    def lose_a_node():
        while len(storage.parts("trial")) < 3:
            time.sleep(0.05)
        replica = psutil.Process(int(journal.read_text().split()[0]))
        raylets = [node.all_processes["raylet"][0].process.pid for node in nodes]
        mine = {process.pid for process in replica.parents()}
        lost = nodes[next(n for n, pid in enumerate(raylets) if pid in mine)]
        for process in psutil.Process(lost.all_processes["raylet"][0].process.pid).children(recursive=True):
            process.send_signal(signal.SIGKILL)
        cluster.remove_node(lost, allow_graceful=False)

    loser = threading.Thread(target=lose_a_node)
    loser.start()
    names = [f"good-{i}" for i in range(24)]
    options = {"workers": 3, "shard_size": 2, "retry_failed": False, "progress": lambda _: None}
    summary = run_phase(phase(names, AskFlow(flow, cpu_s=0.2), timeout_s=60.0), storage, ray_run, **options)
    loser.join()
    assert (summary.counts["ok"], sum(summary.counts.values())) == (24, 24)
    assert {row["length"] for row in read_phase(storage, "trial").to_pylist()} == {7}
    assert len({line.split()[0] for line in journal.read_text().splitlines()}) >= 2  # both answered


POOL = """
import os
from factory.engine import ray_cluster
from factory.engine.placement import Placed
from factory.engine.pools import pools
from tests.models.fakes import FakeFlow
ray_cluster.connect(ray_cluster.Room())
with pools([FakeFlow()], {"FakeFlow": Placed(1, 0.0, 0.0)}):
    from ray import serve
    print(*serve.status().applications, flush=True)
    os._exit(0) if dies else None
print(len(serve.status().applications))
"""


@pytest.mark.usefixtures("cluster")
def test_the_pool_of_a_run_that_died_is_ended_by_the_next():
    def told(dies):
        done = subprocess.run(
            [sys.executable, "-c", f"dies={dies}\n{POOL}"], capture_output=True, text=True, timeout=120
        )
        return done.stdout.splitlines()

    (first,), (second, left) = told(True), told(False)
    assert first != second
    assert left == "0"


@pytest.mark.usefixtures("cluster")
def test_what_cannot_fit_is_refused_with_the_numbers():
    ray_cluster.connect(ray_cluster.Room())
    nodes = ray_cluster.nodes()
    assert workers_that_fit("pose", Resources(), nodes, None, False) == 3
    with pytest.raises(ConfigError, match=r"phase pose cannot have 4 workers of 1 CPUs and 1 GB each: 3 fit"):
        workers_that_fit("pose", Resources(), nodes, 4, False)
    with pytest.raises(ConfigError, match=r"0 fit"):
        workers_that_fit("pose", Resources(memory_gb=3), nodes, None, False)
    assert workers_that_fit("pose", Resources(), nodes, 40, True) == 40
