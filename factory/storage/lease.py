"""One run at a time on an output: an object that its holder rewrites every few seconds, and what it says of itself.

There are no locks in S3, and none are needed for the manifests to be right: two runs at once waste work, no more, and
the lease prevents that. Its age is told by the store's clock, so clocks of machines may differ; where even that one was
set back, a lease that does not change for EXPIRE_S by the waiting run's own clock has expired too.
"""

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from factory.errors import BusyError, GoneError, StorageError
from factory.storage.output import Storage

NAME = "lease.json"
RENEW_S = 10.0
EXPIRE_S = 60.0  # outlives a store that is away for half a minute
ROUNDED_S = 3.0  # stores tell times in whole seconds, some rounded up
SETTLE_S = 1.0  # in which two that created it at the same moment see whose it is

State = Mapping[str, Any]


@contextmanager
def held(storage: Storage, run_id: str, state: Callable[[], State], say: Callable[[str], None]) -> Iterator[Callable]:
    """Holds the output's lease; gives a function that raises BusyError once another run has taken it.

    state: what to write into the lease beside who holds it; asked every RENEW_S. A lease found here is waited for when
    nobody renews it, which takes EXPIRE_S at most (none where its holder died on this machine). Raises BusyError when
    it is renewed.
    """
    lease = _Lease(storage, run_id, state)
    lease.acquire(say)
    thread = threading.Thread(target=lease.keep, daemon=True)
    thread.start()
    try:
        yield lease.check
    finally:
        lease.ended.set()
        thread.join()
        lease.release()


def holder(storage: Storage) -> tuple[dict[str, Any], float] | None:
    """What the lease says, and how many seconds ago, by the store's clock; None where nobody holds one."""
    uri = storage.uri(NAME)
    try:
        content, age_s = storage.read(uri), storage.place.age_s(uri)
    except GoneError:
        return None
    try:
        told = json.loads(content)
    except ValueError:
        told = None
    return (told if isinstance(told, dict) else {}), age_s  # nobody's that we know expires like any other


def ago(age_s: float) -> str:
    """The age of a lease in words; a clock that was set back makes it negative."""
    return f"{max(age_s, 0.0):.0f} s ago" if age_s > -ROUNDED_S else "at a time that lies ahead of the clock"


class _Lease:
    def __init__(self, storage: Storage, run_id: str, state: Callable[[], State]) -> None:
        self._storage, self._place, self._uri = storage, storage.place, storage.uri(NAME)
        self._who = {"run_id": run_id, "host": socket.gethostname(), "pid": os.getpid()}
        self._state = state
        self._taken_by: str | None = None
        self.ended = threading.Event()

    def acquire(self, say: Callable[[str], None]) -> None:
        seen: State | None = None
        since_s = time.monotonic()
        while not self._place.create(self._uri, self._content()):
            found = holder(self._storage)
            if found is None:
                continue
            other, age_s = found
            if max(age_s, time.monotonic() - since_s) > EXPIRE_S or self._died_here(other):
                self._place.delete(self._uri)
                continue
            if seen is None:
                say(f"another run ({_name(other)}) held {self._storage.root} {ago(age_s)}: checking if it still works.")
            elif other.get("beat") != seen.get("beat"):
                raise BusyError(_busy(self._storage.root, other))
            seen = other
            time.sleep(1.0)
        time.sleep(SETTLE_S if self._uri.startswith("s3://") else 0.0)
        self._look()
        self.check()

    def keep(self) -> None:
        while not self.ended.wait(RENEW_S):
            try:
                self._look()
                if self._taken_by is None:
                    self._place.write(self._uri, self._content())
            except StorageError:
                continue  # the store is away; what works on the output meets that too, and says so

    def check(self) -> None:
        if self._taken_by is not None:
            raise BusyError(self._taken_by)

    def release(self) -> None:
        with suppress(StorageError):  # the store is away: the lease expires by itself, and the work is done
            self._look()
            if self._taken_by is None:
                self._place.delete(self._uri)

    def _look(self) -> None:
        found = holder(self._storage)
        if found is not None and found[0].get("run_id") != self._who["run_id"]:
            self._taken_by = _busy(self._storage.root, found[0])

    def _content(self) -> bytes:
        return json.dumps({**self._who, "beat": time.time(), **self._state()}).encode()

    def _died_here(self, other: State) -> bool:
        if other.get("host") != self._who["host"]:
            return False
        pid = other.get("pid")
        return isinstance(pid, int) and (pid == os.getpid() or not _alive(pid))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _busy(root: str, other: State) -> str:
    return f"another run works on {root} ({_name(other)}): wait for it, or set force=true to run at the same time."


def _name(other: State) -> str:
    return f"{other.get('run_id')} on {other.get('host')}, process {other.get('pid')}"
