"""What workers are at: the oldest item in flight is the first suspect when a run stands still."""

from collections.abc import Callable
from dataclasses import dataclass, replace


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
        return f"{self.source} ({self.key}) in {self.stage or 'start-up'} for {self.seconds:.0f} s on {self.host}"


class Flight:
    """Where an engine leaves word of how to ask for the oldest item."""

    def __init__(self) -> None:
        self.ask: Callable[[], InFlight | None] = lambda: None
