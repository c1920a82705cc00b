"""One network measured within its time: batches, memory, the plain loop, half precision, compiled."""

import gc
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from factory.errors import FactoryError
from factory.models.network import Call, Pool, answers
from tests.bench.gpu.networks import Place, module_of
from tests.bench.gpu.subjects import Subject

BATCHES = (1, 2, 4, 8, 16)
STEPS = 15  # what is timed is asked for this part of a network's time, once at least
BEFORE_COMPILING = 0.6  # of a network's time
SPARE = 1.5  # of its time, after which a network is ended
RECOMPILE_LIMIT = 64  # Swin's blocks are of many shapes


@dataclass
class Row:
    """What is known of a network, in items a second; None where it was not measured.

    batch: `max_batch` of its settings. curve: by `max_batch`. plain: the library's loop. bf16: under autocast,
    compiled: with torch.compile, both in that batch. notes: of steps that went wrong. error: nothing could be measured.
    """

    network: str
    counts: str
    batch: int
    memory_gb: float | None = None
    curve: dict[int, float] = field(default_factory=dict)
    plain: float | None = None
    bf16: float | None = None
    compiled: float | None = None
    notes: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def rate(self) -> float | None:
        return self.curve.get(self.batch)


class TooLongError(BaseException):
    """Not an Exception: those an adapter takes for a question that breaks it."""


def measured(subject: Subject, place: Place, frames: np.ndarray, seconds: float) -> Row:
    row = Row(subject.name, subject.counts, subject.max_batch())
    if absent := subject.absent():
        row.error = f"not installed: {', '.join(absent)}"
        return row
    try:
        with _within(SPARE * seconds if place.on_card else seconds + 90):
            network = subject.made(place)
            network.load()
            _Trial(subject, place, frames, seconds, network, row).run()
    except (Exception, TooLongError) as error:
        if row.rate is None:
            row.error = _told(error)
    network = None
    _tidy(place)
    return row


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raises TooLongError where the block takes longer."""

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise TooLongError(f"ended after {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _told(error: BaseException) -> str:
    first = (str(error).strip().splitlines() or [""])[0]
    return first if isinstance(error, (FactoryError, TooLongError)) else f"{type(error).__name__}: {first}"


def _tidy(place: Place) -> None:
    """Memory of a network that nobody holds any more."""
    import torch

    gc.collect()
    if place.on_card:
        torch._dynamo.reset()
        with suppress(RuntimeError):  # of a card that the network broke: the next row tells
            torch.cuda.empty_cache()


class _Trial:
    """The steps of one network. Of the batches those are left out for which no time is left; compiling comes last, and
    may take as long as the network may."""

    def __init__(
        self, subject: Subject, place: Place, frames: np.ndarray, seconds: float, network: Any, row: Row
    ) -> None:
        self._subject, self._place, self._frames, self._network, self._row = subject, place, frames, network, row
        self._step_s, self._each = seconds / STEPS, subject.items(place, frames)
        self._until = time.perf_counter() + seconds * (BEFORE_COMPILING if place.on_card else 1.0)

    def run(self) -> None:
        row = self._row
        self._in_settings()
        row.plain = self._step("plain loop", self._plain, 1 if self._subject.whole_clip else 2)
        if not self._subject.half:
            row.bf16 = self._step("bf16", self._half, row.batch)
        for batch in BATCHES:
            if batch not in row.curve and self._fits(batch):
                rate = self._step(f"batch {batch}", self._adapter, batch)
                row.curve |= {} if rate is None else {batch: rate}
        if self._place.on_card:
            row.compiled = self._step("torch.compile", self._compiled, row.batch)

    def _in_settings(self) -> None:
        import torch

        if self._place.on_card:
            torch.cuda.reset_peak_memory_stats()
        self._row.curve[self._row.batch] = self._adapter(self._row.batch)
        if self._place.on_card:
            self._row.memory_gb = torch.cuda.max_memory_allocated() / 1e9

    def _fits(self, batch: int) -> bool:
        soon = 2 * batch * self._each / (self._row.rate or np.inf)  # warmed up, and asked once
        return time.perf_counter() + soon < self._until

    def _step(self, name: str, rate: Callable[[int], float], batch: int) -> float | None:
        try:
            return rate(batch)
        except (Exception, TooLongError) as error:
            self._row.notes.append(f"{name}: {_told(error)}")
            if isinstance(error, TooLongError):
                raise
            return None

    def _adapter(self, batch: int) -> float:
        self._network.pool = Pool(max_batch=batch)
        calls = self._subject.calls(self._network, self._place, self._frames, batch)
        begun: list[None] = []
        rate = self._rate(lambda: _ask(self._network, calls, begun), batch)
        if len(begun) > 1:
            self._row.notes.append(f"batch {batch}: asked in smaller ones, as memory ran out")
        return rate

    def _plain(self, count: int) -> float:
        some = np.arange(count) % len(self._frames)
        frames = self._frames if self._subject.whole_clip else self._frames[some]
        given = self._subject.given(self._place, frames)
        return self._rate(lambda: self._subject.plain(self._place, self._network, *given), count)

    def _half(self, batch: int) -> float:
        import torch

        with torch.autocast(self._place.device, torch.bfloat16):
            return self._adapter(batch)

    def _compiled(self, batch: int) -> float:
        import torch

        torch._dynamo.config.recompile_limit = RECOMPILE_LIMIT
        parts = [part for part in module_of(self._network).modules() if type(part).__name__ in self._subject.blocks]
        if not parts:
            raise ValueError(f"no module is one of {', '.join(self._subject.blocks)}")
        for part in parts:
            part.compile(dynamic=False)  # blocks differ in shape, and symbols for that take minutes
        return self._adapter(batch)

    def _rate(self, ask: Callable[[], object], questions: int) -> float:
        """Items a second, after a warm-up."""
        ask()
        self._wait()
        begin, asked = time.perf_counter(), 0
        while not asked or time.perf_counter() - begin < self._step_s:
            ask()
            asked += 1
        self._wait()
        return asked * questions * self._each / (time.perf_counter() - begin)

    def _wait(self) -> None:
        import torch

        if self._place.on_card:
            torch.cuda.synchronize()


def _ask(network: Any, calls: Sequence[Call], begun: list[None]) -> None:
    begun.clear()
    for found in answers(network, calls, lambda: begun.append(None)):
        if isinstance(found, FactoryError):
            raise found
