"""What every network shares: where it runs, batches of questions, and less of them at once where memory runs out.

A network is a dataclass whose fields are its parameters. It knows nothing of pools: a for-loop may call it. In a run it
lives beside the workers, one a card, and stages hold something that looks like it (see `factory.engine.models`).
"""

import importlib.util
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import numpy as np

from factory.construct import Count, NotNegative, Positive
from factory.errors import ConfigError, FactoryError, ModelError, ModelMemoryError
from factory.extras import install_command
from factory.memory import ran_out
from factory.models.answers import CHECKS

POOL_PACKAGES = ("fastapi", "starlette", "uvicorn")  # of `ray[serve]`, which pools stand on


@dataclass(frozen=True)
class Pool:
    """How a network is run; nothing of it changes an answer.

    replicas: copies of it; null: one a card, or one where it needs none. gpus: of a card that each is given; null: by
    the network's `memory_gb`, 0 where its device is the CPU. cpus: cores set aside for each. max_batch: questions at
    once. timeout_s: for one batch; a replica that takes longer is ended.
    """

    replicas: Count | None = None
    gpus: NotNegative | None = None
    cpus: NotNegative = 1.0
    max_batch: Count = 8  # a guess; memory that runs out halves it
    timeout_s: Positive = 300.0  # a guess: a batch takes seconds

    def __post_init__(self) -> None:
        if self.gpus is not None and self.gpus > 1 and self.gpus % 1:
            raise ValueError("gpus is a share of one card, or a whole number of cards")


# One question of a call. Those made of arrays alone are asked together where their shapes are equal.
Unit = tuple[Any, ...]


@dataclass(frozen=True)
class Call:
    """One call of a role's method."""

    method: str
    given: tuple[Any, ...]
    named: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Network:
    """A learned model behind a role. A subclass has the role's method, which returns `self.answer(...)`, and

    units: the questions of a call, forward: answers to some of equal shapes, joined: a call's answer from those of its
    units. Beside them `load` and, where its answers change, `version`.

    memory_gb: of a card, with a full batch. packages: importable names it needs. code: a module that the extra
    `models` does not bring, code_from: what brings it. mixed: questions of any shapes may be asked together.
    """

    method: ClassVar[str]
    packages: ClassVar[tuple[str, ...]] = ("torch",)
    memory_gb: ClassVar[float] = 1.0
    code: ClassVar[str] = ""
    code_from: ClassVar[str] = ""
    mixed: ClassVar[bool] = False

    device: str = field(default="cuda", compare=False, kw_only=True)
    pool: Pool = field(default_factory=Pool, compare=False, kw_only=True)

    def load(self) -> None:
        """Loads the network, once. Raises ConfigError where it cannot."""
        raise NotImplementedError

    def units(self, *given: Any, **named: Any) -> list[Unit]:
        raise NotImplementedError

    def forward(self, units: Sequence[Unit]) -> Sequence[np.ndarray]:
        raise NotImplementedError

    def joined(self, answers: Sequence[np.ndarray], *given: Any, **named: Any) -> Any:
        raise NotImplementedError

    def answer(self, *given: Any, **named: Any) -> Any:
        """What the call gets. Raises ModelError."""
        (found,) = answers(self, [Call(self.method, given, named)])
        if isinstance(found, FactoryError):
            raise found
        return found

    @property
    def on_card(self) -> bool:
        return self.device.startswith("cuda")

    def check_device(self) -> None:
        """Raises ConfigError where torch does not see the card that it is to run on."""
        import torch

        if self.on_card and not torch.cuda.is_available():
            raise ConfigError(f"model {self.name} wants a GPU and torch sees none: take profile=cpu, or device=cpu.")

    @property
    def name(self) -> str:
        return type(self).__name__


def answers(network: Network, calls: Sequence[Call], begins: Callable[[], None] = lambda: None) -> list[Any]:
    """The answer to each call, or the FactoryError that it ended in. Questions of all calls are asked together where
    their shapes are equal; an error stays with the call whose question it is. begins: is told of every batch."""
    units = [_blamed(network, network.units, call) for call in calls]
    parts: list[dict[int, Any]] = [{} for _ in calls]
    alike: defaultdict[tuple[Any, ...], list[tuple[int, int]]] = defaultdict(list)
    for number, asked in enumerate(units):
        for place, unit in enumerate(() if isinstance(asked, FactoryError) else asked):
            alike[() if network.mixed else tuple(map(_kind, unit))].append((number, place))
    for group in alike.values():
        for begin in range(0, len(group), network.pool.max_batch):
            some = group[begin : begin + network.pool.max_batch]
            batch = _forward(network, [units[number][place] for number, place in some], begins)
            for (number, place), part in zip(some, batch, strict=True):
                parts[number][place] = part
    return [
        asked if isinstance(asked, FactoryError) else _joined(network, call, [answered[n] for n in range(len(asked))])
        for asked, call, answered in zip(units, calls, parts, strict=True)
    ]


def _kind(part: Any) -> Any:
    return (part.shape, part.dtype.str) if isinstance(part, np.ndarray) else id(part)


def _forward(network: Network, units: Sequence[Unit], begins: Callable[[], None]) -> Sequence[Any]:
    """An answer or an error a unit. Half the batch where memory runs out, one by one where a question breaks it."""
    begins()
    try:
        made = list(network.forward(units))
        if len(made) != len(units):
            raise ModelError(f"model {network.name} gave {len(made)} answers to {len(units)} questions.")
        return made
    except Exception as error:
        if len(units) > 1:
            half = len(units) // 2 if _no_memory(error) else 1
            pieces = [units[begin : begin + half] for begin in range(0, len(units), half)]
            return [one for piece in pieces for one in _forward(network, piece, begins)]
        return [_told(network, error, units[0])]


def _joined(network: Network, call: Call, parts: Sequence[Any]) -> Any:
    wrong = [part for part in parts if isinstance(part, FactoryError)]
    return wrong[0] if wrong else _blamed(network, partial(_checked, network, parts), call)


def _checked(network: Network, parts: Sequence[Any], *given: Any, **named: Any) -> Any:
    found = network.joined(parts, *given, **named)
    CHECKS[network.method](found, *given, **named)
    return found


def _blamed(network: Network, make: Callable[..., Any], call: Call) -> Any:
    try:
        return make(*call.given, **call.named)
    except Exception as error:
        return _told(network, error)


def _told(network: Network, error: Exception, unit: Unit = ()) -> FactoryError:
    if _no_memory(error):
        size = " and ".join("x".join(map(str, part.shape)) for part in unit if isinstance(part, np.ndarray))
        advice = "take a larger card, smaller pictures, or another model"
        return ModelMemoryError(f"model {network.name} runs out of memory on one question ({size}): {advice}.")
    if isinstance(error, FactoryError):
        kind = type(error) if isinstance(error, ModelError) else ModelError
        said = str(error)
        return kind(
            said
            if said.startswith(("model ", "the server of the model "))
            else f"model {network.name} answered {said}."
        )
    first = (str(error).strip().splitlines() or [""])[0]
    return ModelError(f"model {network.name} raised {type(error).__name__}: {first}".rstrip(": "))


def _no_memory(error: BaseException) -> bool:
    return ran_out(error) or "out of memory" in str(error).lower()


def check_packages(networks: Sequence[Network], pooled: bool) -> None:
    """Raises ConfigError where one needs a package that is not installed. pooled: it is to run in a pool."""
    for network in networks:
        wanted = (*network.packages, *(POOL_PACKAGES if pooled else ()))
        absent = [name for name in wanted if importlib.util.find_spec(name) is None]
        if absent:
            theirs = not type(network).__module__.startswith(f"{__name__.partition('.')[0]}.")
            advice = "install them" if theirs else install_command("models")
            raise ConfigError(
                f"model {network.name} needs packages that are not installed ({', '.join(absent)}): "
                f"{advice}, or do without: profile=cpu asks no network by itself."
            )
