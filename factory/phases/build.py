"""From checked settings to phases."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa

from factory.fetch import Fetch
from factory.phases.ingest import ingest_phase
from factory.phases.phase import Phase, located
from factory.settings import Settings
from factory.storage.cache import SourceCache


def build(cfg: Settings, sources: pa.Table) -> list[Phase]:
    """The pipeline's phases in order, checked. Raises ConfigError before anything starts."""
    phases: list[Phase] = []
    for name in cfg.pipeline.phases:
        upstream = phases[-1].name if phases else ""
        phase = _phase(cfg, name, upstream, sources)
        if upstream:
            phase = replace(phase, inputs=partial(located, inputs=phase.inputs, sources=sources))
        phase.check()
        phases.append(phase)
    return phases


def _phase(cfg: Settings, name: str, upstream: str, sources: pa.Table) -> Phase:
    folder = cfg.storage.cache_dir
    if folder is not None:  # workers have other working directories
        folder = str(Path(folder).expanduser().absolute())
    fetch = Fetch(SourceCache(folder, cfg.storage.cache_gb, patience_s=cfg.storage.patience_s))
    if name == "ingest":
        ours = cfg.ingest
        return ingest_phase(sources, fetch, ours.survey, ours.cut, ours.timeout_s, ours.resources)
    if name == "filter":
        from factory.filters.aim import aimed
        from factory.filters.decide import Decide
        from factory.phases.filter import filter_phase

        decide = Decide(cfg.filter.rules, aimed(cfg.filter.score, cfg.filter.target))
        how = (decide, cfg.filter.exhaustive, cfg.filter.timeout_s)
        return filter_phase(upstream, cfg.filter.stages, *how, fetch, cfg.filter.resources)
    from factory.phases.pose import pose_phase

    return pose_phase(upstream, cfg.pose.stages, cfg.pose.timeout_s, fetch, cfg.pose.resources)
