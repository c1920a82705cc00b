"""From the composed configuration to phases: Hydra's `_target_` names each stage, its dataclass is the schema."""

import importlib.util
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from factory.engine.work import Resources
from factory.errors import ConfigError
from factory.extras import install_command
from factory.fetch import Fetch
from factory.phases.ingest import ingest_phase
from factory.phases.phase import Phase
from factory.storage.cache import SourceCache


def build(cfg: DictConfig, sources: pa.Table) -> list[Phase]:
    """The pipeline's phases in order, checked. Raises ConfigError before anything starts."""
    check_packages(cfg.profile.name, cfg.profile.requires)
    phases: list[Phase] = []
    for name in cfg.pipeline.phases:
        upstream = phases[-1].name if phases else None
        phase = _phase(cfg, name, upstream, sources)
        phase.check()
        phases.append(phase)
    return phases


def check_packages(profile: str, packages: Sequence[str]) -> None:
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise ConfigError(
            f"profile {profile} needs packages that are not installed ({', '.join(missing)}): "
            f"{install_command('models')}, or take profile=cpu."
        )


def _phase(cfg: DictConfig, name: str, upstream: str | None, sources: pa.Table) -> Phase:
    fetch = Fetch(SourceCache(cfg.storage.cache_dir, cfg.storage.cache_gb, patience_s=cfg.storage.patience_s))
    if name == "ingest":
        survey, cut = _make(cfg.ingest.survey), _make(cfg.ingest.cut)
        return ingest_phase(sources, fetch, survey, cut, cfg.ingest.timeout_s, Resources(**cfg.ingest.resources))
    if upstream is None:
        raise ConfigError(f"pipeline {cfg.pipeline.name} begins with {name}: it must begin with ingest.")
    group = cfg[name] if name in ("filter", "pose") else {}
    stages = [_make(node) for node in group.get("stages", {}).values()]
    if name == "filter":
        from factory.phases.filter import filter_phase

        rules: Any = OmegaConf.to_container(cfg.filter.rules, resolve=True)
        resources = Resources(**cfg.filter.resources)
        return filter_phase(upstream, stages, rules, cfg.filter.exhaustive, cfg.filter.timeout_s, fetch, resources)
    if name == "pose":
        from factory.phases.pose import pose_phase

        return pose_phase(upstream, stages, cfg.pose.timeout_s, fetch, Resources(**cfg.pose.resources))
    raise ConfigError(f"pipeline {cfg.pipeline.name} has the unknown phase {name}: take ingest, filter or pose.")


def _make(node: DictConfig) -> Any:
    try:
        return instantiate(node, _convert_="all")
    except InstantiationException as error:
        cause = error.__cause__ or error
        raise ConfigError(f"{node.get('_target_')} cannot be made as configured: {cause}.") from error
