"""Sources on web servers, by HTTP and HTTPS. Messages name them without user, password and query: these may be keys."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Any, TypeVar
from urllib.parse import quote

import aiohttp
from fsspec.callbacks import Callback
from fsspec.implementations.http import HTTPFileSystem

from factory.errors import ChangedError, GoneError, StorageError
from factory.storage.names import without_secrets
from factory.storage.places import Entry

TRIES = 3  # of a server that fails or does not answer; a guess: a list has many servers, each may be down for good
CONNECT_S, READ_S = 30.0, 60.0  # without an answer, or without a byte; a guess: a slow disk behind a busy server
IDENTITY = {"Accept-Encoding": "identity"}  # sizes are compared
GONE = (404, 410)
REFUSED = (401, 402, 403, 407, 451)
FOR_NOW = (408, 425, 429, 500, 502, 503, 504)

T = TypeVar("T")


@dataclass(frozen=True)
class Http:
    """What the cache asks of a place, and reading a list. URIs are whole URLs, with whatever key is in them."""

    def entry(self, uri: str) -> Entry:
        """Size and ETag, or the time of change where the server gives no ETag. By HEAD, or by a GET that is broken off
        where HEAD is refused, as it is under a signature for GET."""
        found = self._do(uri, lambda files: files.info(_quoted(uri)))
        # Of an answer without a body some servers say that it has 0 bytes.
        return Entry(uri, int(found["size"] or -1), found.get("ETag") or found.get("Last-Modified") or "")

    def read(self, uri: str) -> bytes:
        return self._do(uri, lambda files: files.cat_file(_quoted(uri), headers=IDENTITY))

    def download(self, entry: Entry, file: IO[bytes], most_bytes: int) -> None:
        """The content into a local file. Raises ChangedError when the server has another version by now, StorageError
        when it is cut off or has more than `most_bytes`. OSError when the disk is full."""
        strong = entry.tag.startswith('"')
        headers = {**IDENTITY, "If-Match": entry.tag} if strong else IDENTITY
        limit = most_bytes if entry.size < 0 else entry.size

        def get(files: HTTPFileSystem) -> None:
            file.seek(0)
            file.truncate()  # what an attempt before left
            files.get_file(_quoted(entry.uri), file, callback=_Limit(entry, limit), headers=headers)
            file.flush()
            if entry.size >= 0 and file.tell() != entry.size:
                told = f"{without_secrets(entry.uri)} came with {file.tell()} of {entry.size} bytes"
                raise StorageError(f"{told}: do it again later with retry=failed.")

        self._do(entry.uri, get)

    def _do(self, uri: str, call: Callable[[HTTPFileSystem], T]) -> T:
        name = without_secrets(uri)
        for attempt in range(TRIES):
            try:
                return call(_files())
            except StorageError:
                raise
            except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as error:
                told, again = _fault(name, _first(error))
                if told is None:
                    raise  # this machine's disk, not the server
            if not again or attempt == TRIES - 1:
                raise told from None  # the cause holds the whole URL
            time.sleep(2.0**attempt)
        raise AssertionError  # the last attempt returns or raises


class _Limit(Callback):
    """Stops a download that does not end."""

    def __init__(self, entry: Entry, most_bytes: int) -> None:
        super().__init__()
        self._entry, self._most_bytes = entry, most_bytes

    def relative_update(self, inc: int = 1) -> None:
        self.value += inc
        if self.value > self._most_bytes:
            whose = "its server announced" if self._entry.size >= 0 else "storage.cache_gb allows"
            raise StorageError(f"{without_secrets(self._entry.uri)} has more bytes than {whose} ({self._most_bytes}).")


def _fault(name: str, error: BaseException) -> tuple[StorageError | None, bool]:
    """What to tell, and whether asking again may help. None: it is this machine's disk."""
    later = "do it again later with retry=failed"
    if isinstance(error, aiohttp.TooManyRedirects):
        return StorageError(f"{name} cannot be fetched: its redirects do not end."), False
    if isinstance(error, aiohttp.ClientResponseError):
        return _refusal(name, error.status, later), error.status in FOR_NOW
    if isinstance(error, FileNotFoundError) and error.errno is None:  # how fsspec tells of a 404
        return _refusal(name, 404, later), False
    if isinstance(error, asyncio.TimeoutError | TimeoutError):
        return StorageError(f"the server of {name} does not answer in time: {later}."), True
    if isinstance(error, aiohttp.InvalidURL):
        return StorageError(f"{name} cannot be fetched: it is no valid URL."), False
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError):
        return StorageError(f"the server of {name} breaks off before the end: {later}."), True
    if isinstance(error, aiohttp.ClientError | ConnectionError):
        why = getattr(getattr(error, "os_error", error), "strerror", None) or type(error).__name__
        return StorageError(f"the server of {name} cannot be reached ({why}): check its name, or {later}."), True
    if isinstance(error, ValueError):
        return StorageError(f"{name} cannot be fetched: it is no valid URL."), False
    return None, False


def _refusal(name: str, status: int, later: str) -> StorageError:
    if status in GONE:
        return GoneError(f"{name} does not exist (HTTP {status}): put it there, or run without it.")
    if status in REFUSED:
        told = "give the list with its whole URL, and a signature or key that is still valid"
        return StorageError(f"the server refuses {name} (HTTP {status}): {told}.")
    if status == 412:
        return ChangedError(f"{name} has changed since it was looked up: run again.")
    if status in FOR_NOW:
        return StorageError(f"the server of {name} fails (HTTP {status}): {later}.")
    return StorageError(f"the server does not give {name} (HTTP {status}).")


def _first(error: BaseException) -> BaseException:
    """fsspec calls whatever goes wrong with a look-up a file that is not found."""
    cause = error.__cause__
    return cause if isinstance(error, FileNotFoundError) and isinstance(cause, Exception) else error


def _quoted(url: str) -> str:
    """Blanks and characters outside ASCII escaped, nothing else touched: a signature covers every letter."""
    return quote(url.partition("#")[0], safe="%/:?@[]!$&'()*+,;=~-._")


@lru_cache(1)
def _files() -> HTTPFileSystem:
    """One a process, with its connections. Proxies are taken from the environment."""
    timeout: Any = aiohttp.ClientTimeout(total=None, connect=CONNECT_S, sock_read=READ_S)
    return HTTPFileSystem(encoded=True, client_kwargs={"timeout": timeout, "trust_env": True})
