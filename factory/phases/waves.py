"""Sources pass through all phases in waves, so that the first poses of a million videos come after minutes."""

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa

from factory.engine.work import PER_WORKER
from factory.phases.phase import Phase
from factory.phases.run import Summary

# Runs one phase: of the first phase so many units at most, none of these keys, and later no clip of these sources.
RunPhase = Callable[[Phase, int | None, pa.ChunkedArray | None, pa.Array | None], Summary]


LEAST_WAVE = 5000  # sources; a guess


def usual_wave(workers: int, shard_size: int) -> int:
    """Sources of a wave where nobody says: so many that the first phase's shards are whole, as small waves of many
    workers would leave a part for every few sources."""
    return max(LEAST_WAVE, PER_WORKER * shard_size * workers)


def in_waves(phases: Sequence[Phase], wave: int, run: RunPhase) -> Iterator[list[Summary]]:
    """After each wave a summary a phase, of all waves so far. wave: sources that are not done yet.

    Phases after the first take what has come so far, but for clips of sources whose turn is yet to come: the manifests
    end up as they would without waves. A unit is worked on once a run: one that fails again, or whose source keeps
    changing, does not come back in the next wave.
    """
    total: dict[str, Summary] = {}
    first, *_ = phases
    while True:
        for phase in phases:
            before = total.get(phase.name)
            tried = None if before is None else before.tried
            if phase is first:
                summary = run(phase, wave, tried, None)
            else:
                summary = run(phase, None, tried, total[first.name].waiting)
            total[phase.name] = summary if before is None else before.plus(summary)
        yield [total[phase.name] for phase in phases]
        if not total[first.name].left:
            return
