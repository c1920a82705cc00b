"""Joining a Ray cluster, or starting one on this machine."""

import logging
import math
import os
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from factory.engine.ended import handler_kept
from factory.engine.inside import VERBOSE
from factory.engine.placement import CARD_GB, CARDS_GB, Node
from factory.engine.terminal import quiet_start
from factory.engine.work import Resources
from factory.errors import ConfigError

# Ray's default is a third of the memory. Rows are ids and numbers; beside models the frames that a worker asks about
# lie there as well, 25 MB of 12 s at 320x180, and half as much for an answer.
STORE_BYTES, BESIDE_MODELS_BYTES = 256 * 2**20, 64 * 2**20
# Where the data lies. Keys never travel: whoever may read the cluster's dashboard may read a job's environment.
FORWARDED = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION")


def forwarded() -> dict[str, str]:
    """The environment of workers and jobs."""
    return {name: os.environ[name] for name in FORWARDED if os.environ.get(name)}


@dataclass(frozen=True)
class Room:
    """What a Ray of this machine's own is to hold: the most that any phase of a run needs, as it is started once."""

    cpus: float = 0.0
    memory_gb: float = 0.0
    store_bytes: int = STORE_BYTES

    @classmethod
    def of(cls, workers: Iterable[tuple[int, Resources]], pool_cpus: float = 0.0) -> "Room":
        """workers: of each phase how many, and what each is given. pool_cpus: for models, the most of any phase."""
        each = [(count, count * one.cpus, count * one.memory_gb) for count, one in workers]
        most, cpus, memory_gb = (max(values) for values in zip(*each, strict=True))
        store_bytes = STORE_BYTES + (most * BESIDE_MODELS_BYTES if pool_cpus else 0)
        return cls(cpus + pool_cpus, memory_gb, store_bytes)


def connect(room: Room) -> None:
    """Joins the cluster that RAY_ADDRESS names, or starts one on this machine with so much room. Nothing happens where
    it is done already."""
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")  # nested `uv run` hangs workers
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # its warnings are about Ray Data's own actors
    import ray
    from ray._private import utils, worker

    if ray.is_initialized():
        return
    # Ray shows and keeps the command line, which may hold a key, and fails on one that is not UTF-8.
    utils.get_entrypoint_name = lambda: "factory"
    if VERBOSE not in os.environ:
        # Ray prints each death of one of its processes. Those that matter have a sentence here; Serve's end has none.
        worker.print_to_stdstream = lambda *_, **__: None
    submitted = "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ  # then the job has its environment, and Ray minds a second
    options: dict[str, Any] = {} if submitted else {"runtime_env": {"env_vars": forwarded()}}
    if "RAY_ADDRESS" not in os.environ:
        options = {
            "address": "local",  # not a cluster that somebody else started on this machine
            "num_cpus": math.ceil(room.cpus),
            "_memory": math.ceil(room.memory_gb * 1e9) + 2**20,
            "object_store_memory": room.store_bytes,
            "include_dashboard": False,
        }
    where = os.environ.get("RAY_ADDRESS", "")
    try:
        if host_port := re.fullmatch(r"\[?([^/\]]+)\]?:(\d+)", where):
            # Ray itself would try for minutes.
            socket.create_connection((host_port[1], int(host_port[2])), timeout=10).close()
        with handler_kept(), quiet_start(), _loopback_only(local="RAY_ADDRESS" not in os.environ):
            ray.init(logging_level=logging.ERROR, log_to_driver=False, **options)
    except (ConnectionError, TimeoutError, socket.gaierror) as error:
        place = where if where not in ("", "auto") else "this machine"
        raise ConfigError(f"no Ray cluster answers at {place}: start one, or take profile=cpu.") from error


@contextmanager
def _loopback_only(local: bool) -> Iterator[None]:
    """A Ray that is started meanwhile on this machine listens on 127.0.0.1 alone, as it does on macOS by default. On
    Linux `_node_ip_address` does not do that, it is resolved to the machine's address (tried with Ray 2.60)."""
    from ray._private import ray_constants

    if not local:
        yield
        return
    name, before = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", ray_constants.ENABLE_RAY_CLUSTER
    in_environment = os.environ.get(name)
    os.environ[name] = "0"  # for the processes that Ray starts
    ray_constants.ENABLE_RAY_CLUSTER = False  # for this one
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before
        del os.environ[name]
        if in_environment is not None:
            os.environ[name] = in_environment


def nodes() -> list[Node]:
    """Nodes of the cluster this process has joined that take workers."""
    import ray

    alive = (node for node in ray.nodes() if node["Alive"])
    each = ((node["NodeManagerHostname"], node["Resources"]) for node in alive)
    return [
        Node(name, r.get("CPU", 0.0), r.get("GPU", 0.0), r.get("memory", 0.0) / 1e9, card_gb=_card_gb(r))
        for name, r in each
        if r.get("CPU", 0.0) > 0
    ]


def _card_gb(resources: Mapping[str, float]) -> float:
    """Memory of a node's cards, by the name that Ray has found."""
    names = (name.removeprefix("accelerator_type:") for name in resources if name.startswith("accelerator_type:"))
    return min((CARDS_GB.get(name, CARD_GB) for name in names), default=CARD_GB)


def waiting_for(resources: Resources) -> str:
    """A sentence for who waits for workers that do not start: what Ray says of it, and where to look."""
    import ray

    try:
        free, there = ray.available_resources().get("CPU", 0.0), ray.cluster_resources().get("CPU", 0.0)
    except ray.exceptions.RayError:
        return "Ray does not answer"
    if "RAY_ADDRESS" in os.environ:
        return (
            f"each needs {resources.cpus:g} CPUs and {resources.memory_gb:g} GB, and of the cluster's {there:g} CPUs "
            f"{free:g} are free; `ray status` shows what holds them and whether nodes are on their way"
        )
    at = "Ray has made processes for them, which are still starting" if free < there else "Ray has not made any yet"
    folder = os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or "/tmp"  # as Ray chooses it
    return f"{at}; its logs are in {folder}/ray/session_latest/logs"
