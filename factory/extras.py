"""What may be missing on a machine, optional parts and libraries of the system, and what installs it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, requires

from factory.errors import ConfigError

DISTRIBUTION = "video-geometry-factory"  # pyproject.toml's name; `factory` on PyPI is somebody else's


def install_command(extra: str) -> str:
    """What installs an optional part. It names the packages themselves: that works in a checkout and beside a wheel,
    whether or not an index has this package."""
    try:
        declared = requires(DISTRIBUTION) or []
    except PackageNotFoundError:  # a checkout that is merely on the path
        declared = []
    words = [
        f"'{name.strip()}'" for name, _, marker in (each.partition(";") for each in declared) if _is(extra, marker)
    ]
    if not words:  # or one that was installed before it had this extra
        return f"pip install '.[{extra}]' in the checkout"
    return f"pip install {' '.join(words)}"


@contextmanager
def system_libraries_named() -> Iterator[None]:
    """Raises ConfigError where a package cannot load a library of the system: OpenCV's wheel brings neither libGL nor
    GLib, and slim images and servers lack them."""
    try:
        yield
    except ImportError as error:
        if (library := re.search(r"[\w.+-]+\.so[.\d]*", str(error))) is None:
            raise
        packages = "libgl1 libglib2.0-0 (libglib2.0-0t64 since Debian 13 and Ubuntu 24.04)"
        advice = f"on Debian and Ubuntu install {packages}" if library[0] in _OF_OPENCV else "install what provides it"
        raise ConfigError(f"the system's library {library[0]} cannot be loaded: {advice}.") from error


_OF_OPENCV = ("libGL.so.1", "libgthread-2.0.so.0", "libglib-2.0.so.0")


def _is(extra: str, marker: str) -> bool:
    return re.search(rf"extra\s*==\s*['\"]{re.escape(extra)}['\"]", marker) is not None
