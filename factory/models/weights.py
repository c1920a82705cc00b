"""Weights of learned models: which sets there are, where they lie, and that they are what they should be.

`conf/weights.yaml` names the sets; a folder with a file `SHA256SUMS` in the user's own place is one, too. Nothing here
reaches out to the network: a run takes what lies there already, and `factory weights fetch` puts it there.
"""

import pickle
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from factory.confdir import conf_dir
from factory.construct import Maker, Positive, near
from factory.errors import ConfigError, GoneError
from factory.storage.cache import Held, SourceCache
from factory.storage.digest import file_digest
from factory.storage.open import place_of
from factory.storage.places import is_s3, normal, safe
from factory.storage.private import own_cache

SUMS = "SHA256SUMS"  # in a set's folder, as `sha256sum *` writes it
NONE = "none"  # in the place of a set's name: the network stays random, for tests of all but the answer


@dataclass(frozen=True)
class WeightFile:
    """name: below the folder of the set. sha256: hexadecimal, whole or its beginning; empty where nobody has said it,
    then what was fetched first is noted and compared with."""

    name: str
    mb: Positive
    sha256: str = ""
    url: str = ""


@dataclass(frozen=True)
class WeightSet:
    """One checkpoint. backend: the settings that take it. licence: of the weights."""

    backend: str
    licence: str
    files: tuple[WeightFile, ...]

    @property
    def mb(self) -> float:
        return sum(file.mb for file in self.files)


@lru_cache(1)
def weight_sets() -> Mapping[str, WeightSet]:
    """All that `conf/weights.yaml` names. Raises ConfigError where it is not what it should be."""
    told = yaml.safe_load((conf_dir() / "weights.yaml").read_text())
    return {safe(name): _made(node, f"weights.yaml: {name}") for name, node in told.items()}


def _made(node: dict[str, Any], key: str) -> WeightSet:
    files = tuple(Maker().make(WeightFile, file, f"{key}.files") for file in node.pop("files"))
    try:
        return WeightSet(files=files, **node)
    except TypeError as error:
        raise ConfigError(f"{key} cannot be used: {error}.") from error


def weight_set(name: str) -> WeightSet:
    """Raises ConfigError where `conf/weights.yaml` has none of that name."""
    sets = weight_sets()
    if name not in sets:
        raise ConfigError(f"no weights are called {name!r}{near(name, sets)}")
    return sets[name]


@dataclass(frozen=True)
class WeightStore:
    """Where sets lie, a folder each under their names, as `factory weights fetch` leaves them.

    at: a folder or s3:// prefix, for machines without a way out; null: `weights` in the cache. cache_dir, cache_gb: as
    `storage` has them: what comes from a bucket is kept there, once a node.
    """

    at: str | None = None
    cache_dir: str | None = None
    cache_gb: Positive = 50.0

    def __post_init__(self) -> None:
        if self.cache_dir is not None:  # replicas have other working directories
            object.__setattr__(self, "cache_dir", str(Path(self.cache_dir).expanduser().absolute()))
        if self.at is not None:
            object.__setattr__(self, "at", normal(self.at))

    @property
    def root(self) -> str:
        return self.at if self.at is not None else str(own_cache(self.cache_dir) / "weights")

    @property
    def option(self) -> str:
        """What makes `factory weights` look here."""
        return "" if self.root == WeightStore().root else f" --at {self.root}"

    def folder(self, name: str) -> str:
        return f"{self.root}/{safe(name)}"

    @contextmanager
    def held(self, name: str) -> Iterator[Path]:
        """A local folder with the set's files, whole and compared with what they should be; they stay as long as the
        block lasts. Raises ConfigError where they are missing or others."""
        sums = self.sums(name)
        wanted = weight_set(name) if name in weight_sets() or not sums else _own(sums)
        held: dict[str, Held] = {}
        try:
            for file in wanted.files:
                held[file.name] = self._hold(name, file)
                check_file(name, file, held[file.name].path, sums.get(file.name, ""))
            with tempfile.TemporaryDirectory(prefix="factory-weights-") as scratch:
                for file_name, each in held.items():
                    link = Path(scratch) / file_name
                    link.parent.mkdir(parents=True, exist_ok=True)
                    link.symlink_to(each.path)
                yield Path(scratch)
        finally:
            for each in held.values():
                each.release()

    def sums(self, name: str) -> dict[str, str]:
        """What `SHA256SUMS` in the set's folder says, by file; empty where there is none."""
        uri = f"{self.folder(name)}/{SUMS}"
        with suppress(GoneError):
            lines = place_of(uri).read(uri).decode().splitlines()
            told = {m[2]: m[1] for line in lines if (m := re.fullmatch(r"([0-9a-f]{64}) [ *](.+)", line))}
            return {file: digest for file, digest in told.items() if file != SUMS}  # which `sha256sum *` lists, too
        return {}

    def missing(self, name: str) -> list[str]:
        """Files of the set that are not there, without a look into those that are."""
        wanted = weight_set(name)
        there = {entry.uri for entry in place_of(self.root).entries(self.folder(name))}
        return [file.name for file in wanted.files if f"{self.folder(name)}/{file.name}" not in there]

    def _hold(self, name: str, file: WeightFile) -> Held:
        try:
            return SourceCache(self.cache_dir, self.cache_gb).hold(f"{self.folder(name)}/{file.name}")
        except GoneError:
            advice = f"fetch them once with `factory weights fetch {name}{self.option}`"
            raise ConfigError(f"weights {name} are not in {self.root} ({file.name}): {advice}.") from None


def check_weights(models: Iterable[Any], here: bool) -> None:
    """Raises ConfigError, one sentence, where weights that models are to load are not where they look for them. here:
    they run on this machine; of others' own folders nothing is known."""
    absent: dict[str, WeightStore] = {}
    for model in models:
        name, store = getattr(model, "weights", NONE), getattr(model, "store", None)
        if name != NONE and isinstance(store, WeightStore) and (here or is_s3(store.root)):
            own = name not in weight_sets() and store.sums(name)
            if not own and store.missing(name):
                absent[name] = store
    if absent:
        store = next(iter(absent.values()))
        advice = f"fetch them once with `factory weights fetch {' '.join(absent)}{store.option}`"
        raise ConfigError(f"weights {', '.join(absent)} are not in {store.root}: {advice}.")


def _own(sums: Mapping[str, str]) -> WeightSet:
    for name in sums:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ConfigError(f"{SUMS} lists {name!r}, which leads out of its folder: list files beside it.")
    return WeightSet("", "", tuple(WeightFile(name, 1.0, digest) for name, digest in sums.items()))


def state_of(folder: Path) -> dict[str, Any]:
    """The tensors of the one checkpoint in a folder, on the CPU. No code in it is run. Raises ConfigError."""
    import torch

    paths = [path for path in folder.rglob("*") if path.suffix in (".pth", ".pt", ".bin", ".safetensors")]
    if len(paths) != 1:
        raise ConfigError(f"{len(paths)} checkpoints where there should be one.")
    if paths[0].suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(paths[0])
    try:
        return torch.load(paths[0], map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ConfigError(f"{paths[0].name} holds more than tensors, which is not run: take another file.") from error


def check_file(name: str, file: WeightFile, path: Path, noted: str) -> None:
    """Compares a file with its digest: the one of `conf/weights.yaml`, else the one noted beside it. ConfigError."""
    known = file.sha256 or noted
    if not known:
        told = f"nothing says what {file.name} of the weights {name} should hold"
        raise ConfigError(f"{told}: fetch them with `factory weights fetch {name}`, or write {SUMS} beside them.")
    digest = file_digest(path)
    if not digest.startswith(known):
        told = f"{file.name} of the weights {name} is cut or holds others (SHA-256 {digest[:12]}, not {known[:12]})"
        raise ConfigError(f"{told}: delete it and fetch them again.")
