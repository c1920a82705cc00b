"""The layout of an output: where manifests and artifacts lie, on this machine or in a bucket.

<output>/<phase>/part-<shard>.parquet      <output>/runs/<run_id>.parquet      <output>/lease.json
<output>/artifacts/<clip_id[:2]>/<clip_id>/<phase>/<fingerprint>/<name>      each named by a row of its phase
"""

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from factory.errors import OutputError, StorageError
from factory.storage.names import real_path
from factory.storage.open import place_of
from factory.storage.places import Entry, Place, is_s3, is_safe, normal, safe

ARTIFACTS = "artifacts"
NOT_PHASES = (ARTIFACTS, "runs")


@dataclass(frozen=True)
class Storage:
    """An output. Cheap to copy between processes: it holds only where it lies and how long to wait for a store.

    root: an absolute path or s3://bucket/prefix, without a closing slash. What cannot be written raises OutputError.
    """

    root: str
    patience_s: float = 120.0

    @classmethod
    def at(cls, uri: str | Path, patience_s: float = 120.0) -> "Storage":
        root = normal(uri)
        if root.startswith("file://"):
            raise StorageError(f"the output's name {root} is not UTF-8, which Parquet's readers need: give another.")
        return cls(root, patience_s)

    @property
    def place(self) -> Place:
        return place_of(self.root, self.patience_s)

    def check_writable(self) -> None:
        """Writes a probe and deletes it; raises OutputError when that fails, before any work is done."""
        if not is_s3(self.root) and Path(real_path(self.root)).is_file():
            raise OutputError(f"output {self.root} is a file: give a folder.")
        probe = self.uri(f".probe-{uuid4().hex}")
        try:
            self.place.write(probe, b"")
            self.place.delete(probe)
        except StorageError as error:
            raise OutputError(f"cannot write to output {self.root}: {error}") from error

    def check_readable(self) -> None:
        if not self.place.folders(self.root):
            raise StorageError(f"{self.root} is not the output of a run: it is empty, or does not exist.")

    def uri(self, *names: str) -> str:
        return "/".join((self.root, *names))

    def phases(self) -> list[str]:
        """Names of the phases that have committed anything, in alphabetical order."""
        names = (name for name in sorted(self.place.folders(self.root)) if is_safe(name) and name not in NOT_PHASES)
        return [name for name in names if self.parts(name)]

    def committed_phases(self) -> list[str]:
        """The same; raises StorageError where there are none."""
        self.check_readable()
        if not (phases := self.phases()):
            raise StorageError(f"{self.root} holds no manifest: start with `factory run output={self.root} ...`.")
        return phases

    def parts(self, phase: str) -> list[Entry]:
        """Committed parts of a phase, by name."""
        folder = self.uri(safe(phase))
        found = (e for e in self.place.entries(folder) if _is_part(e.uri.removeprefix(f"{folder}/")))
        return sorted(found, key=lambda e: e.uri)

    def part(self, phase: str, shard: str) -> str:
        return self.uri(safe(phase), f"part-{safe(shard)}.parquet")

    def run_files(self) -> list[Entry]:
        return [e for e in self.place.entries(self.uri("runs")) if e.uri.endswith(".parquet")]

    def run_file(self, run_id: str) -> str:
        return self.uri("runs", f"{safe(run_id)}.parquet")

    def artifact(self, path: str) -> str:
        """Where an artifact lies that a row names. Paths that could leave the artifacts are refused."""
        folder, *names = path.split("/")
        if folder != ARTIFACTS or not names:
            raise StorageError(f"{path!r} is not the path of an artifact: it should begin with {ARTIFACTS}/.")
        return self.uri(folder, *map(safe, names))

    def read(self, uri: str) -> bytes:
        return self.place.read(uri)

    def write(self, uri: str, content: bytes) -> None:
        try:
            self.place.write(uri, content)
        except StorageError as error:
            raise OutputError(str(error)) from error


def artifact_folder(clip_id: str, phase: str, fingerprint: str) -> str:
    """Where a phase keeps its artifacts of a clip, relative to the output: rows name them so, and an output can be
    moved. Answers to other settings lie in other folders: none is overwritten before the row that names it is."""
    return "/".join((ARTIFACTS, clip_id[:2], clip_id, phase, fingerprint))


def _is_part(name: str) -> bool:
    return "/" not in name and name.startswith("part-") and name.endswith(".parquet")
