"""SIGTERM, as schedulers send it before they kill: a run ends as it does on Ctrl-C."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class EndedError(KeyboardInterrupt):
    """This process was told to end. Not an Exception: no stage's failure."""


@contextmanager
def by_sigterm() -> Iterator[None]:
    """Meanwhile SIGTERM raises EndedError. To be entered when native libraries are imported: pycolmap's logging and Ray
    install handlers of their own, which print a stack or end at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before if before is not None else signal.SIG_DFL)


@contextmanager
def handler_kept() -> Iterator[None]:
    """What is called meanwhile leaves the handler of SIGTERM as it was."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    if before is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)


def _end(*_: Any) -> None:
    raise EndedError
