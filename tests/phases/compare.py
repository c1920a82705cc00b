"""Manifests of two runs on the same videos in different places."""

from factory.manifest.read import read_phase
from factory.storage.output import Storage


def comparable(output: object, phase: str, root: str) -> list[dict]:
    """Rows in which the sources' folder is left out, and what depends on it: the id of a row that stands for a whole
    source, and the version of the source."""
    rows = read_phase(Storage.at(str(output)), phase).to_pylist()
    for row in rows:
        row.pop("source_version", None)
        for name in ("source", "duplicate_of", "error"):
            row[name] = row[name].replace(root, "") if row.get(name) else None
        row["reasons"] = [reason.replace(root, "") for reason in row["reasons"]]
        if row["source_start_s"] == row["source_end_s"]:
            row["clip_id"] = None
    return sorted(rows, key=lambda row: (row["source"], row["source_start_s"]))
