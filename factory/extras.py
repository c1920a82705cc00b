"""Optional parts, and what installs one where it is missing."""

import re
from importlib.metadata import PackageNotFoundError, requires

DISTRIBUTION = "video-geometry-factory"  # pyproject.toml's name; `factory` on PyPI is somebody else's


def install_command(extra: str) -> str:
    """What installs an optional part. It names the packages themselves: that works in a checkout and beside a wheel,
    whether or not an index has this package."""
    try:
        declared = requires(DISTRIBUTION) or []
    except PackageNotFoundError:  # a checkout that is merely on the path
        return f"pip install '.[{extra}]' in the checkout"
    words = [f"'{name.strip()}'" for name, _, marker in (each.partition(";") for each in declared) if _is(extra, marker)]
    return f"pip install {' '.join(words)}"


def _is(extra: str, marker: str) -> bool:
    return re.search(rf"extra\s*==\s*['\"]{re.escape(extra)}['\"]", marker) is not None
