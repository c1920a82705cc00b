"""The file system of this machine, or one that several machines share."""

import errno
import os
import stat
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from factory.errors import GoneError, OutputError, SourceError, StorageError
from factory.storage.names import real_path, shown_path
from factory.storage.places import Entry

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_NO_ACCESS = (errno.EACCES, errno.EPERM, errno.EROFS)
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Local:
    """See `places.Place`. URIs are names of paths (see `names`)."""

    def entries(self, folder: str) -> Iterator[Entry]:
        for name in walk(folder):
            with suppress(GoneError, SourceError):  # a link that leads nowhere, deleted since, or no file
                yield self.entry(name)

    def folders(self, folder: str) -> list[str]:
        try:
            return [shown_path(found.name) for found in os.scandir(real_path(folder)) if found.is_dir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise unreadable(f"folder {folder}", error) from error

    def entry(self, uri: str) -> Entry:
        """Raises SourceError for what is no regular file: to open a pipe would wait for ever."""
        try:
            found = os.stat(real_path(uri))  # noqa: PTH116  (a hundred thousand times)
        except FileNotFoundError as error:
            raise _gone(uri) from error
        except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
            raise unreadable(uri, error) from error
        if not stat.S_ISREG(found.st_mode):
            raise SourceError(f"{uri} is {_KINDS.get(stat.S_IFMT(found.st_mode), 'something else')}, not a file.")
        return Entry(uri, found.st_size, str(found.st_mtime_ns))

    def read(self, uri: str) -> bytes:
        try:
            return Path(real_path(uri)).read_bytes()
        except FileNotFoundError as error:
            raise _gone(uri) from error
        except OSError as error:
            raise unreadable(uri, error) from error

    def table(self, entry: Entry, columns: list[str] | None) -> pa.Table:
        try:
            with Path(real_path(entry.uri)).open("rb") as file:
                return pq.ParquetFile(file).read(columns=columns)
        except FileNotFoundError as error:
            raise _gone(entry.uri) from error

    def schema(self, entry: Entry) -> pa.Schema:
        try:
            with Path(real_path(entry.uri)).open("rb") as file:
                return pq.ParquetFile(file).schema_arrow
        except FileNotFoundError as error:
            raise _gone(entry.uri) from error

    def write(self, uri: str, content: bytes) -> None:
        write_atomic(Path(real_path(uri)), content)

    def create(self, uri: str, content: bytes) -> bool:
        path = Path(real_path(uri))
        temporary = _beside(path)
        write_atomic(temporary, content)
        try:
            os.link(temporary, path)  # unlike a rename it fails where something is
        except FileExistsError:
            return False
        except OSError:
            return _create_in_two_steps(path, content)
        finally:
            temporary.unlink()
        return True

    def delete(self, uri: str) -> None:
        try:
            Path(real_path(uri)).unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(f"delete {uri}", error) from error

    def age_s(self, uri: str) -> float:
        written_ns = int(self.entry(uri).tag)
        probe = _beside(Path(real_path(uri)))
        try:
            probe.touch()
            return (probe.stat().st_mtime_ns - written_ns) / 1e9
        except OSError as error:
            raise _unwritable(f"write beside {uri}", error) from error
        finally:
            with suppress(OSError):
                probe.unlink()


def walk(folder: str, refused: Callable[[OSError], None] | None = None) -> Iterator[str]:
    """Names of all files below a folder, links that lead nowhere and what is no file among them; none where there is no
    such folder.

    Links to folders are followed, after the folders themselves; each folder is searched once, whatever leads to it.
    refused: hears of folders that cannot be read; without it the first one raises StorageError.
    """
    waiting, seen = deque([real_path(folder)]), set[tuple[int, int]]()
    while waiting:
        for parent, folders, names in os.walk(waiting.popleft(), onerror=refused or _refuse):
            try:
                here = os.stat(parent)  # noqa: PTH116
            except FileNotFoundError:
                continue  # deleted since
            if (here.st_dev, here.st_ino) in seen:
                folders.clear()
                continue
            seen.add((here.st_dev, here.st_ino))
            folders.sort()
            waiting.extend(path for name in folders if os.path.islink(path := f"{parent}/{name}"))  # noqa: PTH114
            yield from (shown_path(f"{parent}/{name}") for name in sorted(names))


def write_atomic(path: Path, content: bytes) -> None:
    """Writes a whole file or nothing: a temporary name beside it, flushed to disk, then renamed.

    Raises OutputError when that fails.
    """
    path = Path(real_path(str(path)))
    temporary = _beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):  # the error that matters is the one at hand
            temporary.unlink()
        raise _unwritable(f"write {shown_path(str(path))}", error) from error


def cause(error: Exception) -> str:
    """What the system says, without names."""
    return str(getattr(error, "strerror", None) or error).lower()


def _beside(path: Path) -> Path:
    """A short name of one's own in the same folder: the path's own may be as long as names can be."""
    return path.with_name(f".{uuid4().hex}.tmp")


def _create_in_two_steps(path: Path, content: bytes) -> bool:
    """Where the file system has no links."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    except OSError as error:
        raise _unwritable(f"write {shown_path(str(path))}", error) from error
    return True


def _refuse(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise unreadable(f"folder {shown_path(str(error.filename))}", error)


def _gone(uri: str) -> GoneError:
    return GoneError(f"{uri} does not exist: put it there, or run without it.")


def unreadable(what: str, error: Exception) -> StorageError:
    allowed = isinstance(error, OSError) and error.errno in _NO_ACCESS
    return StorageError(f"{what} cannot be read ({cause(error)}){': allow reading it' if allowed else ''}.")


def _unwritable(what: str, error: OSError) -> OutputError:
    if error.errno in NO_SPACE:
        told = ": free space there, then run the same command again; what is done is kept"
    elif error.errno in (errno.ENOTDIR, errno.EEXIST):
        told = ": a file is where a folder should be, give another folder"
    else:
        told = ": allow writing there" if error.errno in _NO_ACCESS else ""
    return OutputError(f"cannot {what} ({cause(error)}){told}.")
