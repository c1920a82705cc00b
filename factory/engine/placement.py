"""How many workers of a phase fit on the nodes there are. What cannot fit is refused: Ray would wait for ever."""

import importlib.util
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from factory.engine.work import Resources
from factory.errors import ConfigError

USABLE_MEMORY = 0.8  # of a machine's memory; a guess: the rest is for the system, Ray and the page cache


@dataclass(frozen=True)
class Node:
    """What a machine gives to workers. A cluster's head usually gives none."""

    name: str
    cpus: float
    gpus: float
    memory_gb: float
    own: bool = False  # not a cluster's: more workers than cores may be asked for

    def __str__(self) -> str:
        return f"{self.name}: {self.cpus:g} CPUs, {self.gpus:g} GPUs, {self.memory_gb:.1f} GB"


def this_machine(count_gpus: bool) -> Node:
    """`count_gpus`: whether they matter; counting takes seconds, because torch has to be loaded."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return Node(
        socket.gethostname(), available_cores(), _gpus() if count_gpus else 0, USABLE_MEMORY * memory_gb, own=True
    )


def available_cores() -> int:
    """Cores this process may use; containers often get fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def capacity(resources: Resources, nodes: Sequence[Node], crowded: bool = False) -> int:
    """Workers that fit: each lies whole on one node, and a share of a GPU on one card. `crowded`: those of this machine
    may share its cores."""
    return sum(_on(node, resources, crowded and node.own) for node in nodes)


def workers_that_fit(
    phase: str, resources: Resources, nodes: Sequence[Node], wanted: int | None, autoscales: bool
) -> int:
    """How many workers the phase gets: all that fit, or `wanted`. Raises ConfigError when these do not fit, and the
    cluster does not grow by itself."""
    fits = capacity(resources, nodes, crowded=wanted is not None)
    if autoscales:
        if wanted is None:
            raise ConfigError("an autoscaling cluster does not say how large it gets: set workers=N.")
        return wanted
    if fits < (wanted or 1):
        each = f"{resources.cpus:g} CPUs, {resources.gpus:g} GPUs and {resources.memory_gb:g} GB"
        crowded = ", its cores shared" if wanted and any(node.own for node in nodes) else ""
        there = "; ".join(map(str, nodes)) or "no node"
        raise ConfigError(
            f"phase {phase} cannot have {wanted or 1} workers of {each} each: {fits} fit{crowded} ({there}). "
            f"Give fewer workers, lower {phase}.resources, or add nodes."
        )
    return wanted or fits


def _on(node: Node, each: Resources, crowded: bool) -> int:
    limits = [_times(node.memory_gb, each.memory_gb)]
    if not crowded:
        limits.append(_times(node.cpus, each.cpus))
    if each.gpus > 0:
        limits.append(_times(1, each.gpus) * int(node.gpus) if each.gpus < 1 else _times(node.gpus, each.gpus))
    return min(limits)


def _times(there: float, each: float) -> int:
    return int(there / each + 1e-6) if each > 0 else 10**9


def _gpus() -> int:
    if importlib.util.find_spec("torch") is None:
        return 0
    import torch

    return torch.cuda.device_count()
