"""An interactive shell with job control under a pseudo-terminal, as people have it before them."""

import contextlib
import os
import pty
import re
import select
import signal
import time

import psutil


class Shell:
    """`bash -i`, as the leader of a session whose terminal this is."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)  # ignored where the tests run in a script's background
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], {**environment, "PS1": "> "})
        self.said = ""
        self.wait_for("> ", 10)

    def send(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def start(self, command: str) -> None:
        """Types a command; its exit status is printed behind `status=`."""
        self.said = ""
        then = "" if command.endswith("&") else ";"
        self.send(f"{command}{then} echo sta''tus=$?\n")  # the quotes: what is typed is echoed, and is no answer

    def wait_for(self, pattern: str, seconds: float) -> re.Match[str]:
        """Until the shell has said so. Fails with all it said where it does not."""
        end = time.monotonic() + seconds
        while (found := re.search(pattern, self.said)) is None:
            left = end - time.monotonic()
            assert left > 0, self._silence(pattern, seconds)
            self._listen(left)
        return found

    def status(self, seconds: float) -> int:
        return int(self.wait_for(r"status=(\d+)", seconds)[1])

    def processes(self) -> list[psutil.Process]:
        """All of the session but the shell itself."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(OSError, psutil.Error):
                if process.pid != self.pid and os.getsid(process.pid) == self.pid:
                    found.append(process)
        return found

    def words(self) -> list[str]:
        """The command line of each of these processes."""
        return [_words(process) for process in self.processes()]

    def stopped(self) -> list[str]:
        states = [(_words(process), _state(process)) for process in self.processes()]
        return [words for words, state in states if state == psutil.STATUS_STOPPED]

    def gone(self, seconds: float) -> list[str]:
        """What is left of the session after so long; nothing as soon as nothing is left."""
        end = time.monotonic() + seconds
        while (left := self.processes()) and time.monotonic() < end:
            self._listen(0.2)
        return [_words(process) for process in left]

    def close(self) -> None:
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)

    def _silence(self, pattern: str, seconds: float) -> str:
        return f"no {pattern!r} within {seconds:g} s; stopped: {self.stopped()}; said: {self.said[-2000:]}"

    def _listen(self, seconds: float) -> None:
        if select.select([self._terminal], [], [], min(seconds, 0.2))[0]:
            self.said += os.read(self._terminal, 65536).decode(errors="replace")


def _words(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())[:200]
    return "gone"


def _state(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return process.status()
    return "gone"
