"""`factory plan`: what is left, where it would run and how long that would take. No work is done."""

from collections.abc import Sequence
from functools import partial

from factory.commands.compose import given_of, nodes_of, places
from factory.commands.words import compose_and_call
from factory.settings import Settings


def call(overrides: Sequence[str], verbose: bool) -> int:
    return compose_and_call("plan", partial(_plan, verbose=verbose), overrides, verbose)


def _plan(cfg: Settings, verbose: bool) -> int:
    from factory.console.plan import print_plan
    from factory.phases.build import build
    from factory.phases.estimate import paces
    from factory.phases.run import plan_phase

    sources, storage = places(cfg)
    phases = build(cfg, sources)
    nodes = nodes_of(cfg, phases)
    given = given_of(cfg, phases, nodes)
    retry = cfg.retry == "failed"
    plans = [
        (phase, plan_phase(phase, storage, given[phase.name].workers, cfg.phases[phase.name].shard_size, retry))
        for phase in phases
    ]
    print_plan(plans, nodes, given, paces(storage), verbose)
    return 0
