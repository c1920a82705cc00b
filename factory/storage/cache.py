"""Sources of a bucket on this node's own disk, for all workers of the node together, within a budget of bytes.

A file in the cache is whole: it is downloaded under another name, compared with the size and ETag asked for, and
renamed. Locks are flock's, which end with the process that holds them, however it ends.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from factory.clip import stable_id
from factory.errors import ChangedError, ConfigError, StorageError
from factory.storage.places import Entry, is_s3, place_of

STRIPES = 64  # lock files; sources that share one wait for each other's download, which is harmless
PARTIAL = ".partial"
LOOK_AGAIN_S = 0.5


@dataclass(frozen=True)
class Held:
    """A source as a local file that stays until `release`. `version` is what it was when it was read."""

    path: Path
    version: str
    lock: IO[bytes] | None = None

    def release(self) -> None:
        if self.lock is not None:
            self.lock.close()


@dataclass(frozen=True)
class SourceCache:
    """folder: where the files lie; null: `factory-cache-<uid>` in the temporary folder. budget_gb: their bytes at most.
    wait_s: how long to wait while others' files fill the budget. patience_s: see `places.place_of`."""

    folder: str | None = None
    budget_gb: float = 50.0
    wait_s: float = 600.0
    patience_s: float = 120.0

    def __post_init__(self) -> None:
        if self.budget_gb <= 0:
            raise ConfigError(f"storage.cache_gb={self.budget_gb} holds nothing: give the GB a node may keep.")

    def hold(self, uri: str, version: str | None = None) -> Held:
        """The source's content as a local file. A local source is its own; one of a bucket is downloaded once a node.

        Raises GoneError, ChangedError when `version` is given and the source has another, StorageError when it cannot
        be read or there is no room for it.
        """
        entry = place_of(uri, self.patience_s).entry(uri)
        if version is not None and entry.version != version:
            raise ChangedError(f"source {uri} has changed since it was ingested: run again, and it is read anew.")
        if not is_s3(uri):
            if not os.access(uri, os.R_OK):
                raise StorageError(f"source {uri} may not be read: mend its permissions.")
            return Held(Path(uri), entry.version)
        return self._cached(entry)

    def _cached(self, entry: Entry) -> Held:
        name = stable_id(entry.uri, entry.version)
        path = self._root / f"{name}{Path(entry.uri).suffix}"
        with self._locked(f"lock-{int(name, 16) % STRIPES:02d}"):
            held = _pinned(path, entry.size) or self._fetch(entry, path)
            os.utime(path)
        return Held(path, entry.version, held)

    def _fetch(self, entry: Entry, path: Path) -> IO[bytes]:
        """The downloaded file, in place and locked."""
        from factory.storage.s3 import S3  # boto3 is heavy, and many runs never meet S3

        partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
        try:
            own = self._reserve(entry, partial)
            try:
                S3(self.patience_s).download(entry, own)
                partial.rename(path)
            except BaseException:
                own.close()
                raise
        except OSError as error:
            cause = (error.strerror or str(error)).lower()
            raise StorageError(f"{entry.uri} cannot be kept in {self._root} ({cause}): free space there.") from error
        finally:
            partial.unlink(missing_ok=True)
        return own

    def _reserve(self, entry: Entry, partial: Path) -> IO[bytes]:
        """A locked file of the right size: a full disk is met before the download, and others count these bytes."""
        budget = int(self.budget_gb * 1e9)
        if entry.size > budget:
            told = f"{entry.uri} has {entry.size / 1e9:.1f} GB, more than the whole cache: raise storage.cache_gb."
            raise StorageError(told)
        give_up = time.monotonic() + self.wait_s
        while True:
            with self._locked("lock-budget"):
                if self._evict(budget - entry.size):
                    own = partial.open("wb")
                    fcntl.flock(own, fcntl.LOCK_SH)  # who finds it unlocked finds what a killed worker left
                    if entry.size:
                        os.posix_fallocate(own.fileno(), 0, entry.size)
                    return own
            if time.monotonic() > give_up:
                told = f"sources in use fill the cache {self._root}, no room for {entry.uri}: raise storage.cache_gb."
                raise StorageError(told)
            time.sleep(LOOK_AGAIN_S)

    def _evict(self, room: int) -> bool:
        """Deletes what nobody uses, oldest first, until the rest has at most `room` bytes; whether that was reached."""
        files = []
        for path in self._root.iterdir():
            with suppress(FileNotFoundError):  # a partial file that has just become whole
                if not path.name.startswith("lock-"):
                    found = path.stat()
                    files.append((found.st_mtime, found.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            stale = path.name.endswith(PARTIAL)
            if (total > room or stale) and _removed(path):
                total -= size
        return total <= room

    @property
    def _root(self) -> Path:
        root = Path(self.folder or Path(tempfile.gettempdir()) / f"factory-cache-{os.getuid()}")
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return root

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        with (self._root / name).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _pinned(path: Path, size: int) -> IO[bytes] | None:
    """The file, open and safe from eviction; None when it is not there, or not whole."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    fcntl.flock(file, fcntl.LOCK_SH)
    if not path.exists() or path.stat().st_size != size:  # evicted between the two lines above, or cut by somebody
        file.close()
        return None
    return file


def _removed(path: Path) -> bool:
    """Deletes the file unless somebody uses it."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True
