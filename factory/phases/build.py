"""From checked settings to phases."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa

from factory.construct import near
from factory.declared import ClipPhase, PhaseSettings
from factory.errors import ConfigError
from factory.fetch import Fetch
from factory.manifest.phases import coming_from
from factory.manifest.schema import COMMON, ROOT, schema
from factory.phases.ingest import ingest_phase
from factory.phases.phase import Phase, clip_record, clips_from, located
from factory.phases.take import TakeOver, check_take
from factory.settings import Settings
from factory.storage.cache import SourceCache


def build(cfg: Settings, sources: pa.Table) -> list[Phase]:
    """The pipeline's phases in order, checked. Raises ConfigError before anything starts."""
    folder = cfg.storage.cache_dir
    if folder is not None:  # workers have other working directories
        folder = str(Path(folder).expanduser().absolute())
    fetch = Fetch(SourceCache(folder, cfg.storage.cache_gb, patience_s=cfg.storage.patience_s))
    phases = [ingest_phase(cfg.phases[ROOT], sources, fetch)]
    for name in cfg.pipeline.phases[1:]:
        phase = clip_phase(name, cfg.phases[name], phases, fetch)
        phases.append(replace(phase, inputs=partial(located, inputs=phase.inputs, sources=sources)))
    for phase in phases:
        phase.check()
    return phases


def clip_phase(name: str, declared: PhaseSettings, before: Sequence[Phase], fetch: Fetch) -> Phase:
    """A phase on clips as it is declared. before: the phases that stand before it in the pipeline.

    The source is fetched where a stage needs its `path`.
    """
    assert isinstance(declared, ClipPhase)  # Settings has seen to it
    known = {phase.name: phase.schema for phase in before}
    upstream = declared.upstream or before[-1].name
    if upstream not in known:
        raise ConfigError(f"{name}.upstream={upstream}: no such phase stands before it{near(upstream, known)}")
    check_take(name, declared.take, known)
    stages = declared.chain()
    if any("path" in stage.needs for _, stage in stages):
        stages = (("fetch", fetch), *stages)
    if declared.take:
        stages = (("take", TakeOver(declared.take)), *stages)
    return Phase(
        name=name,
        upstream=upstream,
        stages=stages,
        rows=declared.rows,
        schema=coming_from(schema(*COMMON, *declared.columns()), upstream),
        timeout_s=declared.timeout_s,
        inputs=partial(clips_from, upstream=upstream, stages=stages, taken=tuple(declared.take)),
        record=clip_record,
        resources=declared.resources,
        take=declared.take,
    )
