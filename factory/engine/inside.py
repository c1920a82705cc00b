"""What runs in the child process of a worker: it sets its stages up, says so, and works through unit after unit.

Messages to the parent: ("ready",) once; ("broken", error) where the stages cannot be set up, and the process ends;
("begins", CPU seconds), ("enters", stage) and ("asks", what of which model), which is answered, while it works;
("done", (outcome, rows, CPU seconds)), or ("fails", error) where no clip is to blame.
"""

import ctypes
import faulthandler
import logging
import os
import signal
import sys
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from factory.engine.blocks import pack, unpack
from factory.engine.models import Sending, joined
from factory.engine.terminal import give_up_terminal
from factory.engine.work import Work
from factory.errors import ConfigError, FactoryError
from factory.memory import hold_to, ran_out
from factory.models.network import Call
from factory.stage import Outcome, run_chain

VERBOSE = "FACTORY_VERBOSE"  # set in the environment: what libraries print is let through, and nothing of it is kept
OUT_OF_MEMORY = 77  # the child's exit status; none that Python, a shell or a signal gives


def main(pickled_work: bytes, parent: Connection, log_path: str, parent_pid: int) -> None:
    """pickled_work: as bytes, for what stages import may touch a terminal, and the child has one when it begins.
    log_path: of a file that takes what is printed here."""
    give_up_terminal()
    _die_with(parent_pid)
    if VERBOSE not in os.environ:
        # COLMAP narrates every step on 2 and takes no level for it. What is said last tells why a process died.
        log = os.open(log_path, os.O_WRONLY | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
    faulthandler.enable()
    logging.basicConfig(format="%(name)s: %(message)s")
    logging.getLogger("factory").setLevel(logging.INFO)  # for stages that have something to say
    try:
        models = _Models(parent)
        work = _set_up(pickled_work, models)
    except FactoryError as error:
        parent.send(("broken", error))
        return
    parent.send(("ready",))
    while True:
        try:
            unit = parent.recv()
        except EOFError:
            return
        begin = time.process_time()
        parent.send(("begins", begin))
        models.next_clip()
        try:
            outcome = run_chain(work.stages, unit.record, lambda stage: parent.send(("enters", stage)))
            parent.send(("done", (_short(outcome), work.rows(outcome), time.process_time() - begin)))
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        except Exception as error:  # no clip's fault: the output fails, or rows cannot be made, which is a bug
            logging.getLogger(__name__).exception("after the stages")
            parent.send(("fails", error))


class _Models:
    """What stages ask models through: the parent, which knows where they are."""

    def __init__(self, parent: Connection) -> None:
        self._parent, self._sending = parent, Sending()

    def next_clip(self) -> None:
        self._sending = Sending()

    def ask(self, number: int, call: Call) -> Any:
        """Raises the FactoryError that the call ended in."""
        packed, block = pack((number, self._sending.lean(call)))
        try:
            self._parent.send(("asks", packed))
            found = unpack(self._parent.recv())
        finally:
            block.close()
        if isinstance(found, FactoryError):
            raise found
        return found


def _set_up(pickled_work: bytes, models: _Models) -> Work:
    """The work, once its stages have loaded what they need, libraries are told to stay on this core, and the limit of
    memory stands. Raises FactoryError, one sentence, for whatever goes wrong."""
    doing = "be started"
    try:
        import cv2

        cv2.setNumThreads(1)
        work = joined(pickled_work, models.ask)
        for name, stage in work.stages:
            doing = f"set up stage {name} of phase {work.phase}"
            if (set_up := getattr(stage, "setup", None)) is not None:
                set_up()
    except FactoryError:
        raise
    except Exception as error:
        first = (str(error).strip().splitlines() or [""])[0]
        what = "memory ran out" if ran_out(error) else f"{type(error).__name__}: {first}".rstrip(": ")
        raise ConfigError(f"a worker cannot {doing} ({what}): run `factory doctor`, or again with -v.") from error
    hold_to(work.resources.memory_gb, f"{work.phase}.resources.memory_gb")
    return work


def _short(outcome: Outcome) -> Outcome:
    """Without what the rows have taken from it already, which would have to travel."""
    return replace(outcome, record=replace(outcome.record, values={}))


def _die_with(parent: int) -> None:
    """On Linux the kernel ends this child when its parent is gone, even in the middle of native code."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
