"""The `runs` manifest: when, where, with what versions and settings, and what it cost."""

import platform
import random
import socket
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version

from factory import __version__
from factory.manifest.schema import RUNS, schema
from factory.manifest.write import parquet_of_rows
from factory.phases.run import Summary
from factory.storage.output import Storage

LIBRARIES = ("av", "numpy", "opencv-python", "pyarrow", "pycolmap", "ray", "scipy")


def new_run_id() -> str:
    """Times order runs, the digits keep two that start in one second apart. It enters no other manifest."""
    return f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S}-{random.SystemRandom().randrange(10**4):04d}"


def record_run(
    storage: Storage,
    run_id: str,
    summaries: Sequence[Summary],
    engine: str,
    config_yaml: str,
) -> None:
    """Writes one row a phase."""
    versions = list(installed_versions().items())
    rows = [
        {
            "run_id": run_id,
            "phase": s.phase,
            "engine": engine,
            "started_at": s.started_at,
            "wall_s": s.wall_s,
            "inputs": s.inputs,
            "committed_before": s.committed_before,
            **{status: s.counts[status] for status in ("ok", "rejected", "failed")},
            "stage_seconds": list(s.stage_seconds.items()),
            "cpu_s": s.cpu_s,
            "gpu_s": s.gpu_s,
            "model_seconds": list(s.model_seconds.items()),
            "model_replicas": list(s.model_replicas.items()),
            "waited_s": s.waited_s,
            "workers": s.workers,
            "host": socket.gethostname(),
            "versions": versions,
            "config": config_yaml,
        }
        for s in summaries
    ]
    storage.write(storage.run_file(run_id), parquet_of_rows(rows, schema(*RUNS)))


def installed_versions() -> dict[str, str]:
    found = {"factory": __version__, "python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "not installed"
    return found
