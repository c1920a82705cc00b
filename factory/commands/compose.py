"""What `factory run` and `factory plan` share: Hydra composes the configuration, and the machine is looked at."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from factory.errors import ConfigError, FactoryError
from factory.extras import system_libraries_named

if TYPE_CHECKING:
    import pyarrow as pa
    from omegaconf import DictConfig

    from factory.engine.placement import Node
    from factory.phases.phase import Phase
    from factory.storage.output import Storage


def conf_dir() -> Path:
    """The configuration tree: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parents[1] / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "conf"


def compose_and_call(command: str, job: Callable[["DictConfig"], int], overrides: Sequence[str], verbose: bool) -> int:
    """Hands over to hydra.main: overrides, --help, --cfg job and misspelt keys behave as Hydra's users expect."""
    import hydra

    status: list[int] = []

    def told(cfg: "DictConfig") -> None:
        try:
            with system_libraries_named():
                status.append(job(cfg))
        except FactoryError as error:
            if verbose:
                raise
            # Printed here: Hydra would wrap it in its own report.
            print(f"factory {command}: {error}", file=sys.stderr)
            status.append(1)

    if verbose:
        os.environ["HYDRA_FULL_ERROR"] = os.environ["FACTORY_VERBOSE"] = "1"
    sys.argv = [f"factory {command}", *map(quoted, overrides)]
    hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")(told)()
    return status[-1] if status else 0


def quoted(override: str) -> str:
    """Paths are taken as they are: Hydra's grammar would trip over a comma, a space or a bracket in one."""
    key, sign, value = override.partition("=")
    if key not in ("source", "output") or not sign or value[:1] in ("'", '"', "") or value == "???":
        return override
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{key}='{escaped}'"


def check_given(cfg: "DictConfig") -> None:
    """Raises ConfigError where a place is left out."""
    from omegaconf import OmegaConf

    for name in ("source", "output"):
        if OmegaConf.is_missing(cfg, name) or not cfg[name]:
            raise ConfigError(f"{name} is not given: say {name}=my-folder, or {name}=s3://bucket/folder.")


def places(cfg: "DictConfig") -> "tuple[pa.Table, Storage]":
    """The sources and the output that were named."""
    from factory.storage.output import Storage
    from factory.storage.sources import find_sources

    check_given(cfg)
    if cfg.retry not in ("none", "failed"):
        raise ConfigError(f"retry={cfg.retry} is not known: take none or failed.")
    storage = Storage.at(str(cfg.output), cfg.storage.patience_s)
    return find_sources(str(cfg.source)), storage


def nodes_of(cfg: "DictConfig", phases: "Sequence[Phase]") -> "list[Node]":
    """This machine, or the nodes of the cluster, which is joined for that."""
    from factory.engine.placement import this_machine

    if cfg.profile.ray_address:
        os.environ.setdefault("RAY_ADDRESS", cfg.profile.ray_address)
    if cfg.engine != "ray" or "RAY_ADDRESS" not in os.environ:
        here = this_machine(count_gpus=any(phase.resources.gpus for phase in phases))
        return [replace(here, cpus=max(here.cpus, cfg.workers or 0))]  # one's own cores one may share out as one likes
    from factory.engine.ray_cluster import connect, nodes
    from factory.engine.work import Resources

    connect(0, Resources())
    return nodes()


def workers_of(cfg: "DictConfig", phases: "Sequence[Phase]", nodes: "Sequence[Node]") -> dict[str, int]:
    """Workers of each phase. Raises ConfigError when they do not fit."""
    from factory.engine.placement import workers_that_fit

    if cfg.workers is not None and cfg.workers < 1:
        raise ConfigError(f"workers={cfg.workers} cannot work: take 1 or more, or null for all that fit.")
    grows = bool(cfg.profile.autoscales)
    return {p.name: workers_that_fit(p.name, p.resources, nodes, cfg.workers, grows) for p in phases}
