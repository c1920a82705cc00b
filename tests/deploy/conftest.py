"""A cluster that wants a token, and a folder of two small videos."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, shifted
from tests.videos import write

TOKEN = "a" * 64
DEPLOY = ROOT / "deploy"


def environment(token: str | None = TOKEN) -> dict[str, str]:
    """This process's, without anything of another cluster; `python` is this one, and the checkout is installed."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "AWS_"))}
    kept["PYTHONPATH"] = str(ROOT)
    kept["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
    return {**kept, **({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token} if token else {})}


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str]]:
    """`job_server` and `address` of a running cluster: a head without CPUs and two workers with one each."""
    yield from _running(workers=2)


@pytest.fixture(scope="module")
def head() -> Iterator[dict[str, str]]:
    """The same of a head that works itself."""
    yield from _running(workers=0)


def _running(workers: int) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "tests.deploy.cluster", str(workers)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment()
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("{"), f"the cluster did not start: {line}"
            yield json.loads(line)
        finally:
            process.communicate(timeout=60)  # closes its input, which ends it


@pytest.fixture(scope="session")
def videos(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    write(folder / "one.mp4", shifted(0, 60))
    write(folder / "two.mp4", shifted(1, 60))
    return folder
