"""Merging the many small parts of a finished run into few large ones."""

import pyarrow as pa

from factory.clip import stable_id
from factory.manifest.read import read_all
from factory.manifest.tidy import mark
from factory.manifest.write import parquet_of
from factory.storage.output import Storage
from factory.storage.places import Entry

PART_BYTES = 128 * 2**20  # of a merged part, about; Parquet readers split work by files and row groups of such a size


def compact(storage: Storage, phase: str) -> int:
    """Merges the parts of a swept phase, in the order of their names, until each has about PART_BYTES; returns how many
    there are then.

    Safe to interrupt, and to read meanwhile: a merged part is written whole before those it replaces are deleted, and
    readers take one set of rows a unit. Equal parts give equal merged ones.
    """
    groups = _groups(storage.parts(phase))
    left: dict[str, int] = {}
    for group in groups:
        if len(group) == 1:
            left[group[0].uri] = group[0].size
            continue
        merged = pa.concat_tables(read_all(storage, group), promote_options="default")
        uri = storage.part(phase, stable_id(*(part.uri.rpartition("/")[2] for part in group)))
        content = parquet_of(merged.sort_by("clip_id"))
        storage.write(uri, content)
        left[uri] = len(content)
        for part in group:
            storage.place.delete(part.uri)
    mark(storage, phase, left)
    return len(groups)


def _groups(parts: list[Entry]) -> list[list[Entry]]:
    """Neighbours by name, of about PART_BYTES together; one that is large already stays alone."""
    groups: list[list[Entry]] = []
    size = PART_BYTES
    for part in parts:
        if size + part.size > PART_BYTES:
            groups.append([])
            size = 0
        groups[-1].append(part)
        size += part.size
    return groups
