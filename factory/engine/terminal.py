"""Processes that work have no terminal.

A library may ask the terminal for something: FFmpeg's command sets its modes, and packages start that when they are
imported. Out of a group of processes in the background, as Ray's workers and `factory run ... &`
are, the kernel answers such a question by stopping the group, and nothing ever ends. So what has no terminal cannot be
stopped.
"""

import fcntl
import os
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def give_up_terminal() -> None:
    """For a process that works: it and all it starts from now on read nothing, and have no controlling terminal.

    The group of processes stays: Ctrl-Z of an inline run stops its child too.
    """
    give_up_input()
    if os.getsid(0) == os.getpid():
        return  # giving it up would hang up on the whole session
    with suppress(OSError):  # there is none
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        try:
            fcntl.ioctl(terminal, termios.TIOCNOTTY)
        finally:
            os.close(terminal)


def give_up_input() -> None:
    """From now on this process reads nothing from its terminal, where it has one. A password can still be asked for:
    getpass opens the controlling terminal by its name."""
    if _is_terminal(0):
        _put_nothing(0, os.O_RDONLY)


@contextmanager
def quiet_start() -> Iterator[None]:
    """What is started meanwhile inherits no terminal as its input, and what this process prints on file descriptor 2 is
    lost: Ray's C++ core announces there that it was told to be quiet."""
    sys.stderr.flush()
    kept = {number: os.dup(number) for number in (0, 2) if _is_open(number)}
    try:
        if _is_terminal(0):
            _put_nothing(0, os.O_RDONLY)
        _put_nothing(2, os.O_WRONLY)
        yield
    finally:
        for number, original in kept.items():
            os.dup2(original, number)
            os.close(original)


def _put_nothing(number: int, flags: int) -> None:
    nothing = os.open(os.devnull, flags)
    if nothing != number:
        os.dup2(nothing, number)
        os.close(nothing)


def _is_terminal(number: int) -> bool:
    return _is_open(number) and os.isatty(number)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
