"""Hours and dollars of many clips on a fleet: in closed form, and simulated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from factory.engine.placement import Node, capacity
from factory.engine.work import Resources
from tests.bench.fleet.assumed import (
    BOOT_S,
    FPS,
    LEARNED_S,
    POSE_SHARD,
    RAFT_PAIRS,
    RAFT_S,
    SHARD,
    START_UP_S,
    NodeKind,
)
from tests.bench.fleet.costs import PhaseCost
from tests.bench.fleet.simulate import drawn_losses, simulate

SHARDS_A_WORKER = 4  # as factory.engine.work.cut_shards has it


@dataclass(frozen=True)
class Estimate:
    """paper_h: stage seconds over capacity. cpu_h, gpu_h: that stages used, of clips done once. usd: of all nodes for
    the simulated hours. again: shards begun again after a loss. idle_share: of the time of workers that are up."""

    paper_h: float
    simulated_h: float
    cpu_h: float
    gpu_h: float
    usd: float
    accepted: float
    again: int
    idle_share: float

    @property
    def usd_a_clip(self) -> float:
        return self.usd / self.accepted


def shard_size(phase: str, clips: int, workers: int) -> int:
    """As the engine cuts: so that each worker gets several."""
    most = POSE_SHARD if phase == "pose" else SHARD
    return max(1, min(int(most.value), -(-clips // (workers * SHARDS_A_WORKER))))


def estimate(phases: Sequence[PhaseCost], clips: int, kind: NodeKind, nodes: int, loss_h: float, seed: int) -> Estimate:
    """Phases one after the other, each over what the one before passes, as a run does it."""
    rng = np.random.default_rng(seed)
    paper_s = cpu_s = gpu_s = busy_s = idle_s = 0.0
    wall_s, again, entering = BOOT_S.value, 0, float(clips)
    for phase in phases:
        workers_a_node = placed(phase, kind)
        workers, count = workers_a_node * nodes, round(entering)
        # A card that many workers share gives each its turn: the slower of worker and card sets the pace.
        alone_s, card_s = phase.mean_s + phase.mean_gpu_s, phase.mean_gpu_s * workers / max(1, kind.gpus * nodes)
        slow = max(1.0, card_s / alone_s)
        paper_s += entering * alone_s * slow / workers
        shards = [slow * s for s in phase.draw_shards(rng, count, shard_size(phase.name, count, workers))]
        done = simulate(
            shards,
            nodes,
            workers_a_node,
            start_up_s=START_UP_S.value,
            losses=drawn_losses(rng, nodes, loss_h),
            replace_s=BOOT_S.value,
        )
        wall_s, again = wall_s + done.wall_s, again + done.again
        busy_s, idle_s = busy_s + done.busy_s, idle_s + done.idle_s
        cpu_s, gpu_s = cpu_s + entering * phase.mean_s, gpu_s + entering * phase.mean_gpu_s
        entering *= phase.shares[0]
    hours = wall_s / 3600.0
    return Estimate(
        paper_h=paper_s / 3600.0,
        simulated_h=hours,
        cpu_h=cpu_s / 3600.0,
        gpu_h=gpu_s / 3600.0,
        usd=hours * nodes * kind.usd_h,
        accepted=entering,
        again=again,
        idle_share=idle_s / (busy_s + idle_s),
    )


def placed(phase: PhaseCost, kind: NodeKind) -> int:
    """Workers of a node: one core each, those of models set aside; memory is taken to suffice."""
    cores = kind.cores - kind.gpus if phase.gpu_s else kind.cores
    return capacity(Resources(1.0, 0.0), [Node(kind.name, cores, kind.gpus, 0.0)])


def with_raft(pose: PhaseCost) -> PhaseCost:
    """RAFT for the masks alone: that `profile=gpu` asks it in the filter as well is left out. The CPU's seconds stay,
    though its own flow would be saved."""
    each = RAFT_S.value * RAFT_PAIRS.value * FPS.value * pose.clip_s
    return replace(pose, gpu_s=(each,) * len(pose.seconds))


def with_learned(filtering: PhaseCost, exhaustive: bool) -> PhaseCost:
    """A learned specialist behind all others: in the cascade it sees what passes them, else every clip. That it rejects
    some is left out."""
    others = LEARNED_S.value if exhaustive else 0.0
    return replace(filtering, gpu_s=(LEARNED_S.value, *(others for _ in filtering.seconds[1:])))
