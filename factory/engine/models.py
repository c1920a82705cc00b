"""Models beside the stages: found in the work, asked from the child through its parent.

A stage holds its model as a field. Before the work goes to a child each `Network` in it is taken out, and the child
gets something with the same method instead, whose calls go to the parent. The parent asks a `Caller`: the network
itself in this process (`Local`), or a pool of replicas (`factory.engine.pools`).
"""

import io
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from factory.engine.work import Work
from factory.errors import ConfigError, FactoryError
from factory.models.network import Call, Network, answers

KEPT_BYTES = 1 << 20  # arrays of this size and more, frames, are sent once a clip

Ask = Callable[[int, Call], Any]


class Caller(Protocol):
    """One network, wherever it is."""

    def keep(self, array: np.ndarray) -> Any:
        """What stands for a large array in later calls."""
        ...

    def call(self, call: Call) -> tuple[Any, float]:
        """The answer, or the FactoryError in its place, and the seconds the network was busy with it."""
        ...


@dataclass
class Local:
    """The network in this process. A call that never ends is nobody's to end: that is what pools are for."""

    network: Network

    def keep(self, array: np.ndarray) -> Any:
        return array

    def call(self, call: Call) -> tuple[Any, float]:
        begin = perf_counter()
        (found,) = answers(self.network, [call])
        return found, perf_counter() - begin


def networks_of(stages: Any) -> list[Network]:
    """The networks that stages hold, in the order in which `split` numbers them; equal ones are one."""
    return split(stages)[1]


def split(work: Any) -> tuple[bytes, list[Network]]:
    """The work (or its stages) for a child, without its networks, and these."""
    found: list[Network] = []

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: Any) -> tuple[int, str] | None:
            if not isinstance(value, Network):
                return None
            if value not in found:
                found.append(value)
            return found.index(value), value.method

    buffer = io.BytesIO()
    Pickler(buffer, protocol=5).dump(work)
    return buffer.getvalue(), found


def joined(pickled: bytes, ask: Ask) -> Work:
    """In the child: the work, with something in the place of each network that asks for it."""

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, name: Any) -> Any:
            number, method = name
            return _Asking(number, method, ask)

    work: Work = Unpickler(io.BytesIO(pickled)).load()
    return work


class _Asking:
    """Looks to a stage like the network whose number it has."""

    def __init__(self, number: int, method: str, ask: Ask) -> None:
        setattr(self, method, lambda *given, **named: ask(number, Call(method, given, named)))


@dataclass(frozen=True)
class Kept:
    """Stands for a large array: `array` the first time, its number alone later."""

    number: int
    array: np.ndarray | None = None


@dataclass
class Sending:
    """The child's side of what was sent of one clip."""

    _sent: list[np.ndarray] = field(default_factory=list)  # held, so that no other array gets their identity

    def lean(self, call: Call) -> Call:
        return Call(call.method, tuple(map(self._kept, call.given)), {n: self._kept(v) for n, v in call.named.items()})

    def _kept(self, value: Any) -> Any:
        if not isinstance(value, np.ndarray) or value.nbytes < KEPT_BYTES:
            return value
        for number, sent in enumerate(self._sent):
            if sent is value:
                return Kept(number)
        self._sent.append(value)
        return Kept(len(self._sent) - 1, np.ascontiguousarray(value))


@dataclass
class Desk:
    """The parent's side: answers what a child asks, and adds up what that took of each network, by its name."""

    callers: Mapping[str, Caller]
    busy_s: dict[str, float] = field(default_factory=dict)
    waited_s: float = 0.0
    _held: dict[tuple[str, int], Any] = field(default_factory=dict)
    _arrays: dict[int, np.ndarray] = field(default_factory=dict)

    def answer(self, number: int, call: Call) -> Any:
        """The answer or the FactoryError in its place."""
        name, caller = list(self.callers.items())[number]

        def whole(value: Any) -> Any:
            if not isinstance(value, Kept):
                return value
            if value.array is not None:
                self._arrays[value.number] = value.array
            key = (name, value.number)
            if key not in self._held:
                self._held[key] = caller.keep(self._arrays[value.number])
            return self._held[key]

        given, named = tuple(map(whole, call.given)), {n: whole(v) for n, v in call.named.items()}
        begin = perf_counter()
        found, seconds = caller.call(Call(call.method, given, named))
        self.waited_s += perf_counter() - begin
        self.busy_s[name] = self.busy_s.get(name, 0.0) + seconds
        return found

    def next_clip(self) -> None:
        self.busy_s, self.waited_s = {}, 0.0
        self._held.clear()
        self._arrays.clear()


def names_of(networks: Sequence[Network]) -> list[str]:
    """What messages and metrics call each: its class, and a number where that is not enough."""
    classes = [network.name for network in networks]
    before = [classes[:place].count(name) for place, name in enumerate(classes)]
    return [f"{name} {n + 1}" if n else name for name, n in zip(classes, before, strict=True)]


def local_callers(networks: Sequence[Network]) -> dict[str, Caller]:
    """Loads each here. Raises ConfigError where one cannot be loaded."""
    for network in networks:
        load(network)
    return {name: Local(network) for name, network in zip(names_of(networks), networks, strict=True)}


def load(network: Network) -> None:
    """Raises ConfigError, one sentence, for whatever goes wrong."""
    try:
        network.load()
    except FactoryError:
        raise
    except Exception as error:
        first = (str(error).strip().splitlines() or [""])[0]
        what = f"{type(error).__name__}: {first}".rstrip(": ")
        raise ConfigError(f"model {network.name} cannot be loaded ({what}): run `factory doctor`.") from error
