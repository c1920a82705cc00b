"""What workers are at: what they have done of shards not yet committed, and the oldest item in flight, which is the
first suspect when a run stands still."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from factory.engine.work import UnitReport, tally


@dataclass(frozen=True)
class InFlight:
    """A unit a worker has begun and not ended. seconds: since it began, by that worker's clock."""

    key: str
    source: str
    stage: str
    seconds: float
    host: str

    def later(self, seconds: float) -> "InFlight":
        return replace(self, seconds=self.seconds + seconds)

    def __str__(self) -> str:
        name = self.source if self.key == self.source else f"{self.source} ({self.key})"
        return f"{name}, begun {self.seconds:.0f} s ago, in {self.stage or 'start-up'} on {self.host}"


@dataclass(frozen=True)
class Done:
    """What is done of a shard, or of many: units, their weight (see `phases.run.weights`), and rows by status."""

    units: int = 0
    weight: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)

    def plus(self, other: "Done") -> "Done":
        counts = dict(Counter(self.counts) + Counter(other.counts))
        return Done(self.units + other.units, self.weight + other.weight, counts)


def done_of(reports: Sequence[UnitReport]) -> Done:
    return Done(len(reports), sum(report.weight for report in reports), tally(reports))


@dataclass(frozen=True)
class Said:
    """What all workers said last. workers: how many are up. done: by shard, of those whose results may be on the way.
    oldest: None where nothing is in flight."""

    workers: int = 0
    done: Mapping[str, Done] = field(default_factory=dict)
    oldest: InFlight | None = None


class Flight:
    """Where an engine leaves word of how its workers are asked, and which shards' results it has handed over.

    ask: what they said; None when nobody answers. why: a sentence on what workers wait for when none is up.
    """

    def __init__(self) -> None:
        self.handed_over: set[str] = set()
        self.reset()

    def reset(self) -> None:
        """The engine has ended: nobody is left to ask. What it handed over stays known, as an answer may be on its way
        that still counts it; no phase has another's shards (they are named by fingerprint)."""
        self.ask: Callable[[], Said | None] = Said
        self.why: Callable[[], str] = str

    def open(self, said: Said) -> Done:
        """What is done beyond the results handed over."""
        total = Done()
        for shard, done in said.done.items():
            if shard not in self.handed_over:
                total = total.plus(done)
        return total
