"""What past runs of an output say of themselves beside what they cost: their configuration."""

from collections.abc import Mapping
from typing import Any

from factory.manifest.query import connect
from factory.storage.output import Storage


def newest_config(storage: Storage, phase: str) -> Mapping[str, Any] | None:
    """The configuration of a phase's newest run, as YAML has it: a changed one would have redone every clip. None where
    no run is recorded."""
    import yaml

    newest = "SELECT config FROM runs WHERE phase = ? ORDER BY started_at DESC LIMIT 1"
    row = connect(storage).execute(newest, [phase]).fetchone() if storage.run_files() else None
    return None if row is None else yaml.safe_load(row[0])
