"""A clip's stages run in a child process that may crash or hang without harm to anything else.

Decoders and solvers are native code on hostile input. One child works through clip after clip; when a clip kills it,
takes too long or wants more memory than it may have, the clip is reported and the next one gets a fresh child.
"""

import ctypes
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import TimeoutError as Late
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pebble import ProcessExpired, ProcessPool

from factory.engine.terminal import give_up_terminal
from factory.engine.work import Row, Unit, UnitReport, Work
from factory.errors import ClipMemoryError, ClipTimeoutError, ConfigError, FactoryError, WorkerDiedError
from factory.memory import hold_to, peak_gb
from factory.stage import Outcome, run_chain

VERBOSE = "FACTORY_VERBOSE"  # set in the environment: what libraries print is let through
_STAGE_NAME_BYTES = 128
_LOOK_EVERY_S = 0.1  # at how much memory a child has used: known only while it lives
_OUT_OF_MEMORY = 77  # the child's exit status; none that Python, a shell or a signal gives


class Guard:
    """Runs units of one kind of work, one at a time, each under the work's time limit."""

    def __init__(self, work: Work) -> None:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")  # a worker is one core's worth: its libraries must not start more
        context = multiprocessing.get_context("spawn")
        self._work = work
        self._stage = context.Array(ctypes.c_char, _STAGE_NAME_BYTES)
        self._pid = context.Value(ctypes.c_int)
        self._spent = context.Value("d", 0.0)  # CPU seconds of the child before the unit it is at
        # As bytes: what stages import may touch a terminal, and the child has one until `_start` has begun.
        initargs = (pickle.dumps(work), self._stage, self._pid, self._spent, os.getpid())
        self._pool = ProcessPool(max_workers=1, context=context, initializer=_start, initargs=initargs)

    def warm_up(self) -> None:
        """Starts the child and its stages. Raises FactoryError when a stage cannot be set up: no clip could run."""
        try:
            with _interrupts_held():
                ready = self._pool.schedule(_set_up)  # starts the pool's threads, from which all children come
            ready.result()
        except ProcessExpired as error:
            raise ConfigError(
                f"the worker of phase {self._work.phase} dies while it starts (exit {error.exitcode}): "
                "run `factory doctor`."
            ) from error

    def run(self, unit: Unit) -> tuple[list[Row], UnitReport]:
        """The unit's manifest rows and its report. A unit that kills its child, or wants too much memory of it, gets a
        second chance in a fresh one, whose memory no clip before it has broken up, not a third."""
        cpu_s = 0.0
        for _ in range(2):
            before_s, self._spent.value, used_gb = _dead_children_s(), 0.0, 0.0
            result = self._pool.schedule(_run, args=[unit], timeout=self._work.timeout_s)
            while not wait([result], _LOOK_EVERY_S).done:
                used_gb = peak_gb(self._pid.value) or used_gb
            try:
                return result.result()
            except Late:
                limit = f"took longer than {self._work.timeout_s:g} s: raise {self._work.phase}.timeout_s if it should"
                cpu_s += max(_dead_children_s() - before_s - self._spent.value, 0.0)
                return self._failed(unit, ClipTimeoutError(limit), cpu_s)
            except ProcessExpired as error:
                cpu_s += max(_dead_children_s() - before_s - self._spent.value, 0.0)
                code = error.exitcode
        return self._failed(unit, self._death(code, used_gb), cpu_s)

    @property
    def stage(self) -> str:
        """The stage that was entered last."""
        return self._stage.value.decode()

    def close(self) -> None:
        self._pool.stop()
        self._pool.join()

    def _death(self, code: int, used_gb: float) -> FactoryError:
        limit_gb, setting = self._work.resources.memory_gb, f"{self._work.phase}.resources.memory_gb"
        if code == _OUT_OF_MEMORY:
            return ClipMemoryError(f"needs more than the {limit_gb:g} GB of {setting}: raise it")
        how = _exit_name(code)
        if how == "SIGKILL":  # nobody here sends it
            why = "as systems do that run out of memory: use fewer workers"
            return WorkerDiedError(f"worker was killed twice (SIGKILL), {why}")
        # C++ aborts where it gets no memory. Vectors grow by doubling: the half may have been all there was.
        if used_gb > limit_gb / 2:
            why = f"it had used {used_gb:.2f} of the {limit_gb:g} GB of {setting}, so raise that or leave the input out"
            return WorkerDiedError(f"worker died twice ({how}): {why}")
        return WorkerDiedError(f"worker died twice ({how}): the input breaks a library")

    def _failed(self, unit: Unit, error: FactoryError, cpu_s: float) -> tuple[list[Row], UnitReport]:
        outcome = Outcome(unit.record, "failed", (), self.stage or None, type(error).__name__, str(error))
        return _result(self._work, unit, outcome, cpu_s)


def _result(work: Work, unit: Unit, outcome: Outcome, cpu_s: float) -> tuple[list[Row], UnitReport]:
    rows = [{**row, "fingerprint": unit.fingerprint, "attempt": unit.attempt} for row in work.rows(outcome)]
    report = UnitReport(
        key=unit.key,
        statuses=tuple(row["status"] for row in rows),
        reasons=tuple(tuple(row["reasons"]) for row in rows),
        error_type=outcome.error_type,
        seconds=outcome.seconds,
        cpu_s=cpu_s,
        gpu_s=work.resources.gpus * sum(seconds for _, seconds in outcome.seconds),
        weight=unit.weight,
    )
    return rows, report


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Threads and processes started meanwhile never see Ctrl-C, from their first instruction: it is for who started
    them to end them. Here it is only late."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# The child's side. Module globals, because that is what survives between two calls in one process.
_pickled_work: bytes
_work: Work | None = None
_stage_name: Any
_spent: Any


def _start(pickled_work: bytes, stage_name: Any, pid: Any, spent: Any, parent: int) -> None:
    global _pickled_work, _stage_name, _spent
    pid.value = os.getpid()
    _pickled_work, _stage_name, _spent = pickled_work, stage_name, spent
    give_up_terminal()
    _die_with(parent)
    if VERBOSE not in os.environ:
        # COLMAP narrates every step on 2 and takes no level for it; what matters comes back as a value.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)


def _set_up() -> None:
    _ready()  # its value would travel back


def _ready() -> Work:
    """The work, once its stages have loaded what they need, libraries are told to stay on this core, and the limit of
    memory stands."""
    global _work
    if _work is None:
        import cv2

        cv2.setNumThreads(1)
        work: Work = pickle.loads(_pickled_work)
        for stage in work.stages:
            set_up = getattr(stage, "setup", None)
            if set_up is not None:
                set_up()
        if not work.resources.gpus:  # how much CUDA's side in the process counts for was not measured
            hold_to(work.resources.memory_gb, f"{work.phase}.resources.memory_gb")
        _work = work
    return _work


def _run(unit: Unit) -> tuple[list[Row], UnitReport]:
    work = _ready()
    begin = _spent.value = time.process_time()
    try:
        outcome = run_chain(work.stages, unit.record, _entering)
        if outcome.error is not None:
            first = outcome.error.strip().splitlines()[:1]
            outcome = replace(outcome, error=first[0] if first else outcome.error_type)
        return _result(work, unit, outcome, time.process_time() - begin)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)


def _entering(stage: str) -> None:
    _stage_name.value = stage.encode()[: _STAGE_NAME_BYTES - 1]


def _die_with(parent: int) -> None:
    """On Linux the kernel ends this child when its parent is gone, even in the middle of native code."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _dead_children_s() -> float:
    """CPU seconds of all children that have ended: what a killed one used can be told only then."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _exit_name(code: int) -> str:
    try:
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"
    except ValueError:
        return f"exit status {code}"
