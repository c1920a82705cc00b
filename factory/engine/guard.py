"""A clip's stages run in a child process that may crash or hang without harm to anything else.

Decoders and solvers are native code on hostile input. One child works through clip after clip; when a clip kills it
or takes too long, the clip is reported and the next one gets a fresh child.
"""

import ctypes
import multiprocessing
import os
import resource
import signal
import sys
import time
from concurrent.futures import TimeoutError as Late
from dataclasses import replace
from typing import Any

from pebble import ProcessExpired, ProcessPool

from factory.engine.work import Row, Unit, UnitReport, Work
from factory.errors import ClipTimeoutError, ConfigError, FactoryError, WorkerDiedError
from factory.stage import Outcome, run_chain

VERBOSE = "FACTORY_VERBOSE"  # set in the environment: what libraries print is let through
_STAGE_NAME_BYTES = 128


class Guard:
    """Runs units of one kind of work, one at a time, each under the work's time limit."""

    def __init__(self, work: Work) -> None:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")  # a worker is one core's worth: its libraries must not start more
        context = multiprocessing.get_context("spawn")
        self._work = work
        self._stage = context.Array(ctypes.c_char, _STAGE_NAME_BYTES)
        self._spent = context.Value("d", 0.0)  # CPU seconds of the child before the unit it is at
        self._pool = ProcessPool(
            max_workers=1, context=context, initializer=_start, initargs=(work, self._stage, self._spent, os.getpid())
        )

    def warm_up(self) -> None:
        """Starts the child and its stages. Raises FactoryError when a stage cannot be set up: no clip could run."""
        try:
            self._pool.schedule(_set_up).result()
        except ProcessExpired as error:
            raise ConfigError(
                f"the worker of phase {self._work.phase} dies while it starts (exit {error.exitcode}): "
                "run `factory doctor`."
            ) from error

    def run(self, unit: Unit) -> tuple[list[Row], UnitReport]:
        """The unit's manifest rows and its report. A unit that kills its child gets a second chance, not a third."""
        cpu_s = 0.0
        for _ in range(2):
            before_s, self._spent.value = _dead_children_s(), 0.0
            try:
                return self._pool.schedule(_run, args=[unit], timeout=self._work.timeout_s).result()
            except Late:
                limit = f"took longer than {self._work.timeout_s:g} s: raise {self._work.phase}.timeout_s if it should"
                cpu_s += max(_dead_children_s() - before_s - self._spent.value, 0.0)
                return self._failed(unit, ClipTimeoutError(limit), cpu_s)
            except ProcessExpired as error:
                cpu_s += max(_dead_children_s() - before_s - self._spent.value, 0.0)
                how = _exit_name(error.exitcode)
        return self._failed(unit, WorkerDiedError(f"worker died twice ({how}): the input breaks a library"), cpu_s)

    @property
    def stage(self) -> str:
        """The stage that was entered last."""
        return self._stage.value.decode()

    def close(self) -> None:
        self._pool.stop()
        self._pool.join()

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


# The child's side. Module globals, because that is what survives between two calls in one process.
_work: Work
_stage_name: Any
_spent: Any
_ready = False


def _start(work: Work, stage_name: Any, spent: Any, parent: int) -> None:
    global _work, _stage_name, _spent
    _work, _stage_name, _spent = work, stage_name, spent
    _die_with(parent)
    if VERBOSE not in os.environ:
        # COLMAP narrates every step there and takes no level for it; what matters comes back as a value.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _set_up() -> None:
    """Stages load what they need once; libraries are told to stay on this core."""
    global _ready
    if _ready:
        return
    import cv2

    cv2.setNumThreads(1)
    for stage in _work.stages:
        set_up = getattr(stage, "setup", None)
        if set_up is not None:
            set_up()
    _ready = True


def _run(unit: Unit) -> tuple[list[Row], UnitReport]:
    _set_up()
    begin = _spent.value = time.process_time()
    outcome = run_chain(_work.stages, unit.record, _entering)
    outcome = replace(outcome, error=outcome.error and outcome.error.strip().splitlines()[0])
    return _result(_work, unit, outcome, time.process_time() - begin)


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
