"""A place is where bytes lie under URIs: this machine's file system or S3. Both offer the same operations."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from factory.errors import StorageError
from factory.storage.names import file_uri_path, real_path, scheme_of, shown_path, without_secrets

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Entry:
    """A file or object. `tag` changes when the content does: the ETag on S3 and of web servers, nanoseconds of the last
    change locally. `size`: bytes, -1 where a server does not tell."""

    uri: str
    size: int
    tag: str

    @property
    def version(self) -> str:
        return f"{self.size}-{self.tag}"


class Place(Protocol):
    """Operations on URIs. All raise StorageError with a sentence for the user, GoneError where nothing is there."""

    def entries(self, folder: str) -> Iterator[Entry]:
        """All files below a folder, however deep, in the order of their names; none where there is no such folder."""

    def folders(self, folder: str) -> list[str]:
        """Names of the folders directly below a folder; none where there is no such folder."""

    def entry(self, uri: str) -> Entry:
        """One file."""

    def read(self, uri: str) -> bytes: ...

    def table(self, entry: Entry, columns: list[str] | None) -> pa.Table:
        """A Parquet file, or some of its columns. Raises OSError or pa.ArrowException when it is none."""

    def schema(self, entry: Entry) -> pa.Schema:
        """Columns and metadata of a Parquet file. Raises OSError or pa.ArrowException when it is none."""

    def write(self, uri: str, content: bytes) -> None:
        """The whole file or nothing, in one step: a rename, or one PUT."""

    def create(self, uri: str, content: bytes) -> bool:
        """Like `write`, where there is nothing yet; False where there is. Some stores let two at once both succeed."""

    def delete(self, uri: str) -> None:
        """Nothing happens where there is nothing."""

    def age_s(self, uri: str) -> float:
        """Seconds since the last write by the store's own clock: clocks of different machines are never compared."""


def is_s3(uri: str) -> bool:
    return uri.startswith("s3://")


def normal(uri: str | Path) -> str:
    """`s3://bucket/key` without a closing slash, or the name of an absolute local path (see `names`).

    Raises StorageError for other schemes.
    """
    uri = str(uri)
    scheme = scheme_of(uri)
    if scheme == "s3":
        uri = f"s3://{uri.partition('://')[2]}"
        _refuse_keys(uri)
        if not split(uri)[0]:
            raise StorageError(f"{uri} names no bucket: write s3://bucket/path.")
        return uri.rstrip("/")
    if scheme == "" and (meant := re.match(r"(s3|https?):/*", uri, re.IGNORECASE)):
        raise StorageError(f"{without_secrets(uri)} is not understood: did you mean {meant[1]}://... ?")
    path = file_uri_path(uri) if scheme == "file" else real_path(uri)
    if scheme not in ("", "file") or path is None:
        told = "give a local path or s3://bucket/path"
        raise StorageError(f"{without_secrets(uri)} is not understood: {told}.")
    return shown_path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111  (resolve() follows links)


def _refuse_keys(uri: str) -> None:
    """A URI is printed, logged and kept in manifests: keys in it would be too. Raises StorageError without them."""
    bucket = split(uri)[0]
    if "@" in bucket or (":" in bucket and not bucket.startswith("arn:")):
        shown = uri.rpartition("@")[2] if "@" in uri else "..."
        raise StorageError(
            f"s3://***@{shown} has keys in it, which do not belong there: "
            "write s3://bucket/path, and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of an S3 URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def is_safe(name: str) -> bool:
    return _SAFE_NAME.fullmatch(name) is not None


def safe(name: str) -> str:
    """The name, when it can be a part of a path that leads nowhere else. Raises StorageError."""
    if not is_safe(name):
        raise StorageError(f"the name {name!r} may not be part of a path: use letters, digits, dot, dash, underscore.")
    return name
