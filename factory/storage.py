"""The one place that opens files and owns every path: sources in, manifests and artifacts out.

<output>/<phase>/part-<shard>.parquet      <output>/runs/<run_id>.parquet
<output>/artifacts/<clip_id[:2]>/<clip_id>/<name>
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from factory.errors import StorageError

VIDEO_SUFFIXES = (
    *(".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg"),
    *(".mpg", ".mts", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
)
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Storage:
    """An output folder. Cheap to copy between processes: it holds only the root."""

    root: Path

    @classmethod
    def at(cls, uri: str) -> "Storage":
        return cls(_local(uri))

    def check_writable(self) -> None:
        """Makes the folder and writes a probe; raises StorageError when that fails, before any work is done."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            probe = self.root / f".probe-{uuid4().hex}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise StorageError(
                f"cannot write to output {self.root} ({_cause(error)}): choose a folder you may write to."
            ) from error

    def check_readable(self) -> None:
        if not self.root.is_dir():
            raise StorageError(f"{self.root} is not the output of a run: no such folder.")

    def phases(self) -> list[str]:
        """Names of the phases that have committed anything, in alphabetical order."""
        return sorted({p.parent.name for p in self.root.glob("*/part-*.parquet")})

    def parts(self, phase: str) -> list[Path]:
        return sorted((self.root / phase).glob("part-*.parquet"))

    def part(self, phase: str, shard: str) -> Path:
        return self.root / phase / f"part-{_safe(shard)}.parquet"

    def run_files(self) -> list[Path]:
        return sorted((self.root / "runs").glob("*.parquet"))

    def run_file(self, run_id: str) -> Path:
        return self.root / "runs" / f"{_safe(run_id)}.parquet"

    def artifact(self, clip_id: str, name: str) -> Path:
        """Where an artifact of a clip lies. Ids and names that could leave the output are refused."""
        return self.root / "artifacts" / _safe(clip_id)[:2] / clip_id / _safe(name)

    def write(self, path: Path, content: bytes) -> None:
        write_atomic(path, content)


def write_atomic(path: Path, content: bytes) -> None:
    """Writes a whole file or nothing: a temporary name beside it, flushed to disk, then renamed."""
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):  # the error that matters is the one at hand
            temporary.unlink()
        raise StorageError(f"cannot write {path} ({_cause(error)}): free space or mend its permissions.") from error


def find_sources(source: str) -> list[str]:
    """URIs of the videos that `source` names: a file, a folder (searched), a glob, or a CSV/Parquet list of URIs.

    Sorted, without repeats. Raises StorageError when it names nothing.
    """
    path = _local(source)
    if path.is_dir():
        found = [str(p) for p in _walk(path) if p.suffix.lower() in VIDEO_SUFFIXES]
        hint = f"no video (by its name: {' '.join(VIDEO_SUFFIXES)}) lies in source folder {path}: give another."
    elif path.suffix.lower() in (".csv", ".parquet") and path.is_file():
        found = _listed(path)
        hint = f"the list {path} names no source: put one URI a row in its column 'source'."
    elif path.is_file():
        found, hint = [str(path)], ""
    elif any(mark in source for mark in "*?["):
        anchor = Path(path.anchor)
        found = [str(p) for p in anchor.glob(str(path.relative_to(anchor))) if p.is_file()]
        hint = f"the pattern {source} matches no file: mend it, and quote it so that the shell leaves it alone."
    else:
        raise StorageError(f"source {source} does not exist: give a video, a folder, a glob or a CSV/Parquet list.")
    if not found:
        raise StorageError(hint)
    return sorted(set(found))


def local_path(uri: str) -> Path:
    """A readable local file with the source's content. Raises StorageError when it is gone or closed to us."""
    path = _local(uri)
    if not path.is_file():
        raise StorageError(f"source {uri} is gone: put it back or run again without it.")
    if not os.access(path, os.R_OK):
        raise StorageError(f"source {uri} may not be read: mend its permissions.")
    return path


def content_hash(uri: str) -> str:
    """SHA-256 of the source's bytes, hexadecimal."""
    with local_path(uri).open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _walk(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise StorageError(f"folder {error.filename} cannot be read ({_cause(error)}): mend its permissions.")

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders.sort()
        yield from (Path(parent) / name for name in names)


def _listed(path: Path) -> list[str]:
    import pyarrow.csv
    import pyarrow.parquet

    try:
        table = pyarrow.csv.read_csv(path) if path.suffix.lower() == ".csv" else pyarrow.parquet.read_table(path)
    except (OSError, ValueError) as error:
        raise StorageError(f"the list {path} cannot be read ({error}): write it anew.") from error
    if "source" not in table.column_names:
        raise StorageError(f"the list {path} has no column 'source': name the column of URIs so.")
    base = path.parent
    return [str(_local(uri if uri.startswith("/") else str(base / uri))) for uri in table["source"].to_pylist() if uri]


def _local(uri: str) -> Path:
    if uri.startswith("file://"):
        uri = uri.removeprefix("file://")
    elif re.match(r"[a-z][a-z0-9+.-]*://", uri):
        raise StorageError(f"{uri} is not on this machine: only local paths are understood, copy it here first.")
    return Path(os.path.abspath(Path(uri).expanduser()))  # noqa: PTH100  (resolve() would follow links out of sight)


def _safe(name: str) -> str:
    if not _SAFE_NAME.fullmatch(name):
        raise StorageError(f"the name {name!r} may not be part of a path: use letters, digits, dot, dash, underscore.")
    return name


def _cause(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
