"""What a source is, whatever it is called: the hash of its bytes."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from factory.clip import ClipRecord


@dataclass
class IdentifySource:
    """Gives `content_hash`: SHA-256 of the source's bytes, hexadecimal. Ids of clips come from it."""

    needs: ClassVar[tuple[str, ...]] = ("path",)
    gives: ClassVar[tuple[str, ...]] = ("content_hash",)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        return record.give(content_hash=content_hash(record["path"]))


def content_hash(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
