"""What `import factory` gives: a run from Python, and an output opened."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from factory.data.opened import Output
from factory.errors import ConfigError

UNGUARDED = (
    "factory.run is called at the top level of a script, which every worker process runs again: put the call under "
    'if __name__ == "__main__":'
)


def open_output(output: str | Path) -> Output:
    """The output of a run, read only: a folder or an s3:// prefix. Raises StorageError where nothing of a run lies."""
    return Output.at(output)


def run(source: str | Path, output: str | Path, settings: Mapping[str, Any] | None = None, **choices: Any) -> Output:
    """What the command `factory run` does, in this process; returns the output.

    settings: by their keys, {"pose.min_quality": "gold"}; choices: those whose key is a name, pipeline="pose". Values
    are Python's: None, True, numbers, text, lists. Raises FactoryError with the sentence that the command would print;
    clips that fail do not raise: their rows say why. In a script it has to stand under `if __name__ == "__main__":`, as
    all that starts processes.
    """
    if sys._getframe(1).f_globals.get("__name__") == "__mp_main__":  # a worker reads the script that started it
        raise ConfigError(UNGUARDED)
    from factory.commands.compose import configured
    from factory.commands.run import run_settings

    given = {"source": str(source), "output": str(output), **(settings or {}), **choices}
    run_settings(configured([f"{key}={_text(value)}" for key, value in given.items()]), verbose=False)
    return Output.at(output)


def _text(value: Any) -> str:
    """A value as a word of the command line says it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_text, value))}]"
    return str(value)
