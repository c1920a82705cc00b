"""Sends a run to a Ray cluster, streams its log here and ends with its exit status."""

import argparse
import re
import shlex
import sys
from pathlib import Path
from typing import Any

from factory.commands.compose import configured
from factory.confdir import conf_dir
from factory.engine.ray_cluster import forwarded
from factory.errors import ConfigError
from factory.settings import Settings
from factory.storage.names import is_http, without_secrets
from factory.storage.places import normal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--address",
        help="URL of the cluster's job server; without: RAY_API_SERVER_ADDRESS, RAY_ADDRESS where that is a URL, "
        "or http://127.0.0.1:8265",
    )
    parser.add_argument("--no-wait", action="store_true", help="name the job and leave")
    parser.add_argument("words", nargs="*", metavar="key=value", help="what `factory run` would be given")


def call(options: argparse.Namespace) -> int:
    check(options.words)
    from factory.engine import job_server

    address = job_server.find(options.address)
    client = job_server.connect(address)
    job = job_server.send(client, entrypoint(options.words), runtime_env())
    print(f"job {job} at {address}", flush=True)
    if options.no_wait:
        print(f"follow it: ray job logs --follow --address {address} {job}")
        return 0
    try:
        return job_server.watch(client, job)
    except KeyboardInterrupt:
        print(
            "factory submit: the job goes on without this watch: "
            f"end it with ray job stop --address {address} {job}, or follow it again with ray job logs --follow.",
            file=sys.stderr,
        )
        return 130


def check(words: list[str]) -> Settings:
    """The settings the job will have. Raises ConfigError for words that `factory run` would refuse, and for places that
    are not the cluster's."""
    from factory.phases.build import build
    from factory.storage.sources import SCHEMA

    try:
        cfg = configured(["profile=cluster", *words])
    except ConfigError as error:
        raise ConfigError(f"nothing is sent: {error}") from error
    for name, uri in (("source", cfg.source), ("output", cfg.output)):
        _check_place(name, uri)
    build(cfg, SCHEMA.empty_table())
    return cfg


def _check_place(name: str, uri: str) -> None:
    if is_http(uri):
        if without_secrets(uri) != uri:
            raise ConfigError(f"{name} has a user or a query, which Ray would show with the job: give a list of URLs.")
        return
    normal(uri)  # keys in it would travel with the job
    if not re.match(r"[a-z][a-z0-9+.-]*://", uri) and not uri.startswith("/"):
        raise ConfigError(
            f"{name}={uri} is a relative path, which means another place on the cluster: "
            "give a full path that all its machines share, or s3://."
        )


def entrypoint(words: list[str]) -> str:
    """The shell command of the job."""
    return shlex.join(["python", "-m", "factory", "run", "profile=cluster", *words])


def runtime_env() -> dict[str, Any]:
    """What travels with the job: where the data lies and, from a checkout, this code; .rayignore says what is not."""
    env: dict[str, Any] = {"env_vars": forwarded()}
    if root := checkout():
        env["working_dir"] = str(root)
    return env


def checkout() -> Path | None:
    """The folder that holds both factory/ and conf/; None where factory is an installed package."""
    package = Path(__file__).parents[1]
    return package.parent if conf_dir().parent == package.parent else None
