"""What a run can be told: the top-level keys and those of each phase, as dataclasses. conf/ gives the defaults."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from factory.construct import Count, Maker, NotNegative, Positive, near
from factory.engine.work import Resources
from factory.errors import ConfigError
from factory.filters.aim import aimed
from factory.filters.decide import Decide
from factory.filters.features import FEATURES
from factory.stage import Stage
from factory.storage.names import public
from factory.trust.rule import Quality

if TYPE_CHECKING:
    from omegaconf import DictConfig


@dataclass(frozen=True)
class Storage:
    cache_dir: str | None
    cache_gb: Positive
    patience_s: NotNegative


@dataclass(frozen=True)
class Profile:
    name: str
    ray_address: str | None
    autoscales: bool


@dataclass(frozen=True)
class Pipeline:
    name: str
    phases: tuple[Literal["ingest", "filter", "pose"], ...]

    def __post_init__(self) -> None:
        if self.phases[:1] != ("ingest",) or len(set(self.phases)) < len(self.phases):
            raise ValueError("its phases must begin with ingest, and each may stand there once")


@dataclass(frozen=True)
class PhaseSettings:
    """timeout_s: for one clip (at ingest, one source). shard_size: clips a Parquet part. resources: of one worker."""

    timeout_s: Positive
    shard_size: Count
    resources: Resources

    def __post_init__(self) -> None:
        each = self.resources
        if not each.cpus and not each.memory_gb:
            raise ValueError("the resources of a worker may not all be 0")


@dataclass(frozen=True)
class Ingest(PhaseSettings):
    survey: Stage
    cut: Stage


@dataclass(frozen=True)
class Filter(PhaseSettings):
    """score: see `factory.filters.score`; target: where it is cut, see `factory.filters.aim`."""

    exhaustive: bool
    target: str | None
    stages: Mapping[str, Stage]
    rules: Mapping[str, Mapping[str, Any]]
    score: Mapping[str, Any] = field(default_factory=dict)  # a preset may hold rules alone

    def __post_init__(self) -> None:
        super().__post_init__()
        Decide(self.rules, aimed(self.score, self.target))
        known = {*FEATURES, *(name for stage in self.stages.values() for name in stage.gives)}
        for name, rule in self.rules.items():
            if (feature := str(rule.get("feature", name))) not in known:
                raise ConfigError(f"filter.rules.{name}: no stage gives '{feature}'{near(feature, known)}")


@dataclass(frozen=True)
class Pose(PhaseSettings):
    """min_quality: of a solve that is accepted."""

    min_quality: Quality
    stages: Mapping[str, Stage]


@dataclass
class Settings:
    """All of it, checked; stages are made. text: the configuration as YAML as it was written, `${oc.env:...}` not
    replaced by what the environment says: that is what is kept of a run."""

    source: str
    source_column: str
    output: str
    engine: Literal["ray", "inline"]
    workers: Count | None
    retry: Literal["none", "failed"]
    force: bool
    allow_targets: tuple[str, ...]
    storage: Storage
    profile: Profile
    pipeline: Pipeline
    tracker: Any
    flow: Any
    ingest: Ingest
    filter: Filter
    pose: Pose
    text: str = field(init=False, default="")

    def phase(self, name: str) -> PhaseSettings:
        phases: dict[str, PhaseSettings] = {"ingest": self.ingest, "filter": self.filter, "pose": self.pose}
        return phases[name]


@contextmanager
def _environment_closed() -> Iterator[None]:
    from omegaconf import OmegaConf
    from omegaconf.resolvers import oc

    def refuse(*_: Any) -> None:
        raise ConfigError("with --config-dir no setting may read the environment (${oc.env:...}): write the value.")

    OmegaConf.register_new_resolver("oc.env", refuse, replace=True)
    try:
        yield
    finally:
        OmegaConf.register_new_resolver("oc.env", oc.env, replace=True)


def settings_of(cfg: "DictConfig", allowed: Sequence[str] = (), environment: bool = True) -> Settings:
    """The composed configuration, checked as a whole. Raises ConfigError, before anything is made or imported where a
    `_target_` is refused. `allowed`: see `construct.Maker`; `allow_targets` in `cfg` itself allows nothing.
    environment: whether `${oc.env:...}` may read it: what a preset from elsewhere read could be sent away."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    for name in ("source", "output"):
        if OmegaConf.is_missing(cfg, name) or not cfg.get(name):
            raise ConfigError(f"{name} is not given: write {name}=my-folder, or {name}=s3://bucket/folder.")
    text: Any = OmegaConf.to_container(cfg, resolve=False)
    try:
        with nullcontext() if environment else _environment_closed():
            plain: Any = OmegaConf.to_container(cfg, resolve=True)
    except OmegaConfBaseException as error:
        cause = str(error).splitlines()[0].rpartition("while resolving interpolation: ")[2].strip('."')
        raise ConfigError(f"a reference in the configuration cannot be followed: {cause}.") from error
    maker = Maker(allowed, text)
    maker.check_targets(plain)
    places = {name: str(plain[name]) for name in ("source", "output")}
    settings = maker.make(Settings, {**plain, **places})
    settings.text = OmegaConf.to_yaml(OmegaConf.create(public(text)))
    return settings
