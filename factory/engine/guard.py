"""A clip's stages run in a child process that may crash or hang without harm to anything else.

Decoders and solvers are native code on hostile input. One child works through clip after clip; when a clip kills it,
takes too long or wants more memory than it may have, the clip is reported and the next one gets a fresh child.
"""

import os
import re
import signal
from collections.abc import Mapping
from typing import Any

from factory.engine.child import Child, Died, Late, Spent, Starter
from factory.engine.inside import OUT_OF_MEMORY
from factory.engine.models import Caller, Desk, local_callers, names_of, split
from factory.engine.work import Row, Unit, UnitReport, Work
from factory.errors import ClipMemoryError, ClipTimeoutError, ConfigError, FactoryError, WorkerDiedError
from factory.stage import Outcome

# What libraries print of an address may hold keys: its query, and a password before the host. Manifests are passed on.
_SECRET = re.compile(r"(?<=\?)\S*=\S+|(?<=://)[^/\s@]+(?=@)")


class Guard:
    """Runs units of one kind of work, one at a time, each under the work's time limit."""

    def __init__(self, work: Work, callers: Mapping[str, Caller] | None = None) -> None:
        """Starts the child and its stages. callers: of the models that stages hold; None: these are loaded here.

        Raises FactoryError when a stage or a model cannot be set up: no clip could run.
        """
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")  # a worker is one core's worth: its libraries must not start more
        self._work, self._starter, self._spent = work, Starter(), Spent()
        self._pickled, networks = split(work)
        self._on_card = {n for n, network in zip(names_of(networks), networks, strict=True) if network.on_card}
        self._desk = Desk(local_callers(networks) if callers is None else callers)
        self._child: Child | None = None
        self._living()

    def run(self, unit: Unit) -> tuple[list[Row], UnitReport]:
        """The unit's manifest rows and its report. A unit that kills its child, or wants too much memory of it, gets a
        second chance in a fresh one, whose memory no clip before it has broken up, not a third.

        Raises FactoryError where the output fails, or a fresh child cannot be set up.
        """
        spent = self._spent = Spent()
        for _ in range(2):
            child = self._living()
            spent.stage, spent.used_gb = "", 0.0
            self._desk.next_clip()
            answer = child.run(unit, self._work.timeout_s, spent)
            if isinstance(answer, tuple):
                kind, told = answer
                if kind == "fails":
                    raise told
                outcome, rows, cpu_s = told
                if outcome.status == "failed":
                    _describe(rows, outcome, child.log())
                return self._result(unit, outcome, rows, cpu_s)
            log = child.log()
            self._end()
            if isinstance(answer, Late):
                limit = f"took longer than {self._work.timeout_s:g} s: raise {self._work.phase}.timeout_s if it should"
                return self._failed(unit, ClipTimeoutError(limit), spent, log)
        assert isinstance(answer, Died)
        return self._failed(unit, self._death(answer.exit_code, spent.used_gb), spent, log)

    @property
    def stage(self) -> str:
        """The stage that was entered last."""
        return self._spent.stage

    def close(self) -> None:
        self._end()
        self._starter.close()

    def _living(self) -> Child:
        """The child, ready for a unit."""
        if self._child is None:
            self._child = Child(self._pickled, self._starter, self._desk)
            state = self._child.state
            if isinstance(state, Exception):
                self._end()
                raise state
            if state is not None:
                self._end()
                how = _exit_name(state.exit_code)
                raise ConfigError(
                    f"the worker of phase {self._work.phase} dies while it starts ({how}): see what stands above, and "
                    "run `factory doctor`."
                )
        return self._child

    def _end(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None

    def _death(self, code: int, used_gb: float) -> FactoryError:
        limit_gb, setting = self._work.resources.memory_gb, f"{self._work.phase}.resources.memory_gb"
        if code == OUT_OF_MEMORY:
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

    def _failed(self, unit: Unit, error: FactoryError, spent: Spent, log: str | None) -> tuple[list[Row], UnitReport]:
        outcome = Outcome(unit.record, "failed", (), spent.stage or None, type(error).__name__, str(error))
        rows = self._work.rows(outcome)
        _describe(rows, outcome, log)
        return self._result(unit, outcome, rows, spent.cpu_s)

    def _result(self, unit: Unit, outcome: Outcome, rows: list[Row], cpu_s: float) -> tuple[list[Row], UnitReport]:
        rows = [{**row, "fingerprint": unit.fingerprint, "attempt": unit.attempt} for row in rows]
        report = UnitReport(
            key=unit.key,
            statuses=tuple(row["status"] for row in rows),
            reasons=tuple(tuple(row["reasons"]) for row in rows),
            error_type=outcome.error_type,
            seconds=outcome.seconds,
            cpu_s=cpu_s,
            model_s=tuple(self._desk.busy_s.items()),
            gpu_s=sum(seconds for name, seconds in self._desk.busy_s.items() if name in self._on_card),
            waited_s=self._desk.waited_s,
            weight=unit.weight,
        )
        return rows, report


def _describe(rows: list[dict[str, Any]], outcome: Outcome, log: str | None) -> None:
    """Of a message the first line, and beside it what the process printed last."""
    first = (outcome.error or "").strip().splitlines()[:1]
    for row in rows:
        row["error"] = first[0] if first else outcome.error_type
        row["log"] = None if log is None else _SECRET.sub("***", log)


def _exit_name(code: int) -> str:
    try:
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"
    except ValueError:
        return f"exit status {code}"
