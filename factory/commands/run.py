"""`factory run` and `factory plan`: Hydra composes the configuration, the phases do the rest."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from factory.errors import ConfigError, FactoryError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from factory.phases.run import Engine
    from factory.storage import Storage


def conf_dir() -> Path:
    """The configuration tree: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parents[1] / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "conf"


def compose_and_call(command: str, overrides: list[str], verbose: bool) -> int:
    """Hands over to hydra.main: overrides, --help, --cfg job and misspelt keys behave as Hydra's users expect."""
    import hydra

    status: list[int] = []

    def job(cfg: "DictConfig") -> None:
        try:
            status.append(_JOBS[command](cfg))
        except FactoryError as error:
            if verbose:
                raise
            # Printed here: Hydra would wrap it in its own report.
            print(f"factory {command}: {error}", file=sys.stderr)
            status.append(1)

    if verbose:
        os.environ["HYDRA_FULL_ERROR"] = os.environ["FACTORY_VERBOSE"] = "1"
    sys.argv = [f"factory {command}", *map(quoted, overrides)]
    hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")(job)()
    return status[-1] if status else 0


def quoted(override: str) -> str:
    """Paths are taken as they are: Hydra's grammar would trip over a comma, a space or a bracket in one."""
    key, sign, value = override.partition("=")
    if key not in ("source", "output") or not sign or value[:1] in ("'", '"', "") or value == "???":
        return override
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{key}='{escaped}'"


def _run(cfg: "DictConfig") -> int:
    from omegaconf import OmegaConf

    from factory import console
    from factory.phases.build import build
    from factory.phases.record import record_run
    from factory.phases.run import run_phase

    sources, storage = _places(cfg)
    engine, workers = _engine(cfg.engine), _workers(cfg)
    phases = build(cfg, sources)
    storage.check_writable()
    if cfg.profile.ray_address:
        os.environ.setdefault("RAY_ADDRESS", cfg.profile.ray_address)
    summaries = []
    with console.progress() as progress:
        for phase in phases:
            summaries.append(
                run_phase(
                    phase,
                    storage,
                    engine,
                    workers=workers,
                    shard_size=cfg.shard_size,
                    retry_failed=cfg.retry == "failed",
                    progress=progress,
                )
            )
    record_run(storage, summaries, cfg.engine, OmegaConf.to_yaml(cfg, resolve=True))
    console.print_summary(summaries, storage)
    return 0


def _plan(cfg: "DictConfig") -> int:
    from factory import console
    from factory.phases.build import build
    from factory.phases.run import plan_phase

    sources, storage = _places(cfg)
    phases = build(cfg, sources)
    plans = [
        (phase, plan_phase(phase, storage, _workers(cfg), cfg.shard_size, cfg.retry == "failed")) for phase in phases
    ]
    console.print_plan(plans, cfg.engine, _workers(cfg))
    return 0


_JOBS: dict[str, Callable] = {"run": _run, "plan": _plan}


def _places(cfg: "DictConfig") -> "tuple[list[str], Storage]":
    from omegaconf import OmegaConf

    from factory.storage import Storage, find_sources

    for name, example in (("source", "source=my-videos"), ("output", "output=my-output")):
        if OmegaConf.is_missing(cfg, name) or not cfg[name]:
            raise ConfigError(f"{name} is not given: say {example}.")
    if cfg.retry not in ("none", "failed"):
        raise ConfigError(f"retry={cfg.retry} is not known: take none or failed.")
    return find_sources(str(cfg.source)), Storage.at(str(cfg.output))


def _workers(cfg: "DictConfig") -> int:
    if cfg.workers is not None and cfg.workers < 1:
        raise ConfigError(f"workers={cfg.workers} cannot work: take 1 or more, or null for all cores.")
    return cfg.workers or available_cores()


def available_cores() -> int:
    """Cores this process may use; containers often get fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _engine(name: str) -> "Engine":
    if name == "inline":
        from factory.engine.inline import run
    elif name == "ray":
        from factory.engine.ray import run
    else:
        raise ConfigError(f"engine={name} is not known: take ray or inline.")
    return run
