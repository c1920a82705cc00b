"""A folder of this user's own for all processes of the node, also where strangers may write beside it.

In a shared temporary folder anybody can make the folder or a link of the expected name first, and so choose which files
are emptied, deleted or read. What is not plainly ours is refused.
"""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

import platformdirs

from factory.errors import OutputError
from factory.storage.local import cause

_OPEN_TO_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def own_cache(given: str | None) -> Path:
    """The folder given where it is this user's alone, `factory-cache-<uid>` inside it where others may write too.

    Without one the user's cache folder; or such a folder in the temporary one where there is no home that can be
    written to, or not as this user, as in many containers. The same for all processes of a node that have the same
    environment. Raises OutputError when it cannot be made, or somebody else has made it.
    """
    if given is not None:
        folder = Path(given)
        return own_folder(_inside(folder) if folder.is_dir() and _objection(folder) else folder)
    folder = platformdirs.user_cache_path("factory")
    home = "/" if os.environ.get("XDG_CACHE_HOME") else os.path.expanduser("~")  # noqa: PTH111
    if folder.is_absolute() and Path(home).is_dir():
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            pass
        else:
            if os.access(folder, os.W_OK) and not _objection(folder):
                return folder
    return own_folder(_inside(Path(tempfile.gettempdir())))


def own_folder(path: Path) -> Path:
    """The folder, made where it is missing. Raises OutputError when it cannot be, or is a link, somebody else's, or
    open to others."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
        objection = _objection(path)
    except OSError as error:
        raise OutputError(f"the cache {path} cannot be made ({cause(error)}): set storage.cache_dir.") from error
    if objection:
        raise OutputError(f"the cache {path} {objection}: set storage.cache_dir to a folder that is yours alone.")
    return path


def _objection(path: Path) -> str:
    """Why the folder is not this user's alone; empty where it is."""
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        return "is a link" if stat.S_ISLNK(found.st_mode) else "is a file"
    if found.st_uid != os.geteuid():
        return "belongs to another user"
    return "can be written to by other users" if found.st_mode & _OPEN_TO_OTHERS else ""


def _inside(folder: Path) -> Path:
    return folder / f"factory-cache-{os.getuid()}"
