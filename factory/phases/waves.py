"""Sources pass through all phases in waves, so that the first poses of a million videos come after minutes."""

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa

from factory.phases.phase import Phase
from factory.phases.run import Summary

# Runs one phase: of the first phase so many units at most, and none of these keys.
RunPhase = Callable[[Phase, int | None, pa.ChunkedArray | None], Summary]


def in_waves(phases: Sequence[Phase], wave: int, run: RunPhase) -> Iterator[list[Summary]]:
    """After each wave a summary a phase, of all waves so far. wave: sources that are not done yet.

    Phases after the first take whatever has come so far, so the manifests end up as they would without waves. A unit is
    worked on once a run: one that fails again, or whose source keeps changing, does not come back in the next wave.
    """
    total: dict[str, Summary] = {}
    first, *_ = phases
    while True:
        for phase in phases:
            before = total.get(phase.name)
            most, tried = (wave if phase is first else None), (None if before is None else before.tried)
            summary = run(phase, most, tried)
            total[phase.name] = summary if before is None else before.plus(summary)
        yield [total[phase.name] for phase in phases]
        if not total[first.name].left:
            return
