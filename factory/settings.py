"""What a run can be told: the top-level keys as dataclasses, and the phases. conf/ gives the defaults."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from factory.construct import TARGET, Count, Maker, NotNegative, Positive, near
from factory.declared import ClipPhase, PhaseSettings
from factory.errors import ConfigError
from factory.manifest.schema import ROOT
from factory.storage.names import public
from factory.storage.output import NOT_PHASES
from factory.storage.places import safe

if TYPE_CHECKING:
    from omegaconf import DictConfig


@dataclass(frozen=True)
class Storage:
    cache_dir: str | None
    cache_gb: Positive
    patience_s: NotNegative
    weights_at: str | None


@dataclass(frozen=True)
class Profile:
    name: str
    ray_address: str | None
    autoscales: bool


@dataclass(frozen=True)
class Pipeline:
    name: str
    phases: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.phases[:1] != (ROOT,) or len(set(self.phases)) < len(self.phases):
            raise ValueError(f"its phases must begin with {ROOT}, and each may stand there once")


@dataclass
class Settings:
    """All of it, checked; stages are made. phases: by name, as conf/phase/ and presets declare them. text: the
    configuration as YAML as it was written, `${oc.env:...}` not replaced by what the environment says: that is what is
    kept of a run."""

    source: str
    source_column: str
    output: str
    engine: Literal["ray", "inline"]
    workers: Count | None
    wave: Count | None
    retry: Literal["none", "failed"]
    force: bool
    allow_targets: tuple[str, ...]
    storage: Storage
    profile: Profile
    pipeline: Pipeline
    device: str
    tracker: Any
    flow: Any
    follower: Any
    segmenter: Any
    video_masks: Any
    detector: Any
    depth: Any
    intrinsics: Any
    stereo: Any
    vlm: Any
    teller: Any
    stereo_flow: Any = None
    phases: Mapping[str, PhaseSettings] = field(init=False, default_factory=dict)
    text: str = field(init=False, default="")

    def check_phases(self) -> None:
        """Raises ConfigError where a phase is what it cannot be, or the pipeline names one that is not declared."""
        for name, phase in self.phases.items():
            if safe(name) in NOT_PHASES:
                raise ConfigError(f"no phase may be called {name}: an output keeps something else there.")
            if isinstance(phase, ClipPhase) == (name == ROOT):
                raise ConfigError(f"{name}.{TARGET}: phase {ROOT} reads sources, and all others are a ClipPhase.")
        for name in self.pipeline.phases:
            if name not in self.phases:
                raise ConfigError(f"pipeline.phases: no phase {name} is declared{near(name, self.phases)}")


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


def resolved(cfg: "DictConfig", environment: bool = False) -> Any:
    """Plain values, with references followed. environment: see `settings_of`. Raises ConfigError for a bad one."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        with nullcontext() if environment else _environment_closed():
            return OmegaConf.to_container(cfg, resolve=True)
    except OmegaConfBaseException as error:
        cause = str(error).splitlines()[0].rpartition("while resolving interpolation: ")[2].strip('."')
        raise ConfigError(f"a reference in the configuration cannot be followed: {cause}.") from error


def settings_of(cfg: "DictConfig", allowed: Sequence[str] = (), environment: bool = True) -> Settings:
    """The composed configuration, checked as a whole. Raises ConfigError, before anything is made or imported where a
    `_target_` is refused. `allowed`: see `construct.Maker`; `allow_targets` in `cfg` itself allows nothing.
    environment: whether `${oc.env:...}` may read it: what a preset from elsewhere read could be sent away."""
    from omegaconf import OmegaConf

    for name in ("source", "output"):
        if OmegaConf.is_missing(cfg, name) or not cfg.get(name):
            raise ConfigError(f"{name} is not given: write {name}=my-folder, or {name}=s3://bucket/folder.")
    text: Any = OmegaConf.to_container(cfg, resolve=False)
    plain = resolved(cfg, environment)
    maker = Maker(allowed, text)
    maker.check_targets(plain)
    own = {f.name for f in fields(Settings) if f.init}
    declared = {n: node for n, node in plain.items() if n not in own and isinstance(node, dict) and TARGET in node}
    for name in plain:
        if name not in own and name not in declared:
            raise ConfigError(f"{name} is not a setting{near(name, {*own, *declared})}")
    values = {name: value for name, value in plain.items() if name in own}
    settings = maker.make(Settings, {**values, **{name: str(plain[name]) for name in ("source", "output")}})
    settings.phases = {name: maker.value(PhaseSettings, node, name) for name, node in declared.items()}
    settings.check_phases()
    settings.text = OmegaConf.to_yaml(OmegaConf.create(public(text)))
    return settings
