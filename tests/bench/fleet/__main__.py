"""Hours and dollars of 3.2 million clips on fleets of GPUs and of plain cores, from what clips cost in measured runs.

    python -m tests.bench.fleet RUN_OUTPUT [RUN_OUTPUT ...] [--rates RUN_OUTPUT] [--loss-h HOURS] [--seed N]

RUN_OUTPUT: of `factory run`, one in the cascade's order (filter.exhaustive=false), one with every specialist on every
clip (filter.exhaustive=true, which needs no pose phase). Seconds of stages and the share of clips that reach them come
from their manifests. --rates: of a run on other clips, longer or larger ones: seconds per second of video come from
there, for the tables that take lengths from papers. All else is named in assumed.py, with its source, and printed.

Tables: `measured`, clips of the length and the acceptance of the runs; `paper`, both as DynPose-100K has them: clips
that a phase rejects still leave it at the same stages in the same proportions, and seconds grow with the length of the
video. On paper: stage seconds over capacity. Simulated: phases one after the other, workers as `placement` puts them,
shards pulled as the engine hands them out, nodes that boot, workers that start, nodes that are lost, the wait at the
end of each phase.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tests.bench.fleet.assumed import (
    ALL,
    CANDIDATE_S,
    CANDIDATES,
    CPU_NODE,
    FILTER_PASSES,
    GPU_NODE,
    LOSS_H,
    POSE_PASSES,
    POSED_S,
    NodeKind,
)
from tests.bench.fleet.costs import Measured, PhaseCost, measured
from tests.bench.fleet.estimate import Estimate, estimate, with_learned, with_raft

Phases = Mapping[str, PhaseCost]
NODES = (1, 8, 64)  # 8, 64 and 512 GPUs; 64, 512 and 4096 cores


@dataclass(frozen=True)
class Work:
    """What is done, on which nodes."""

    name: str
    kind: NodeKind
    raft: bool
    learned: bool


WORKS = (
    Work("classical", CPU_NODE, raft=False, learned=False),
    Work("RAFT", GPU_NODE, raft=True, learned=False),
    Work("RAFT, learned", GPU_NODE, raft=True, learned=True),
)
COLUMNS = "h on paper", "h simulated", "CPU h", "GPU h", "USD", "USD/accepted", "idle", "again"
HEAD = f"{'nodes':<21}{'work':<15}{'order':<8}" + "".join(f"{name:>13}" for name in COLUMNS)


def as_in_paper(phases: Phases, rates: Phases | None) -> dict[str, PhaseCost]:
    """Acceptance and lengths of DynPose-100K; seconds per second of video from `rates` where given."""
    lengths = {"ingest": CANDIDATE_S.value, "filter": CANDIDATE_S.value, "pose": POSED_S.value}
    passes = {"filter": FILTER_PASSES.value, "pose": POSE_PASSES.value}
    made = {}
    for name, phase in phases.items():
        rate = (rates or phases)[name]
        wanted_s = rate.seconds[0] / rate.clip_s * lengths[name]
        longer = replace(phase.times(wanted_s / phase.seconds[0]), clip_s=lengths[name])
        made[name] = longer.accepting(passes[name]) if name in passes else longer
    return made


def phases_of(work: Work, phases: Phases, exhaustive: bool) -> list[PhaseCost]:
    filtering = with_learned(phases["filter"], exhaustive) if work.learned else phases["filter"]
    return [phases["ingest"], filtering, with_raft(phases["pose"]) if work.raft else phases["pose"]]


def line(work: Work, nodes: int, order: str, e: Estimate) -> str:
    fleet = f"{nodes * work.kind.gpus} GPUs, " * (work.kind.gpus > 0) + f"{nodes * work.kind.cores} cores"
    cells = f"{e.paper_h:13.2f}{e.simulated_h:13.2f}{e.cpu_h:13.0f}{e.gpu_h:13.0f}{e.usd:13.0f}{e.usd_a_clip:13.5f}"
    return f"{fleet:<21}{work.name:<15}{order:<8}{cells}{e.idle_share:13.1%}{e.again:13d}"


def tables(runs: Sequence[Measured], rates: Phases | None, loss_h: float, seed: int) -> None:
    # The same in both orders: a difference would be the noise of two runs.
    same = {"ingest": runs[0].phases["ingest"], "pose": next(r.phases["pose"] for r in runs if "pose" in r.phases)}
    cases = {"measured": lambda p: p, "paper": lambda p: as_in_paper(p, None)}
    if rates:
        cases["paper, rates of the other run"] = lambda p: as_in_paper(p, rates)
    for name, case in cases.items():
        each = {run.exhaustive: case({**run.phases, **same}) for run in runs}
        for exhaustive, phases in each.items():
            told = ", ".join(
                f"{p.name} {p.mean_s:.2f} s ({p.clip_s:.1f} s of video, {p.shares[0]:.1%} pass)"
                for p in (phases["ingest"], phases["filter"], phases["pose"])
            )
            print(f"\n{name}, {order_of(exhaustive)}: CPU seconds of a clip that enters: {told}", end="")
        print(f"\n{HEAD}")
        for work in WORKS:
            for nodes in NODES:
                for exhaustive, phases in each.items():
                    done = estimate(
                        phases_of(work, phases, exhaustive), int(CANDIDATES.value), work.kind, nodes, loss_h, seed
                    )
                    print(line(work, nodes, order_of(exhaustive), done), flush=True)


def order_of(exhaustive: bool) -> str:
    return "all" if exhaustive else "cascade"


def provenance(runs: Sequence[Measured], loss_h: float) -> None:
    for run in runs:
        print(f"\nmeasured in {run.output}, filter: {order_of(run.exhaustive)}; CPU s each time, times a clip")
        for step in run.steps:
            print(f"  {step.phase:<7} {step.stage:<16}{step.seconds:8.3f}{step.times:8.2f}")
    print("\nassumed, not measured here")
    for figure in ALL:
        print(f"  {figure.value:<12.6g}{figure.what} [{figure.source}]")
    for kind in (CPU_NODE, GPU_NODE):
        print(f"  {kind.usd_h:<12.6g}USD an hour, {kind.name}, {kind.cores} cores, {kind.gpus} GPUs [{kind.source}]")
    if loss_h != LOSS_H.value:
        print(f"  {loss_h:<12.6g}hours of a node between losses, as given, instead")
    print(
        "\ncolumns: CPU h from measured seconds (`paper`: by papers' lengths and shares); RAFT and learned GPU h from\n"
        "assumed seconds; hours from both, placement as in the code, boot and losses assumed; USD: of all nodes for\n"
        "the simulated hours; idle: of workers that are up, without a shard; again: shards begun anew after a loss.\n"
        "Network and storage are left out: sources are fetched as in the runs (a local disk)."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("outputs", nargs="+", metavar="RUN_OUTPUT")
    parser.add_argument("--rates", metavar="RUN_OUTPUT")
    parser.add_argument("--loss-h", type=float, default=LOSS_H.value, help="hours of a node between losses")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    runs = [measured(output) for output in options.outputs]
    other = [measured(options.rates)] if options.rates else []
    if not any("pose" in run.phases for run in runs):
        parser.error("no RUN_OUTPUT has a pose phase: what a pose costs was not measured")
    if len({run.exhaustive for run in runs}) < len(runs):
        parser.error("two RUN_OUTPUTs have the same order: give one of each filter.exhaustive")
    if any(set(run.phases) < {"ingest", "filter", "pose"} for run in other):
        parser.error("the output of --rates must have all three phases")
    provenance([*runs, *other], options.loss_h)
    tables(runs, other[0].phases if other else None, options.loss_h, options.seed)


if __name__ == "__main__":
    main()
