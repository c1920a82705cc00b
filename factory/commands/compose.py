"""From the words of a command line to checked settings: Hydra composes conf/ and the words, `settings` checks them."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.confdir import conf_dir
from factory.construct import Maker, near
from factory.errors import ConfigError
from factory.settings import Settings, resolved, settings_of

if TYPE_CHECKING:
    import pyarrow as pa
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig

    from factory.engine.placement import Given, Node
    from factory.phases.phase import Phase
    from factory.storage.output import Storage

ALLOW = "allow_targets"


def configured(words: Sequence[str], config_dir: str | None = None) -> Settings:
    """The settings of `key=value` words. Raises ConfigError, one sentence, for whatever cannot be run as written."""
    cfg, allowed = composed(words, config_dir)
    return settings_of(cfg, allowed, environment=config_dir is None)


def composed(words: Sequence[str], config_dir: str | None = None) -> "tuple[DictConfig, tuple[str, ...]]":
    """What Hydra makes of conf/, `config_dir` and the words, unchecked; and the packages that `allow_targets` names.

    Only the command line can allow packages: a preset that allowed itself would be a program again.
    """
    given = [_parsed(word) for word in words]
    groups = _groups(config_dir)
    allowing = [o for o in given if o.key_or_group == ALLOW]
    choices = [o for o in given if o.key_or_group in groups or "/" in o.key_or_group or o.package is not None]
    settings = [o for o in given if o not in allowing and o not in choices]
    for choice in choices:
        if not choice.is_delete() and not isinstance(choice.value(), str | list):
            options = options_of(choice.key_or_group, config_dir)
            raise ConfigError(f"{choice.input_line} is not known{near(str(choice.value()), options)}")
    chosen = [str(o.input_line) for o in choices]
    base = _base(tuple(chosen), config_dir)
    cfg = _compose([*chosen, *(_placed(o, base) for o in settings)], config_dir)
    if config_dir is not None:
        check_keys(resolved(cfg), {o.key_or_group: o.value() for o in given})
    if cfg.get(ALLOW):
        raise ConfigError(f"a preset sets {ALLOW}={cfg[ALLOW]}, which only the command line may: remove it there.")
    values = [o.value() for o in allowing][-1:]
    allowed = Maker(text={ALLOW: values[0]}).value(tuple[str, ...], values[0], ALLOW) if values else ()
    cfg[ALLOW] = list(allowed)
    return cfg, allowed


def _parsed(word: str) -> "Override":
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    key = word.partition("=")[0].lstrip("+~")
    if not key or ("=" not in word and not word.startswith("~")):
        told = "write key=value, as in source=my-videos; `factory run --help` lists the keys"
        raise ConfigError(f"'{word}' is not understood: {told}.")
    try:
        (override,) = OverridesParser.create().parse_overrides([_quoted(word)])
    except HydraException as error:
        cause = str(error).splitlines()[0].lower()
        raise ConfigError(f"'{word}' is not understood ({cause}): put its value in quotes.") from error
    if override.key_or_group.partition(".")[0].partition("/")[0] == "hydra":
        raise ConfigError(f"{word} is not a setting: of Hydra only the composition is used.")
    if override.is_sweep_override():
        raise ConfigError(f"{word} names several values: give one, or a list as [a,b].")
    return override


def _quoted(word: str) -> str:
    """Paths are taken as they are: Hydra's grammar would trip over a comma, a space or a bracket in one."""
    key, sign, value = word.partition("=")
    if key not in ("source", "output") or not sign or value[:1] in ("'", '"', "") or value == "???":
        return word
    return f"{key}={_literal(value)}"


def _literal(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


@lru_cache(8)  # a composition takes 0.15 s of CPU; notebooks and tests ask often
def _base(choices: tuple[str, ...], config_dir: str | None) -> Any:
    """What the presets alone say, as plain values with references as they are written."""
    from omegaconf import OmegaConf

    return OmegaConf.to_container(_compose(list(choices), config_dir), resolve=False)


def _placed(override: "Override", base: Any) -> str:
    """The word for Hydra. Keys that conf/ does not name are added: the dataclass they belong to judges them."""
    from hydra.core.override_parser.types import OverrideType

    word, key = str(override.input_line), override.key_or_group
    node, rest = base, key.split(".")
    while len(rest) > 1 and isinstance(node, dict):
        node = node.get(rest.pop(0))
        if isinstance(node, str) and node.startswith("${"):
            raise ConfigError(f"{key} is not a setting: did you mean {'.'.join([node.strip('${}'), *rest])}?")
    siblings = node if isinstance(node, dict) else {}
    if override.type == OverrideType.DEL and rest[0] not in siblings:
        raise ConfigError(f"{word}: {key} is not a setting{near(rest[0], siblings)}")
    if override.type == OverrideType.ADD and rest[0] in siblings:
        raise ConfigError(f"{word}: {key} is a setting already, write it without +.")
    return f"++{word}" if override.type == OverrideType.CHANGE else word


def _groups(config_dir: str | None) -> set[str]:
    roots = [conf_dir(), *([Path(config_dir)] if config_dir else [])]
    return {folder.name for root in roots if root.is_dir() for folder in root.iterdir() if folder.is_dir()}


def check_keys(node: Any, said: Mapping[str, Any]) -> None:
    """Raises ConfigError where a configuration from elsewhere would send a key of this machine to a server: which key,
    and where to, the command line alone may say, of one model together. node: with references followed. said: its
    settings, by key."""
    if isinstance(node, Mapping):
        if node.get("key_from") is not None:
            models = [key.removesuffix(".key_from") for key in said if key.endswith(".key_from")]
            pairs = [(said[f"{model}.key_from"], said.get(f"{model}.url")) for model in models]
            if (node["key_from"], node.get("url")) not in pairs:
                raise ConfigError(
                    "with --config-dir the url and the key_from of a model both belong on the command line: "
                    "a preset could send keys of this machine anywhere."
                )
        for inner in node.values():
            check_keys(inner, said)
    elif isinstance(node, list):
        for inner in node:
            check_keys(inner, said)


@contextmanager
def _hydra_to_ourselves() -> Iterator[None]:
    """Others in this process may hold it: the package `sam2` claims it when it is imported."""
    from hydra.core.global_hydra import GlobalHydra

    theirs, GlobalHydra.instance().hydra = GlobalHydra.instance().hydra, None
    try:
        yield
    finally:
        GlobalHydra.instance().hydra = theirs


def _compose(overrides: list[str], config_dir: str | None) -> "DictConfig":
    import yaml
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException, MissingConfigException
    from omegaconf.errors import OmegaConfBaseException

    if config_dir is not None:
        if not Path(config_dir).is_dir():
            raise ConfigError(f"--config-dir {config_dir} is not a folder: give one that holds presets.")
        overrides = [*overrides, f"hydra.searchpath=[{_literal(f'file://{Path(config_dir).absolute()}')}]"]
    try:
        with _hydra_to_ourselves(), initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
            return compose("config", overrides=overrides)
    except MissingConfigException as error:
        group, _, option = str(error.missing_cfg_file).rpartition("/")
        raise ConfigError(f"{group}={option} is not known{near(option, options_of(group, config_dir))}") from error
    except (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"the configuration cannot be composed: {_cause(error)}.") from error


def options_of(group: str, config_dir: str | None) -> list[str]:
    roots = [conf_dir(), *([Path(config_dir)] if config_dir else [])]
    return sorted({path.stem for root in roots for path in (root / group).glob("*.yaml")})


def _cause(error: Exception) -> str:
    """Of Hydra's many lines the first, and of a broken YAML file where it is broken."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2]).rstrip(".") if lines else type(error).__name__


def places(cfg: Settings) -> "tuple[pa.Table, Storage]":
    """The sources and the output that were named."""
    from factory.storage.output import Storage
    from factory.storage.sources import find_sources

    storage = Storage.at(cfg.output, cfg.storage.patience_s)
    say = partial(print, file=sys.stderr)
    return find_sources(cfg.source, cfg.source_column, say, cfg.storage.patience_s), storage


def nodes_of(cfg: Settings, phases: "Sequence[Phase]") -> "list[Node]":
    """This machine, or the nodes of the cluster, which is joined for that."""
    from factory.engine.models import networks_of
    from factory.engine.placement import this_machine

    if cfg.profile.ray_address:
        os.environ.setdefault("RAY_ADDRESS", cfg.profile.ray_address)
    if cfg.engine != "ray" or "RAY_ADDRESS" not in os.environ:
        return [this_machine(count_gpus=any(network.on_card for p in phases for network in networks_of(p.stages)))]
    from factory.engine.ray_cluster import Room, connect, nodes

    connect(Room())
    return nodes()


def given_of(cfg: Settings, phases: "Sequence[Phase]", nodes: "Sequence[Node]") -> "dict[str, Given]":
    """What each phase is given. Raises ConfigError when it does not fit, or a package is missing."""
    from factory.engine.models import names_of, networks_of
    from factory.engine.placement import Given, Placed, place, workers_that_fit
    from factory.models.network import check_packages
    from factory.models.weights import check_weights

    given: dict[str, Given] = {}
    everything = [network for phase in phases for network in networks_of(phase.stages)]
    check_packages(everything, pooled=cfg.engine != "inline")
    check_weights(everything, here=cfg.engine == "inline" or "RAY_ADDRESS" not in os.environ)
    for phase in phases:
        networks, free = networks_of(phase.stages), nodes
        if cfg.engine == "inline":
            pools = {name: Placed(1, 0.0, 0.0) for name in names_of(networks)}
        else:
            pools, free = place(networks, nodes, cfg.profile.autoscales)
        workers = workers_that_fit(phase.name, phase.resources, free, cfg.workers, cfg.profile.autoscales)
        given[phase.name] = Given(workers, pools)
    return given
