"""What `factory plan` shows."""

from collections.abc import Mapping, Sequence

from factory.console.tables import duration, print_table, say
from factory.engine.placement import Node
from factory.phases.estimate import Pace
from factory.phases.phase import Phase
from factory.phases.run import Plan

NAMES = ("", "inputs", "done", "to do", "shards", "workers", "CPUs", "GB", "GPUs", "time", "GPU time")
NODES_NAMED = 3


def print_plan(
    plans: Sequence[tuple[Phase, Plan]],
    nodes: Sequence[Node],
    workers: Mapping[str, int],
    paces: Mapping[str, Pace],
    verbose: bool,
) -> None:
    """What is left, per phase, and where it would run: so many workers of these CPUs, GB and GPUs each, and the time
    that takes by what past runs took. A phase's clips are known once the phase before it has run. verbose: with the
    stages of each phase."""
    rows = []
    for phase, plan in plans:
        todo, count, each = len(plan.todo), workers[phase.name], phase.resources
        figures = [len(plan.inputs), len(plan.inputs) - todo, todo, len(plan.shards), count]
        shares = [f"{each.cpus:g}", f"{each.memory_gb:g}", f"{each.gpus:g}" if each.gpus else ""]
        pace = paces.get(phase.name)
        times = [duration(todo * pace.unit_s / count), duration(todo * pace.gpu_s)] if pace else ["?", "?"]
        rows.append([phase.name, *map(str, figures), *shares, times[0], times[1] if each.gpus else ""])
    print_table(_nodes(nodes), NAMES, rows)
    if any(not len(plan.inputs) for _, plan in plans[1:]):
        say("Inputs of a phase are the clips that pass the one before: they grow as it works.")
    if any(len(plan.todo) and phase.name not in paces for phase, plan in plans):
        say("The time is known once a run of this output has ended: try a small one first.")
    for phase, _ in plans if verbose else ():
        say(f"{phase.name}: {', '.join(dict.fromkeys(name for name, _ in phase.stages))}")


def _nodes(nodes: Sequence[Node]) -> str:
    named = "; ".join(map(str, nodes[:NODES_NAMED]))
    if len(nodes) <= NODES_NAMED:
        return named
    cpus, gpus = sum(node.cpus for node in nodes), sum(node.gpus for node in nodes)
    return f"{named}; ... {len(nodes)} nodes in all: {cpus:g} CPUs, {gpus:g} GPUs"
