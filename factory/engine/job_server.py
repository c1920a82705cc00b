"""The job server of a Ray cluster, seen from a machine outside it."""

import asyncio
import logging
import os
import re
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from factory.errors import ConfigError, FactoryError

if TYPE_CHECKING:
    from ray.job_submission import JobSubmissionClient

DEFAULT_ADDRESS = "http://127.0.0.1:8265"  # Ray's own port; what `kubectl port-forward` and `ray dashboard` give


def find(given: str | None) -> str:
    """The URL of the job server. Raises ConfigError where none answers."""
    ray_address = os.environ.get("RAY_ADDRESS", "")
    from_ray = os.environ.get("RAY_API_SERVER_ADDRESS") or (ray_address if ray_address.startswith("http") else "")
    address = (given or from_ray or DEFAULT_ADDRESS).rstrip("/")
    if "://" not in address:
        address = f"http://{address}"
    if not re.fullmatch(r"https?://[^/]+(/.*)?", address):
        raise ConfigError(f"{address} is no address of a job server: give a URL such as {DEFAULT_ADDRESS}.")
    try:
        # Ray itself would try for minutes.
        urllib.request.urlopen(f"{address}/api/version", timeout=10).close()
    except urllib.error.HTTPError:
        pass  # somebody answers; what they think of us, Ray's client finds out
    except (OSError, ValueError, HTTPException) as error:
        raise ConfigError(
            f"no Ray job server answers at {address}: start the cluster, forward its port 8265, or give --address."
        ) from error
    return address


def connect(address: str) -> "JobSubmissionClient":
    """Raises ConfigError where the token is wrong or missing (RAY_AUTH_MODE, RAY_AUTH_TOKEN, RAY_AUTH_TOKEN_PATH)."""
    from ray.exceptions import AuthenticationError
    from ray.job_submission import JobSubmissionClient

    for name in ("ray.dashboard.modules.dashboard_sdk", "ray.dashboard.modules.job.sdk", "ray._private"):
        logging.getLogger(name).setLevel(logging.ERROR)  # they tell of every package and socket
    os.environ["RAY_API_SERVER_ADDRESS"] = address  # to Ray, the environment counts more than the argument
    try:
        return JobSubmissionClient(address)
    except AuthenticationError as error:
        raise ConfigError(
            f"the job server at {address} wants its cluster's token: set RAY_AUTH_MODE=token, and "
            "RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH to that token."
        ) from error
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigError(
            f"what answers at {address} is no Ray job server ({_line(error)}): check --address."
        ) from error


def send(client: "JobSubmissionClient", entrypoint: str, runtime_env: dict[str, Any]) -> str:
    """The id of the new job. Raises ConfigError where the server does not take it."""
    try:
        return client.submit_job(entrypoint=entrypoint, runtime_env=runtime_env)
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigError(f"the job server did not take the job: {_line(error)}") from error


def watch(client: "JobSubmissionClient", job: str) -> int:
    """Streams the job's log until it has ended. 0 for success; else its exit status, or 1 where it has none.

    Raises FactoryError when the server goes away.
    """
    import aiohttp

    async def tail() -> None:
        async for lines in client.tail_job_logs(job):
            print(lines, end="", flush=True)

    try:
        asyncio.run(tail())
    except (aiohttp.ClientError, RuntimeError) as error:
        # Proxies cut the stream of a job that is silent for long. The job goes on, and so does the wait for its end.
        print(f"factory submit: the log stream broke ({_line(error)}); waiting for the job's end.", file=sys.stderr)
    try:
        while not (details := client.get_job_info(job)).status.is_terminal():
            time.sleep(1)
    except (OSError, RuntimeError) as error:
        raise FactoryError(
            f"the job server is gone ({_line(error)}): job {job} may be over or go on, look at its output."
        ) from error
    if details.status == "SUCCEEDED":
        return 0
    print(f"factory submit: job {job} {details.status.lower()}: {_first(details.message)}", file=sys.stderr)
    code = details.driver_exit_code
    return code if code is not None and 0 < code < 256 else 1


def _line(error: Exception) -> str:
    return _first(str(error) or type(error).__name__)


def _first(text: str | None) -> str:
    return (text or "it left no message").splitlines()[0]
