"""The folder of a cache: whole files only, at most so many bytes of them, shared by processes that may die at any time.

A file is made under another name and renamed once it is whole. Locks are flock's, which end with the process that holds
them, however it ends. No link is followed and no file emptied.
"""

import errno
import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import uuid4

from factory.errors import OutputError, StorageError
from factory.storage.local import NO_SPACE, cause

STRIPES = 64  # lock files; sources that share one wait for each other's download, which is harmless
PARTIAL = ".partial"
LOOK_AGAIN_S = 0.5
_SAFELY = os.O_NOFOLLOW | os.O_CLOEXEC
_OURS = re.compile(r"[0-9a-f]{20}(\.\w+)*", re.ASCII)  # other files in the folder are let alone


@dataclass(frozen=True)
class Shelf:
    """root: see `private.own_cache`. Names of files begin with 20 hexadecimal digits."""

    root: Path
    budget_bytes: int
    wait_s: float

    @contextmanager
    def put(self, path: Path, size: int, name: str) -> Iterator[IO[bytes]]:
        """A file to write into, of `size` bytes (-1: not known), which becomes `path` if all goes well; it stays open
        and locked then. Waits `wait_s` while others' files leave no room.

        Raises StorageError when it can never fit, or the budget stays used up; OSError when the disk is full.
        """
        partial = path.with_name(f"{path.name[:20]}.{uuid4().hex}{PARTIAL}")
        file = self._reserve(partial, max(size, 0), name)
        try:
            yield file
            partial.rename(path)
        except BaseException:
            file.close()
            partial.unlink(missing_ok=True)
            raise

    def locked_for(self, path: Path) -> AbstractContextManager[None]:
        """One process at a time at a file."""
        return self._locked(f"lock-{int(path.name[:20], 16) % STRIPES:02d}")

    def _reserve(self, partial: Path, size: int, name: str) -> IO[bytes]:
        """A locked file of the right size: a full disk is met before the download, and others count these bytes."""
        if size > self.budget_bytes:
            raise StorageError(f"{name} has {size / 1e9:.3g} GB, more than the whole cache: raise storage.cache_gb.")
        if size > shutil.disk_usage(self.root).total:
            told = f"{name} has {size / 1e9:.3g} GB, more than the disk of the cache {self.root}"
            raise StorageError(f"{told}: set storage.cache_dir.")
        give_up, room = time.monotonic() + self.wait_s, self.budget_bytes - size
        while True:
            with self._locked("lock-budget"):
                fits, others = self._evict(room)
                if fits:
                    try:
                        return _allotted(partial, size)
                    except OSError as error:
                        if error.errno not in NO_SPACE or not others:
                            raise
                    room = 0  # the disk is smaller than the budget: whatever nobody uses goes
            if time.monotonic() > give_up:
                told = f"sources in use fill the cache {self.root}, no room for {name}"
                raise StorageError(f"{told}: raise storage.cache_gb, or set storage.cache_dir to a larger disk.")
            time.sleep(LOOK_AGAIN_S)

    def _evict(self, room: int) -> tuple[bool, bool]:
        """Deletes what nobody uses, oldest first, until the rest has at most `room` bytes; whether that was reached,
        and whether any is left."""
        files = []
        for path in self.root.iterdir():
            with suppress(FileNotFoundError):  # a partial file that has just become whole
                if _OURS.fullmatch(path.name):
                    found = path.lstat()
                    files.append((found.st_mtime, found.st_size, path))
        total, left = sum(size for _, size, _ in files), len(files)
        for _, size, path in sorted(files):
            stale = path.name.endswith(PARTIAL)
            if (total > room or stale) and _removed(path):
                total -= size
                left -= 1
        return total <= room, left > 0

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        path = self.root / name
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | _SAFELY, 0o600)
        except OSError as error:
            raise OutputError(f"the lock {path} cannot be opened ({cause(error)}): set storage.cache_dir.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def pinned(path: Path, size: int) -> IO[bytes] | None:
    """The file, open and safe from eviction; None when it is not there, or has not `size` bytes (-1: not known)."""
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | _SAFELY), "rb")
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            return None
        raise
    fcntl.flock(file, fcntl.LOCK_SH)
    # Evicted between the two lines above, or cut by somebody.
    if not path.exists() or size not in (-1, path.stat().st_size):
        file.close()
        return None
    return file


def _allotted(partial: Path, size: int) -> IO[bytes]:
    file = partial.open("xb+")  # follows no link: it must not be there
    try:
        fcntl.flock(file, fcntl.LOCK_SH)  # who finds it unlocked finds what a killed worker left
        if size:
            os.posix_fallocate(file.fileno(), 0, size)
    except BaseException:
        file.close()
        partial.unlink()
        raise
    return file


def _removed(path: Path) -> bool:
    """Deletes the file unless somebody uses it."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | _SAFELY), "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True
