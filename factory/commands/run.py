"""`factory run`: sources in, manifests and artifacts out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from factory.commands.compose import given_of, nodes_of, places
from factory.commands.words import compose_and_call
from factory.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

    from factory.console.progress import Progress
    from factory.engine.work import Resources
    from factory.phases.phase import Phase
    from factory.phases.run import Engine
    from factory.storage.output import Storage


def call(overrides: Sequence[str], verbose: bool) -> int:
    return compose_and_call("run", partial(run_settings, verbose=verbose), overrides, verbose)


def run_settings(cfg: Settings, verbose: bool) -> int:
    """Runs what the settings say; returns 0. Raises FactoryError where the run itself cannot be done."""
    from factory.console.notes import print_prior_notes
    from factory.console.progress import progress
    from factory.console.summary import print_summary
    from factory.engine.ended import by_sigterm
    from factory.engine.in_flight import Flight
    from factory.manifest.funnel import funnels
    from factory.phases.build import build
    from factory.phases.record import new_run_id, record_run
    from factory.phases.run import Summary, run_phase
    from factory.phases.waves import in_waves, usual_wave

    sources, storage = places(cfg)
    phases = build(cfg, sources)
    given = given_of(cfg, phases, nodes_of(cfg, phases))
    workers = [(given[phase.name].workers, phase.resources) for phase in phases]
    engine = _engine(cfg.engine, workers, max(each.pool_cpus for each in given.values()))
    storage.check_writable()
    first = phases[0].name
    wave = cfg.wave or usual_wave(given[first].workers, cfg.phases[first].shard_size)
    run_id, summaries, flight = new_run_id(), list[Summary](), Flight()

    with by_sigterm(), progress(flight) as show, _alone(cfg, storage, run_id, show) as check:

        def tell(summary: Summary) -> None:
            check()
            show(summary)

        def run(
            phase: "Phase", most: int | None, tried: "pa.ChunkedArray | None", sources: "pa.Array | None"
        ) -> Summary:
            return run_phase(
                phase,
                storage,
                engine,
                workers=given[phase.name].workers,
                shard_size=cfg.phases[phase.name].shard_size,
                retry_failed=cfg.retry == "failed",
                progress=tell,
                flight=flight,
                replicas={name: pool.replicas for name, pool in given[phase.name].pools.items()},
                most=most,
                tried=tried,
                sources=sources,
            )

        for summaries in in_waves(phases, wave, run):
            record_run(storage, run_id, summaries, cfg.engine, cfg.text)
        holds = funnels(storage)
    print_prior_notes(storage)
    print_summary(summaries, holds, storage.root, verbose)
    return 0


@contextmanager
def _alone(cfg: Settings, storage: "Storage", run_id: str, show: "Progress") -> Iterator[Callable[[], None]]:
    """Holds the output's lease, unless the user forces a run beside another."""
    from factory.storage.lease import held

    if cfg.force:
        yield lambda: None
        return
    with held(storage, run_id, show.state, show.say) as check:
        yield check


def _engine(name: str, workers: "Sequence[tuple[int, Resources]]", pool_cpus: float) -> "Engine":
    if name == "inline":
        from factory.engine import inline

        return inline.run
    from factory.engine import ray
    from factory.engine.ray_cluster import Room

    return partial(ray.run, room=Room.of(workers, pool_cpus))
