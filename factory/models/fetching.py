"""Fetches weights from where their authors keep them, on demand and never in a run."""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from factory.errors import OutputError, StorageError
from factory.models.weights import SUMS, WeightFile, WeightSet, WeightStore, check_file, weight_set
from factory.storage.digest import file_digest
from factory.storage.http import Http
from factory.storage.local import cause
from factory.storage.open import place_of
from factory.storage.places import is_s3

MOST_BYTES = 100_000_000_000  # of a file whose server does not tell its size
PATIENCE_S = 120.0  # with a bucket that is away, as in `storage`


def fetch(name: str, store: WeightStore, said: Callable[[str], None]) -> None:
    """Puts a set where the store looks for it. Files that are there and right stay. One process at a time on a machine.

    Raises ConfigError where a file is another than it should be, StorageError where it cannot be had or kept.
    """
    wanted = weight_set(name)
    if is_s3(store.root):
        if not store.missing(name):
            with store.held(name):
                said(f"{name}: in {store.folder(name)} already, right")
            return
        with tempfile.TemporaryDirectory(prefix="factory-weights-") as scratch:
            local = WeightStore(scratch)
            _fetch(name, wanted, local, store.sums(name), said)
            _upload(name, local, store)
        said(f"{name}: in {store.folder(name)}")
        return
    with _alone(Path(store.folder(name))):
        _fetch(name, wanted, store, store.sums(name), said)


def _fetch(name: str, wanted: WeightSet, store: WeightStore, sums: dict[str, str], said: Callable[[str], None]) -> None:
    """sums: what was noted of files when they came first, here or where they are to go."""
    folder = Path(store.folder(name))
    for file in wanted.files:
        path = folder / file.name
        if path.exists() and (file.sha256 or file.name in sums):
            check_file(name, file, path, sums.get(file.name, ""))
            said(f"{name}: {file.name} is there already")
            continue
        said(f"{name}: {file.name}, {file.mb:g} MB from {file.url}")
        new = file.name not in sums
        _download(name, file, path, sums)
        if new and not file.sha256:
            said(f"{name}: nobody has said what it should hold; its SHA-256, {sums[file.name]}, is noted in {SUMS}")


def _download(name: str, file: WeightFile, path: Path, sums: dict[str, str]) -> None:
    """The file, once it is what it should be and its digest is noted."""
    partial = path.with_name(f"{path.name}.partial")
    http = Http()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as out:
            http.download(http.entry(file.url), out, MOST_BYTES)
        if file.sha256 or file.name in sums:
            check_file(name, file, partial, sums.get(file.name, ""))
        sums[file.name] = file_digest(partial)
        folder = Path(str(path).removesuffix(file.name))
        place_of(str(folder)).write(f"{folder}/{SUMS}", _written(sums))
        partial.rename(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({cause(error)}): free space there, or give --at.") from error
    except StorageError as error:
        told = str(error).partition(": ")[0].rstrip(".")
        raise StorageError(f"{told}: try again, or put {file.name} into {path.parent} yourself.") from None
    finally:
        partial.unlink(missing_ok=True)


def _upload(name: str, local: WeightStore, store: WeightStore) -> None:
    from factory.storage.s3 import S3

    bucket = S3(PATIENCE_S)
    for file in (*(each.name for each in weight_set(name).files), SUMS):
        bucket.upload(f"{store.folder(name)}/{file}", Path(local.folder(name)) / file)


def _written(sums: dict[str, str]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())).encode()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written to ({cause(error)}): give --at another place.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
