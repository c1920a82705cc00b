"""What a phase is declared to be: the settings of `conf/phase/<name>.yaml`, and in Python its columns and rows."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from factory.construct import Count, Positive
from factory.engine.work import Resources, Row
from factory.stage import Chain, Outcome, Stage


@dataclass(frozen=True, kw_only=True)
class PhaseSettings(ABC):
    """timeout_s: for one clip (at ingest, one source). shard_size: clips a Parquet part. resources: of one worker."""

    timeout_s: Positive
    shard_size: Count
    resources: Resources

    def __post_init__(self) -> None:
        each = self.resources
        if not each.cpus and not each.memory_gb:
            raise ValueError("the resources of a worker may not all be 0")

    @abstractmethod
    def chain(self) -> Chain:
        """Its stages in order, behind what fetches the source."""

    @abstractmethod
    def columns(self) -> tuple[pa.Field, ...]:
        """Of its manifest, behind those that every manifest has; see `manifest.schema`."""

    @abstractmethod
    def rows(self, outcome: Outcome) -> list[Row]:
        """What the manifest says of one outcome, `common_row` and the columns above: whatever the chain reached."""


@dataclass(frozen=True)
class Take:
    """What is taken of an earlier phase: columns of its row of the clip, under their own names, as Python values; and
    files the row names (tracks.npz), as what `phases.take` reads them as. optional: files that a row may not name; then
    what they would give is None."""

    columns: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.artifacts, *self.optional)


@dataclass(frozen=True, kw_only=True)
class ClipPhase(PhaseSettings):
    """A phase on clips. stages: in order, each under its key. upstream: the phase whose `ok` clips enter, None for the
    one before it in the pipeline. take: by earlier phase, what its stages find in the record; clips that are not `ok`
    there do not enter."""

    stages: Mapping[str, Stage]
    upstream: str | None = None
    take: Mapping[str, Take] = field(default_factory=dict)

    def chain(self) -> Chain:
        return tuple(self.stages.items())
