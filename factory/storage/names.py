"""How sources and places are named. A name is valid Unicode and holds no secret, so that it may stand in a manifest, a
message or a log; what the system or a server is asked for can differ from it.

A local file whose name is not UTF-8 is named by a URI, file:///folder/caf%E9.mp4, which leads back to its bytes. A URL
is named without user, password and query.
"""

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_FILE = re.compile(r"file:(?://(?P<host>[^/]*))?(?P<path>/.*)", re.IGNORECASE | re.DOTALL)
_URL = re.compile(r"https?://[^\s'\"]+", re.IGNORECASE)
_LOCAL_HOSTS = ("", "localhost")


def scheme_of(uri: str) -> str:
    """`s3`, `https`, ... in lower case; empty for a local path."""
    if uri[:6].lower() == "file:/":
        return "file"
    found = _SCHEME.match(uri)
    return found[1].lower() if found else ""


def is_http(uri: str) -> bool:
    return scheme_of(uri) in ("http", "https")


def shown_path(path: str) -> str:
    """The name of a local path as Python has it from the system: as it is, or a file:// URI where it is not UTF-8."""
    raw = _bytes(path)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return f"file://{quote(raw)}"


def real_path(name: str) -> str:
    """The path that a name means, as the system takes it; the inverse of `shown_path` under any locale."""
    return os.fsdecode(unquote_to_bytes(name[len("file://") :]) if name.startswith("file://") else _bytes(name))


def file_uri_path(uri: str) -> str | None:
    """The path of a file:// URI, its escapes resolved, as the system takes it; None when it is another machine's."""
    found = _FILE.fullmatch(uri)
    if found is None or (found["host"] or "").lower() not in _LOCAL_HOSTS:
        return None
    return os.fsdecode(unquote_to_bytes(_bytes(found["path"])))


def without_secrets(uri: str) -> str:
    """The URI without user and password, and, unless it is S3's, whose keys may hold any character, without query."""
    scheme = scheme_of(uri)
    if scheme in ("", "file"):
        return uri
    rest = uri.partition("://")[2]
    if scheme != "s3":
        rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    place, slash, path = rest.partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"


def public(value: Any) -> Any:
    """Settings, or a text, in which URLs may stand: with their names alone, and valid Unicode."""
    if isinstance(value, Mapping):
        return {name: public(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [public(inner) for inner in value]
    if not isinstance(value, str):
        return value
    # A value that is a URL may hold blanks and quotes.
    return (
        valid(without_secrets(value))
        if is_http(value)
        else _URL.sub(lambda found: without_secrets(found[0]), valid(value))
    )


def path_of(url: str) -> str:
    """The path of a URL or URI, without its query: where a suffix is looked for."""
    return urlsplit(url).path if is_http(url) else url


def valid(text: str) -> str:
    """The text as valid Unicode: what is none is escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def _bytes(text: str) -> bytes:
    """What the system calls the path. Text that did not come from it (a manifest, a list) is UTF-8."""
    try:
        return os.fsencode(text)
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
