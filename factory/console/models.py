"""Which learned models this machine can run, and what the others lack."""

import importlib
import importlib.util
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import yaml

from factory.confdir import conf_dir
from factory.construct import TARGET
from factory.errors import FactoryError
from factory.models.network import Network
from factory.models.weights import WeightStore, weight_sets


def models_told() -> Iterator[str]:
    """A line a network that `conf/` offers, by the setting that takes it."""
    for path in sorted(conf_dir().glob("*/*.yaml")):
        told = yaml.safe_load(path.read_text()) or {}
        told = told.get(path.parent.name, told)
        target = told.get(TARGET, "") if isinstance(told, dict) else ""
        if target.startswith("factory.models."):
            module, _, name = target.rpartition(".")
            kind = getattr(importlib.import_module(module), name)
            if issubclass(kind, Network):
                yield f"model {path.parent.name + '=' + path.stem:<24}{_lacking(kind, told) or 'ready'}"


def _lacking(kind: type[Network], told: dict[str, Any]) -> str:
    """What is missing first; empty where nothing is."""
    absent = [name for name in kind.packages if importlib.util.find_spec(name) is None]
    if absent:
        return f"no package {absent[0]}"
    root = kind.code.partition(".")[0]
    if root and importlib.util.find_spec(root) is None:
        return f"no package {root}: {kind.code_from}, or give code_at=FOLDER with a copy of it"
    if "url" in told:
        return f"asks {told['url']} (vlm.url)"
    if not _sees_a_card():
        return "torch sees no GPU: device=cpu works, slowly"
    name = told.get("weights", "")
    try:
        if name in weight_sets() and WeightStore().missing(name):
            return f"weights are not here: factory weights fetch {name}"
    except FactoryError as error:
        return str(error)
    return ""


@lru_cache(1)
def _sees_a_card() -> bool:
    import torch

    return torch.cuda.is_available()
