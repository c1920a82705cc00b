"""The first stage of every phase: the clip's source as a local file."""

from dataclasses import dataclass, field
from typing import ClassVar

from factory.clip import ClipRecord
from factory.storage.cache import Held, SourceCache


@dataclass
class Fetch:
    """Gives `path`, a local file with the source's content that stays until the clip is done, and the `source_version`
    that was read.

    Raises GoneError when the source is gone, ChangedError when it is not the one that was ingested. With `newest` it is
    taken as it is now: at ingest.
    """

    needs: ClassVar[tuple[str, ...]] = ("source_version",)
    gives: ClassVar[tuple[str, ...]] = ("path", "source_version")

    cache: SourceCache = field(default_factory=SourceCache, compare=False)
    newest: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        self._held: Held | None = None

    def __call__(self, record: ClipRecord) -> ClipRecord:
        self._held = self.cache.hold(record.clip.source, None if self.newest else record["source_version"])
        return record.give(path=self._held.path, source_version=self._held.version)

    def release(self) -> None:
        if self._held is not None:
            self._held.release()
            self._held = None
