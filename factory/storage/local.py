"""The file system of this machine, or one that several machines share."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from factory.errors import GoneError, StorageError
from factory.storage.places import Entry


class Local:
    """See `places.Place`."""

    def entries(self, folder: str) -> Iterator[Entry]:
        for path in walk(folder):
            with suppress(GoneError):  # a link that leads nowhere, or deleted since
                yield self.entry(path)

    def folders(self, folder: str) -> list[str]:
        try:
            return [found.name for found in os.scandir(folder) if found.is_dir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise StorageError(f"folder {folder} cannot be read ({_cause(error)}): mend its permissions.") from error

    def entry(self, uri: str) -> Entry:
        try:
            found = os.stat(uri)  # noqa: PTH116  (a hundred thousand times)
        except FileNotFoundError as error:
            raise GoneError(f"{uri} is gone: put it back, or run again without it.") from error
        except OSError as error:
            raise StorageError(f"{uri} cannot be looked at ({_cause(error)}): mend its permissions.") from error
        return Entry(uri, found.st_size, str(found.st_mtime_ns))

    def read(self, uri: str) -> bytes:
        try:
            return Path(uri).read_bytes()
        except FileNotFoundError as error:
            raise GoneError(f"{uri} is gone: put it back, or run again without it.") from error
        except OSError as error:
            raise StorageError(f"{uri} cannot be read ({_cause(error)}): mend its permissions.") from error

    def table(self, entry: Entry, columns: list[str] | None) -> pa.Table:
        try:
            return pq.ParquetFile(entry.uri).read(columns=columns)
        except FileNotFoundError as error:
            raise GoneError(f"{entry.uri} is gone: put it back, or run again without it.") from error

    def write(self, uri: str, content: bytes) -> None:
        write_atomic(Path(uri), content)

    def create(self, uri: str, content: bytes) -> bool:
        temporary = Path(uri).with_name(f".{Path(uri).name}.{uuid4().hex}")
        write_atomic(temporary, content)
        try:
            os.link(temporary, uri)  # unlike a rename it fails where something is
        except FileExistsError:
            return False
        except OSError:
            return _create_in_two_steps(uri, content)
        finally:
            temporary.unlink()
        return True

    def delete(self, uri: str) -> None:
        try:
            Path(uri).unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"cannot delete {uri} ({_cause(error)}): mend its permissions.") from error

    def age_s(self, uri: str) -> float:
        written_ns = int(self.entry(uri).tag)
        probe = Path(uri).with_name(f".probe-{uuid4().hex}")
        try:
            probe.touch()
            return (probe.stat().st_mtime_ns - written_ns) / 1e9
        except OSError as error:
            raise StorageError(f"cannot write beside {uri} ({_cause(error)}): mend its permissions.") from error
        finally:
            probe.unlink(missing_ok=True)


def walk(folder: str) -> Iterator[str]:
    """All files below a folder by name, links that lead nowhere among them; none where there is no such folder."""
    for parent, folders, names in os.walk(folder, onerror=_refuse):
        folders.sort()
        yield from (f"{parent}/{name}" for name in sorted(names))


def write_atomic(path: Path, content: bytes) -> None:
    """Writes a whole file or nothing: a temporary name beside it, flushed to disk, then renamed."""
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):  # the error that matters is the one at hand
            temporary.unlink()
        raise StorageError(f"cannot write {path} ({_cause(error)}): free space or mend its permissions.") from error


def _create_in_two_steps(uri: str, content: bytes) -> bool:
    """Where the file system has no links."""
    try:
        with Path(uri).open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    except OSError as error:
        raise StorageError(f"cannot write {uri} ({_cause(error)}): free space or mend its permissions.") from error
    return True


def _refuse(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise StorageError(f"folder {error.filename} cannot be read ({_cause(error)}): mend its permissions.")


def _cause(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
