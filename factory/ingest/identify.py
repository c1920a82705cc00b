"""What a source is, whatever it is called: the hash of its bytes."""

from dataclasses import dataclass
from typing import ClassVar

from factory.clip import ClipRecord
from factory.storage.digest import file_digest


@dataclass
class IdentifySource:
    """Gives `content_hash`: SHA-256 of the source's bytes, hexadecimal. Ids of clips come from it."""

    needs: ClassVar[tuple[str, ...]] = ("path",)
    gives: ClassVar[tuple[str, ...]] = ("content_hash",)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        return record.give(content_hash=file_digest(record["path"]))
