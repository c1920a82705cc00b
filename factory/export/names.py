"""Names of exported files: the source's stem, numbered where it is needed to tell clips apart."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from factory.clip import stable_id

LONGEST_BYTES = 255  # of a file's name on ext4, XFS, APFS and NTFS


def clip_names(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A name for each clip: `<source stem>`, or `<source stem>-<NN>` where a source has several clips.

    `rows` hold clip_id, source and source_start_s. Sources of one stem in different folders are told apart by the
    shortest run of parent folders that does; where names still meet (`a-00.mp4` beside two clips of `a.mp4`) a hash
    of the clip follows. Two clips never share a name, and no name leads out of a folder.
    """
    stems = _distinct_stems(sorted({row["source"] for row in rows}))
    per_source = Counter(row["source"] for row in rows)
    numbers: Counter[str] = Counter()
    names = {}
    for row in sorted(rows, key=lambda r: (r["source"], r["source_start_s"], r["clip_id"])):
        source = row["source"]
        names[row["clip_id"]] = stems[source] if per_source[source] == 1 else f"{stems[source]}-{numbers[source]:02d}"
        numbers[source] += 1
    taken = Counter(names.values())
    return {clip: name if taken[name] == 1 else f"{name}~{stable_id(clip)[:8]}" for clip, name in names.items()}


def file_name(name: str, suffix: str) -> str:
    """The name with its suffix, cut where it would be longer than file systems take; cut names stay distinct."""
    if len((name + suffix).encode()) <= LONGEST_BYTES:
        return name + suffix
    suffix = f"-{stable_id(name)[:8]}{suffix}"
    return name.encode()[: LONGEST_BYTES - len(suffix.encode())].decode(errors="ignore") + suffix


def _distinct_stems(sources: Sequence[str]) -> dict[str, str]:
    depth = dict.fromkeys(sources, 0)
    while True:
        names = {source: _name(source, depth[source]) for source in sources}
        shared = {name for name, count in Counter(names.values()).items() if count > 1}
        clashing = [s for s in sources if names[s] in shared and depth[s] < len(Path(s).parts)]
        if not clashing:
            return names
        for source in clashing:
            depth[source] += 1


def _name(source: str, parents: int) -> str:
    """The stem led by so many of its parents; by the whole file name at last (a.mp4 beside a.mov)."""
    path = Path(source)
    folders = [part for part in path.parts[:-1] if part != path.anchor]
    if parents > len(folders):
        return _harmless("_".join([*folders, path.name]))
    return _harmless("_".join([*folders[len(folders) - parents :], path.stem]))


def _harmless(name: str) -> str:
    """The last part of a URL may be `..`, and hold what no file's name may."""
    name = re.sub(r"[/\\\x00-\x1f\x7f]", "_", name)
    return f"_{name}" if name.strip(".") == "" else name
