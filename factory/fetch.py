"""The stage before those that need its `path`: the clip's source as a local file."""

from dataclasses import dataclass, field
from typing import ClassVar

from factory.clip import ClipRecord
from factory.errors import SourceError
from factory.storage.cache import Held, SourceCache


@dataclass
class Fetch:
    """Gives `path`, a local file with the source's content that stays until the clip is done, and the `source_version`
    that was read.

    Raises SourceError when it is no file, GoneError when it does not exist, ChangedError when it is not the one that
    was ingested. With `newest` it is taken as it is now: at ingest. Two values of the record may help: `location`,
    where a source lies whose name does not say it all (a URL's query), and `problem`, why it cannot be taken.
    """

    needs: ClassVar[tuple[str, ...]] = ("source_version",)
    gives: ClassVar[tuple[str, ...]] = ("path", "source_version")

    cache: SourceCache = field(default_factory=SourceCache, compare=False)
    newest: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        self._held: Held | None = None

    def __call__(self, record: ClipRecord) -> ClipRecord:
        if (problem := record.values.get("problem")) is not None:
            raise SourceError(problem)
        version = None if self.newest else record["source_version"]
        self._held = self.cache.hold(record.clip.source, version, record.values.get("location"))
        return record.give(path=self._held.path, source_version=self._held.version)

    def release(self) -> None:
        if self._held is not None:
            self._held.release()
            self._held = None
