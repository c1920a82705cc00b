"""Word that the parts of a phase hold each unit once, so that queries need not look: beside them, in `_tidy`.

It names the parts it speaks of by a hash of their names and sizes: whatever is added, merged or replaced later makes it
void.
"""

from collections.abc import Iterable, Mapping

from factory.clip import stable_id
from factory.errors import GoneError
from factory.storage.output import Storage
from factory.storage.places import Entry

NAME = "_tidy"  # readers of Parquet folders leave names with an underscore out


def mark(storage: Storage, phase: str, parts: Mapping[str, int]) -> None:
    """Says so of parts: URI to bytes."""
    storage.write(storage.uri(phase, NAME), _hash(parts.items()))


def is_tidy(storage: Storage, phase: str, parts: Iterable[Entry]) -> bool:
    try:
        return storage.read(storage.uri(phase, NAME)) == _hash((part.uri, part.size) for part in parts)
    except GoneError:
        return False


def _hash(parts: Iterable[tuple[str, int]]) -> bytes:
    return stable_id(*sorted(f"{uri.rpartition('/')[2]} {size}" for uri, size in parts)).encode()
