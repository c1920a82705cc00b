"""What `factory plan` shows."""

from collections.abc import Mapping, Sequence

from factory.console.tables import duration, print_table, say
from factory.engine.models import networks_of
from factory.engine.placement import Given, Node
from factory.phases.estimate import Pace
from factory.phases.phase import Phase
from factory.phases.run import Plan

NAMES = ("", "inputs", "done", "to do", "shards", "workers", "CPUs", "GB", "time")
POOLS = ("", "phase", "replicas", "GPUs", "CPUs", "card GB", "time")
NODES_NAMED = 3


def print_plan(
    plans: Sequence[tuple[Phase, Plan]],
    nodes: Sequence[Node],
    given: Mapping[str, Given],
    paces: Mapping[str, Pace],
    verbose: bool,
) -> None:
    """What is left, per phase, and where it would run: so many workers of these CPUs and GB each, models beside them,
    and the time that takes both by what past runs took. A phase's clips are known once the phase before it has run.
    verbose: with the stages of each phase."""
    rows, pools, waits = [], [], []
    for phase, plan in plans:
        todo, count, each = len(plan.todo), given[phase.name].workers, phase.resources
        figures = [len(plan.inputs), len(plan.inputs) - todo, todo, len(plan.shards), count]
        pace = paces.get(phase.name)
        workers_s = todo * pace.unit_s / count if pace else None
        shares = [f"{each.cpus:g}", f"{each.memory_gb:g}", _time(workers_s)]
        rows.append([phase.name, *map(str, figures), *shares])
        networks = networks_of(phase.stages)
        for (name, pool), network in zip(given[phase.name].pools.items(), networks, strict=True):
            known = pace is not None and name in pace.model_s
            model_s = todo * pace.model_s[name] / pool.replicas if pace and known else None
            card = f"{network.memory_gb:g}" if network.on_card else ""
            pools.append(
                [name, phase.name, str(pool.replicas), f"{pool.gpus:g}", f"{pool.cpus:g}", card, _time(model_s)]
            )
            if workers_s and model_s:
                slow, idle = ("workers", name) if workers_s > model_s else (name, "workers")
                share = min(workers_s, model_s) / max(workers_s, model_s)
                waits.append(f"{phase.name}: {slow} decide how long it takes; {idle} would be busy {share:.0%} of it.")
    print_table(_nodes(nodes), NAMES, rows)
    if pools:
        print_table("models", POOLS, pools)
    for sentence in waits:
        say(sentence)
    if any(not len(plan.inputs) for _, plan in plans[1:]):
        say("Inputs of a phase are the clips that pass the one before: they grow as it works.")
    if any(len(plan.todo) and phase.name not in paces for phase, plan in plans):
        say("The time is known once a run of this output has ended: try a small one first.")
    for phase, _ in plans if verbose else ():
        say(f"{phase.name}: {', '.join(dict.fromkeys(name for name, _ in phase.stages))}")


def _time(seconds: float | None) -> str:
    return "?" if seconds is None else duration(seconds)


def _nodes(nodes: Sequence[Node]) -> str:
    named = "; ".join(map(str, nodes[:NODES_NAMED]))
    if len(nodes) <= NODES_NAMED:
        return named
    cpus, gpus = sum(node.cpus for node in nodes), sum(node.gpus for node in nodes)
    return f"{named}; ... {len(nodes)} nodes in all: {cpus:g} CPUs, {gpus:g} GPUs"
