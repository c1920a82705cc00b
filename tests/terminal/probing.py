"""A stage in a module that touches the terminal when it is imported, again when it works, and tells what it has."""

import os
import subprocess
import termios
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from factory.clip import ClipRecord
from factory.stage import Rejected


def touch_terminal() -> None:
    """As FFmpeg does to its input, and then to the controlling terminal itself."""
    subprocess.call(["ffmpeg", "-v", "quiet"])
    with suppress(OSError):
        terminal = os.open("/dev/tty", os.O_RDWR)
        termios.tcsetattr(terminal, termios.TCSANOW, termios.tcgetattr(terminal))
        os.close(terminal)


def terminals() -> str:
    """Which of this process's files are terminals, and whether one controls it."""
    found = []
    for number in (0, 1, 2):
        with suppress(OSError):
            found += [str(number)] if os.isatty(number) else []
    with suppress(OSError):
        os.close(os.open("/dev/tty", os.O_RDWR))
        found.append("controlling")
    return " ".join(found) or "none"


if os.getpid() != int(os.environ.get("TEST_DRIVER", "0")):
    touch_terminal()


@dataclass
class Probe:
    """Writes what terminals it has, and of its parent's, into a file."""

    needs: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ("length",)
    told: str = field(default="", compare=False)

    def __call__(self, record: ClipRecord) -> ClipRecord | Rejected:
        touch_terminal()
        Path(self.told).write_text(terminals())
        return record.give(length=1)
