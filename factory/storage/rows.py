"""Rows of the table of sources, and how the rows of a list become such."""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from factory.errors import SourceError, StorageError
from factory.storage import lists
from factory.storage.names import is_http, real_path, scheme_of, without_secrets
from factory.storage.open import place_of
from factory.storage.places import is_s3, normal


class Found(NamedTuple):
    """A row of `sources.SCHEMA`, which tells what each column is."""

    source: str
    version: str | None = None
    location: str | None = None
    problem: str | None = None
    extra: tuple[tuple[str, str], ...] | None = None


def listed(uri: str, suffix: str, column: str, patience_s: float = 120.0) -> Iterator[Found]:
    """The rows of a list (see `lists.rows_of`). Raises StorageError when it cannot be read as one."""
    name = without_secrets(uri)
    try:
        if is_http(uri):
            from factory.storage.http import Http

            content = Http().read(uri)
        else:
            place = place_of(uri, patience_s)
            content = place.read(place.entry(uri).uri)
    except SourceError as error:
        raise StorageError(f"the list {error}") from error
    base = name.rpartition("/")[0]
    try:
        for row in lists.rows_of(content, suffix, column):
            yield _of_row(row, name, base)
    except StorageError as error:
        raise StorageError(f"the list {name} cannot be taken: {error}.") from error


def _of_row(row: lists.ListRow, list_name: str, base: str) -> Found:
    extra = tuple((_readable(key), _readable(value)) for key, value in row.extra.items() if value) or None
    if row.problem is not None:
        told = f"row {row.number} of the list {list_name} cannot be taken: {row.problem}."
        return Found(f"{list_name}:{row.number}", None, None, told, extra)
    return _named(row.source, base)._replace(extra=extra)


def _named(text: str, base: str) -> Found:
    """A cell of a list. A relative path begins at the list's folder."""
    whole = text if scheme_of(text) or text.startswith("/") else f"{base}/{text}"
    if is_http(whole):
        return web(_readable(whole), looked_up=False)
    if not scheme_of(whole):
        whole = _spelt(whole)
    try:
        name = normal(_readable(whole) if scheme_of(whole) else whole)
    except StorageError as error:
        return Found(without_secrets(_readable(whole)), problem=str(error))
    return Found(name, None if is_s3(name) else version_of(name))


def web(url: str, looked_up: bool) -> Found:
    """looked_up: whether the server is asked for the version."""
    name = without_secrets(url)
    host = name.partition("://")[2].partition("/")[0]
    if not host or any(character.isspace() for character in host):
        return Found(name, problem=f"{name} is no URL of a file: it names no server.")
    version = None
    if looked_up:
        from factory.storage.http import Http

        with suppress(StorageError):  # its own row will say why
            version = Http().entry(url).version
    return Found(name, version, None if url == name else url)


def _spelt(path: str) -> str:
    """The path in a list that is not UTF-8: by its bytes where such a file is there, else as Windows writes text."""
    return path if os.path.lexists(real_path(path)) else _readable(path)


def _readable(text: str) -> str:
    """Text of a list with bytes that are not UTF-8 read as Windows-1252, or else Latin-1, which knows them all."""
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def version_of(name: str) -> str | None:
    try:
        return place_of(name).entry(name).version
    except StorageError:
        return None
