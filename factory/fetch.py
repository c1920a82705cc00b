"""The first stage of every phase: the clip's source as a local file."""

from dataclasses import dataclass
from typing import ClassVar

from factory.clip import ClipRecord
from factory.storage import local_path


@dataclass
class Fetch:
    """Gives `path`, a local file with the source's content. Raises StorageError when the source is gone."""

    needs: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ("path",)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        return record.give(path=local_path(record.clip.source))
