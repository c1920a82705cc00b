"""A worker's share of the memory: the limit that holds it there, and how an error that it caused is known."""

import contextlib
import errno
import sys

from factory.errors import ConfigError


def hold_to(limit_gb: float, what: str) -> None:
    """From now on this process gets no more than so many GB (1e9 bytes) of memory of its own: a request beyond that
    fails, as a MemoryError or in whatever way the library that made it reports that.

    The limit is Linux's RLIMIT_DATA: private memory that can be written, touched or not. Mapped files and what is only
    reserved are not in it, as they are in RLIMIT_AS. Elsewhere nothing happens: macOS takes the limit and ignores it.
    0 sets no limit. Raises ConfigError, which names the setting `what`, when the process has passed the limit already.
    """
    if sys.platform != "linux" or limit_gb <= 0:
        return
    import resource

    if (held_gb := in_use_gb()) >= limit_gb:
        raise ConfigError(
            f"{what}={limit_gb:g} is less than the {held_gb:.2f} GB it takes to start a worker: raise it."
        )
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    wanted = int(limit_gb * 1e9)
    with contextlib.suppress(ValueError, OSError):  # a stricter limit from outside stays
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


def in_use_gb() -> float:
    """What RLIMIT_DATA counts of this process, in GB; Linux only."""
    return _status_gb("self", "VmData")


def peak_gb(pid: int) -> float:
    """The most memory that a process has had in use at once, in GB; 0 where that cannot be told, or it is gone."""
    with contextlib.suppress(OSError, ValueError):
        return _status_gb(str(pid), "VmHWM")
    return 0.0


def _status_gb(process: str, what: str) -> float:
    with open(f"/proc/{process}/status") as status:  # noqa: PTH123
        (line,) = (line for line in status if line.startswith(f"{what}:"))
    return int(line.split()[1]) * 1024 / 1e9


def ran_out(error: BaseException | None) -> bool:
    """Whether an exception, or one that it came from, says that memory could not be had."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
            return True
        # FFmpeg got no thread: for the stack of one there was no room.
        if isinstance(error, OSError) and error.errno == errno.EAGAIN and type(error).__module__.startswith("av"):
            return True
        if getattr(error, "code", None) == _OPENCV_NO_MEMORY and type(error).__module__ == "cv2":
            return True
        if isinstance(error, RuntimeError) and any(words in str(error) for words in _SAID_OF_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


_OPENCV_NO_MEMORY = -4  # cv2.Error.StsNoMem
_SAID_OF_MEMORY = ("can't allocate memory", "bad_alloc", "can't start new thread")  # torch, C++, Python
