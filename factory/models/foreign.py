"""Packages that are on no index: installed from their repository, or a folder of it."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

from factory.errors import ConfigError


def foreign(module: str, repository: str, code_at: str | None) -> ModuleType:
    """The module, from the folder `code_at` where it is given. Raises ConfigError where it cannot be imported."""
    if code_at is not None and (folder := str(Path(code_at).expanduser().absolute())) not in sys.path:
        sys.path.append(folder)  # behind what is installed
    try:
        return importlib.import_module(module)
    except ImportError as error:
        advice = f"install what {repository} says, or give code_at=FOLDER with a copy of it"
        raise ConfigError(f"{module} cannot be imported ({error}): {advice}.") from error
