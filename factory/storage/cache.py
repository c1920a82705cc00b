"""Sources of a bucket or a web server as local files, for all workers of a node together."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from factory.clip import stable_id
from factory.errors import ChangedError, ConfigError, OutputError, StorageError
from factory.storage.local import cause
from factory.storage.names import is_http, path_of, real_path
from factory.storage.open import place_of
from factory.storage.places import Entry, is_s3
from factory.storage.private import own_cache
from factory.storage.shelf import Shelf, pinned

_SUFFIX = re.compile(r"\.\w{1,8}", re.ASCII)


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
    """folder: where the files lie; null, or open to other users: see `private.own_cache`. budget_gb: their bytes at
    most. wait_s: how long to wait while others' files fill the budget or the disk. patience_s: see `open.place_of`.
    """

    folder: str | None = None
    budget_gb: float = 50.0
    wait_s: float = 600.0
    patience_s: float = 120.0

    def __post_init__(self) -> None:
        if self.budget_gb <= 0:
            raise ConfigError(f"storage.cache_gb={self.budget_gb} holds nothing: give the GB a node may keep.")

    def hold(self, uri: str, version: str | None = None, location: str | None = None) -> Held:
        """The source's content as a local file. A local source is its own; another is downloaded once a node.

        location: where the source named `uri` lies, where that is told apart (a URL with its query). Raises GoneError,
        ChangedError when `version` is given and the source has another, SourceError when it is no file, StorageError
        when it cannot be read or the budget has no room for it, and OutputError when this machine's disk has none.
        """
        if is_http(uri) and version is not None and (kept := self._kept(uri, version)) is not None:
            return kept  # even if the signature of its URL has expired by now
        entry = self._entry(uri, location)
        if version is not None and entry.version != version:
            raise ChangedError(f"source {uri} has changed since it was ingested: run again to ingest what it is now.")
        if is_s3(uri) or is_http(uri):
            return self._cached(entry, uri)
        path = Path(real_path(uri))
        if not os.access(path, os.R_OK):
            raise StorageError(f"source {uri} cannot be read: allow reading it.")
        return Held(path, entry.version)

    def _entry(self, uri: str, location: str | None) -> Entry:
        if is_http(uri):
            from factory.storage.http import Http

            return Http().entry(location or uri)
        return place_of(uri, self.patience_s).entry(uri)

    def _kept(self, uri: str, version: str) -> Held | None:
        """What is in the cache already, without a look at the server."""
        shelf, size = self._shelf(), re.match(r"\d+", version)
        path = shelf.root / _name(uri, version)
        with shelf.locked_for(path):
            held = pinned(path, int(size[0]) if size else -1)
        return None if held is None else Held(path, version, held)

    def _cached(self, entry: Entry, uri: str) -> Held:
        shelf = self._shelf()
        path = shelf.root / _name(uri, entry.version)
        try:
            with shelf.locked_for(path):
                held = pinned(path, entry.size)
                if held is None:
                    with shelf.put(path, entry.size, uri) as held:
                        self._download(entry, held)
                os.utime(path)
        except OSError as error:
            told = f"{uri} cannot be kept in the cache {shelf.root} ({cause(error)})"
            told += ": free space there or set storage.cache_dir, then run the same command again."
            raise OutputError(told) from error
        return Held(path, entry.version, held)

    def _download(self, entry: Entry, file: IO[bytes]) -> None:
        """OSError when the disk is full."""
        if is_s3(entry.uri):
            from factory.storage.s3 import S3  # boto3 is heavy, and many runs never meet S3

            S3(self.patience_s).download(entry, file)
        else:
            from factory.storage.http import Http

            Http().download(entry, file, int(self.budget_gb * 1e9))

    def _shelf(self) -> Shelf:
        return Shelf(own_cache(self.folder), int(self.budget_gb * 1e9), self.wait_s)


def _name(uri: str, version: str) -> str:
    suffix = Path(path_of(uri)).suffix
    return stable_id(uri, version) + (suffix if _SUFFIX.fullmatch(suffix) else "")
