"""Data for pages that are opened from a disk: scripts that assign JSON, as `fetch` reads no file://."""

import json
import math
from pathlib import Path
from typing import Any

from factory.storage.local import write_atomic

DIGITS = 5  # of numbers; pages show four


def write_shard(folder: Path, name: str, value: Any) -> None:
    """<folder>/<name>.js, which puts the value into `FACTORY[name]` of its page. Text is ASCII with every `<` escaped:
    no name of a file can end the script, whatever it holds."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    write_atomic(folder / f"{name}.js", f"(self.FACTORY??={{}})[{json.dumps(name)}]={text}\n".encode())


def plain(value: Any) -> Any:
    """A manifest's value as JSON has it: numbers of `DIGITS` digits, null for what is none."""
    if isinstance(value, float):
        short = float(f"{value:.{DIGITS}g}")  # which may be beyond the largest number
        return short if math.isfinite(short) else None
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    return value if value is None or isinstance(value, bool | int | str) else str(value)
