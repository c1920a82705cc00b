"""How many workers of a phase fit on the nodes there are. What cannot fit is refused: Ray would wait for ever."""

import importlib.util
import math
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from factory.engine.models import names_of
from factory.engine.work import Resources
from factory.errors import ConfigError
from factory.models.network import Network

CARD_GB = 16.0  # where nobody tells, a T4's: larger cards have room to spare
# By what Ray calls a node's cards; the smallest of a name.
CARDS_GB = {
    "P4": 8.0,
    "A10G": 24.0,
    "L4": 24.0,
    "L40S": 48.0,
    "A100": 40.0,
    "A100-80G": 80.0,
    "H100": 80.0,
    "H200": 141.0,
}
USABLE_MEMORY = 0.8  # of a machine's memory; a guess: the rest is for the system, Ray and the page cache


@dataclass(frozen=True)
class Node:
    """What a machine gives to workers. A cluster's head usually gives none."""

    name: str
    cpus: float
    gpus: float
    memory_gb: float
    own: bool = False  # not a cluster's: more workers than cores may be asked for
    card_gb: float = CARD_GB  # memory of each of its cards

    def __str__(self) -> str:
        cards = f"{self.gpus:g} GPUs" + (f" of {self.card_gb:.0f} GB" if self.gpus else "")
        return f"{self.name}: {self.cpus:g} CPUs, {cards}, {self.memory_gb:.1f} GB"


def this_machine(count_gpus: bool) -> Node:
    """`count_gpus`: whether they matter, to models; counting takes seconds, because torch has to be loaded."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    cards_gb = _cards_gb() if count_gpus else []
    return Node(
        socket.gethostname(),
        available_cores(),
        len(cards_gb),
        USABLE_MEMORY * memory_gb,
        own=True,
        card_gb=min(cards_gb, default=CARD_GB),
    )


def available_cores() -> int:
    """Cores this process may use; containers often get fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def capacity(resources: Resources, nodes: Sequence[Node], crowded: bool = False) -> int:
    """Workers that fit: each lies whole on one node. `crowded`: those of this machine may share its cores."""
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
        each = f"{resources.cpus:g} CPUs and {resources.memory_gb:g} GB"
        crowded = ", its cores shared" if wanted and any(node.own for node in nodes) else ""
        there = "; ".join(map(str, nodes)) or "no node"
        raise ConfigError(
            f"phase {phase} cannot have {wanted or 1} workers of {each} each: {fits} fit{crowded} ({there}). "
            f"Give fewer workers, lower {phase}.resources, or add nodes."
        )
    return wanted or fits


@dataclass(frozen=True)
class Placed:
    """replicas: of a pool. gpus: of a card each; cpus: set aside for each."""

    replicas: int
    gpus: float
    cpus: float


@dataclass(frozen=True)
class Given:
    """workers: of a phase. pools: of the models that its stages hold, by their names."""

    workers: int
    pools: Mapping[str, Placed]

    @property
    def pool_cpus(self) -> float:
        return sum(pool.replicas * pool.cpus for pool in self.pools.values())


def place(
    networks: Sequence[Network], nodes: Sequence[Node], autoscales: bool = False
) -> tuple[dict[str, Placed], list[Node]]:
    """Each network's pool by its name, and what is left of the nodes for workers.

    Raises ConfigError where the pools do not fit, and the cluster does not grow by itself.
    """
    cards = [[1.0] * int(node.gpus) for node in nodes]
    cpus = [node.cpus for node in nodes]
    card_gb = min((node.card_gb for node in nodes if node.gpus), default=CARD_GB)
    placed: dict[str, Placed] = {}
    for name, network in zip(names_of(networks), networks, strict=True):
        pool = network.pool
        gpus = pool.gpus if pool.gpus is not None else card_share(network, card_gb)
        count = pool.replicas or (max(1, sum(map(len, cards))) if gpus else 1)
        placed[name] = Placed(count, gpus, pool.cpus)
        for _ in range(0 if autoscales else count):
            roomy = [n for n, node in enumerate(nodes) if node.own or cpus[n] >= pool.cpus]
            fits = [n for n in roomy if _taken(cards[n], gpus, take=False)]
            if not fits:
                there = "; ".join(map(str, nodes)) or "no node"
                raise ConfigError(
                    f"model {name} cannot have {count} replicas of {gpus:g} GPUs and {pool.cpus:g} CPUs each "
                    f"({there}): set its pool.replicas or pool.gpus lower, take profile=cpu, or add nodes."
                )
            node = max(fits, key=lambda n: cpus[n])
            _taken(cards[node], gpus, take=True)
            cpus[node] -= pool.cpus
    # On this machine a worker and a model may share the only core.
    left = [max(left, 1.0) if node.own else left for node, left in zip(nodes, cpus, strict=True)]
    return placed, [replace(node, cpus=free) for node, free in zip(nodes, left, strict=True)]


def card_share(network: Network, card_gb: float) -> float:
    """Of a card that a replica is given where nobody says: what it needs of the smallest there is, in hundredths."""
    return min(1.0, math.ceil(100 * network.memory_gb / card_gb) / 100) if network.on_card else 0.0


def _taken(cards: list[float], gpus: float, take: bool) -> bool:
    """Whether so much of a card, or so many whole cards, is free on a node; with `take` it is not any more."""
    if not gpus:
        return True
    whole, part = (int(gpus), 0.0) if gpus >= 1 else (1, gpus)
    free = [n for n, left in enumerate(cards) if left >= (part or 1.0) - 1e-6]
    if len(free) < whole:
        return False
    if take:
        for n in free[:whole]:
            cards[n] -= part or 1.0
    return True


def _on(node: Node, each: Resources, crowded: bool) -> int:
    limits = [_times(node.memory_gb, each.memory_gb)]
    if not crowded:
        limits.append(_times(node.cpus, each.cpus))
    return min(limits)


def _times(there: float, each: float) -> int:
    return int(there / each + 1e-6) if each > 0 else 10**9


def _cards_gb() -> list[float]:
    """Memory of each card of this machine."""
    if importlib.util.find_spec("torch") is None:
        return []
    import torch

    return [torch.cuda.get_device_properties(n).total_memory / 1e9 for n in range(torch.cuda.device_count())]
