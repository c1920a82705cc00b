"""Packages that the extra `models` does not bring: installed by hand, or a folder of their repository."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

from factory.errors import ConfigError


def absolute(folder: str | None) -> str | None:
    """As seen from where the configuration is read: replicas have other working directories."""
    return None if folder is None else str(Path(folder).expanduser().absolute())


def foreign(module: str, code_from: str, code_at: str | None) -> ModuleType:
    """The module, from the folder `code_at` where it is given. code_from: what installs it. Raises ConfigError where it
    cannot be imported."""
    if code_at is not None and code_at not in sys.path:
        sys.path.append(code_at)  # behind what is installed
    try:
        return importlib.import_module(module)
    except ImportError as error:
        advice = f"{code_from}, or give code_at=FOLDER with a copy of it"
        raise ConfigError(f"{module} cannot be imported ({error}): {advice}.") from error
