"""A child process as its parent sees it: started, asked for one unit after another, and ended.

Its clock runs only while it works on a unit: starting, loading and waiting for a model are nobody's fault.
"""

import multiprocessing
import os
import resource
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import FileIO
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic
from typing import Any

from factory.engine import inside
from factory.engine.blocks import Block, Packed, pack, unpack
from factory.engine.models import Desk
from factory.engine.work import Unit
from factory.errors import ModelError
from factory.memory import peak_gb

LOOK_EVERY_S = 0.1  # at how much memory a child has used: known only while it lives
KEPT_LOG_BYTES = 2000  # of what a child printed last


@dataclass
class Spent:
    """What a unit has taken so far, also of a child that did not live to tell. used_gb: memory, at its most."""

    stage: str = ""
    cpu_s: float = 0.0
    used_gb: float = 0.0


@dataclass(frozen=True)
class Died:
    """exit_code: as `multiprocessing` has it, minus the signal's number where one killed it."""

    exit_code: int


class Late:
    """The unit took longer than it may; the child is gone."""


@dataclass
class Starter:
    """Starts processes from a thread of its own, which lives as long as they do: the kernel ends a child with the
    *thread* that it came from. Ctrl-C is for who started them to end them, so the thread never sees it, nor do they."""

    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def start(self, process: BaseProcess) -> None:
        with _interrupts_held():
            self._thread.submit(_start, process).result()

    def close(self) -> None:
        self._thread.shutdown()


def _start(process: BaseProcess) -> None:
    resource_tracker.ensure_running()  # lets SIGINT through in the thread that calls it first
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    process.start()


class Child:
    """One process with the stages of a phase."""

    def __init__(self, pickled_work: bytes, starter: Starter, desk: Desk) -> None:
        """pickled_work: see `models.split`. desk: answers what it asks of models."""
        self._desk = desk
        context = multiprocessing.get_context("spawn")
        self._log, log_path, passing = _log_file()
        self._parent, theirs = context.Pipe()
        given = (pickled_work, theirs, log_path, os.getpid())
        self._process = context.Process(target=inside.main, args=given, daemon=True)
        starter.start(self._process)
        theirs.close()
        try:
            self.state: Exception | Died | None = self._started()
        finally:
            if passing:
                Path(log_path).unlink()

    def _started(self) -> Exception | Died | None:
        """Waits until the stages are set up. None where they are."""
        try:
            kind, *rest = self._parent.recv()
        except EOFError:
            return self._died()
        return rest[0] if kind == "broken" else None

    def run(self, unit: Unit, limit_s: float, spent: Spent) -> tuple[str, Any] | Died | Late:
        """("done", what it says) or ("fails", error). Fills `spent` on the way."""
        with suppress(OSError):  # the disk is full, or the process has gone: it shows below
            os.truncate(self._log.fileno(), 0)
        before_s, at_begin_s, left_s = _dead_children_s(), 0.0, limit_s
        reply = Block()
        try:
            self._parent.send(unit)
            while True:
                begin = monotonic()
                if not wait([self._parent], max(0.0, min(left_s, LOOK_EVERY_S))):
                    spent.used_gb = peak_gb(self._process.pid or 0) or spent.used_gb
                    left_s -= monotonic() - begin
                    if left_s > 0:
                        continue
                    self.end()
                    spent.cpu_s += max(_dead_children_s() - before_s - at_begin_s, 0.0)
                    return Late()
                left_s -= monotonic() - begin
                kind, told = self._parent.recv()
                if kind == "begins":
                    at_begin_s = told
                elif kind == "enters":
                    spent.stage = told
                elif kind == "asks":
                    reply.close()  # it has read the one before
                    packed, reply = self._answer(told)
                    self._parent.send(packed)
                else:
                    return kind, told
        except (EOFError, OSError):
            died = self._died()
            spent.cpu_s += max(_dead_children_s() - before_s - at_begin_s, 0.0)
            return died
        finally:
            reply.close()

    def _answer(self, told: Packed) -> tuple[Packed, Block]:
        try:
            return pack(self._desk.answer(*unpack(told)))
        except OSError as error:  # no memory or descriptor for its arrays: the child is waiting all the same
            return pack(ModelError(f"the question to a model or its answer cannot be handed over: {error}"))

    def log(self) -> str | None:
        """The end of what it has printed since its unit began."""
        self._log.seek(max(0, os.fstat(self._log.fileno()).st_size - KEPT_LOG_BYTES))
        return self._log.read().decode(errors="replace").strip() or None

    def end(self) -> None:
        """At once, whatever it is at."""
        self._process.kill()
        self._process.join()
        self._parent.close()

    def close(self) -> None:
        self.end()
        self._log.close()

    def _died(self) -> Died:
        self._process.join()
        return Died(self._process.exitcode or 0)


def _log_file() -> tuple[FileIO, str, bool]:
    """A file for what a child prints, the name by which the child opens it, and whether that is to be deleted then."""
    if hasattr(os, "memfd_create"):  # a full disk does not matter to it
        descriptor = os.memfd_create("factory-log")
        return os.fdopen(descriptor, "rb", buffering=0), f"/proc/{os.getpid()}/fd/{descriptor}", False
    descriptor, path = tempfile.mkstemp(prefix="factory-log-")
    return os.fdopen(descriptor, "rb", buffering=0), path, True


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Threads and processes started meanwhile never see Ctrl-C, from their first instruction. Here it is only late."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _dead_children_s() -> float:
    """CPU seconds of all children that have ended: what a killed one used can be told only then."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
