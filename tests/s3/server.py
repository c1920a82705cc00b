"""A real S3 server for tests: deploy/s3-dev in a folder of the test's own, on free ports."""

import os
import random
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "deploy" / "s3-dev" / "start.sh"


@dataclass(frozen=True)
class Server:
    folder: Path
    venv: Path
    port: int
    env: Mapping[str, str]  # the variables that S3 clients read: keys, region, endpoint
    guard: subprocess.Popen[bytes]

    @property
    def endpoint(self) -> str:
        return self.env["AWS_ENDPOINT_URL_S3"]

    def kill(self) -> None:
        """SIGKILL to every process, as a crash."""
        _script("kill", self.folder)

    def start_again(self) -> None:
        """On the same port, with the data that was there. Raises RuntimeError when it does not come up."""
        _script("start", self.folder, self.port, SWIFT_VENV=self.venv)

    def stop(self) -> None:
        """For good. It also happens when this process ends in whatever way."""
        self.guard.communicate()
        if self.guard.returncode:
            raise RuntimeError(f"the S3 server in {self.folder} could not be stopped: end it with {SCRIPT} stop.")


def start(folder: Path, attempts: int = 5) -> Server:
    """A server that answers. Raises RuntimeError with the reason when Swift cannot be installed or started."""
    venv, port = _swift(), _free_ports(4)
    try:
        _script("start", folder, port, SWIFT_VENV=venv)
    except RuntimeError as error:
        if "is taken" in str(error) and attempts > 1:  # by another process, between the look and the start
            return start(folder, attempts - 1)
        raise
    lines = (folder / "s3.env").read_text().splitlines()
    # It waits for the end of its input, which comes with stop() or with the death of this process, and ends the server.
    words = ["sh", "-c", 'cat >/dev/null; exec "$0" stop "$1"', str(SCRIPT), str(folder)]
    guard = subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True)
    return Server(folder, venv, port, dict(line.split("=", 1) for line in lines), guard)


def _swift() -> Path:
    """SWIFT_VENV, or an environment beside the packages of this one, made when it is not there."""
    if named := os.environ.get("SWIFT_VENV"):
        return Path(named)
    venv = Path(sys.prefix) / "s3-dev"
    _script("install", venv, PYTHON=sys.executable)
    return venv


def _free_ports(count: int) -> int:
    """The first of `count` free ports in a row. Below 32768: an outgoing connection never takes one of them."""
    for _ in range(100):
        first = random.randrange(20000, 32000)
        sockets = [socket.socket() for _ in range(count)]
        try:
            for port, probe in enumerate(sockets, first):
                probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        finally:
            for probe in sockets:
                probe.close()
        return first
    raise RuntimeError("no four free ports in a row between 20000 and 32000: end what holds them.")


def _script(command: str, *args: object, **env: object) -> None:
    words = [str(SCRIPT), command, *map(str, args)]
    variables = {**os.environ, **{name: str(value) for name, value in env.items()}}
    done = subprocess.run(words, env=variables, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the S3 server of the tests: {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
