"""One copy of a network on a card, as Ray Serve keeps it: questions of many clips go to it together."""

import asyncio
import pickle
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from factory.engine.models import load
from factory.errors import FactoryError, ModelError
from factory.models.network import Call, Network, answers

BEGINS = "begins"  # what a call that is asked alone hears first
HEARD_S = 0.2  # what that word, and the answer, get to leave this process, which may be gone a moment later
CALLS_AT_ONCE = 16  # clips whose questions are batched together; a guess: their frames all lie in memory


@dataclass
class Job:
    """A call that waits. alone: it may have killed a replica, so nothing else is in its batch."""

    call: Call
    alone: bool
    loop: asyncio.AbstractEventLoop
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    answer: tuple[Any, float] = (None, 0.0)


class Replica:
    """Ray Serve calls its methods. One thread works, so that health and further questions are never kept waiting."""

    def __init__(self, pickled: bytes) -> None:
        from factory.engine.terminal import give_up_terminal

        give_up_terminal()
        self._network: Network = pickle.loads(pickled)
        self._broken: FactoryError | None = None
        self._waiting: deque[Job] = deque()
        self._some = threading.Condition()
        self._since: float | None = None
        try:
            load(self._network)
        except FactoryError as error:
            self._broken = error
        threading.Thread(target=self._work, daemon=True).start()

    async def state(self) -> FactoryError | None:
        """Why it cannot answer, if so."""
        return self._broken

    def check_health(self) -> None:
        """Raises where a batch takes longer than it may: Serve ends this process then and starts another."""
        since = self._since
        if since is not None and time.monotonic() - since > self._network.pool.timeout_s:
            raise TimeoutError(f"model {self._network.name} hangs")

    async def ask(self, call: Call) -> tuple[Any, float]:
        """The answer, or the FactoryError in its place, and its share of the seconds the network was busy."""
        job = self._put(call, alone=False)
        await job.ended.wait()
        return job.answer

    async def ask_alone(self, call: Call) -> AsyncIterator[Any]:
        """BEGINS, then what `ask` gives: whoever hears the first and not the second knows what killed this process."""
        job = self._put(call, alone=True)
        await job.begun.wait()
        yield BEGINS
        await job.ended.wait()
        yield job.answer

    def _put(self, call: Call, alone: bool) -> Job:
        job = Job(call, alone, asyncio.get_running_loop())
        with self._some:
            self._waiting.append(job)
            self._some.notify()
        return job

    def _work(self) -> None:
        while True:
            jobs = self._next()
            for job in jobs:
                job.loop.call_soon_threadsafe(job.begun.set)
            if jobs[0].alone:
                time.sleep(HEARD_S)
            begin = self._since = time.monotonic()  # fetching may hang as well; each batch begins anew
            try:
                found = self._answers([job.call for job in jobs])
            except Exception as error:
                found = [ModelError(f"model {self._network.name} could not be asked: {error}")] * len(jobs)
            self._since = None
            each_s = (time.monotonic() - begin) / len(jobs)
            for job, one in zip(jobs, found, strict=True):
                job.answer = one, each_s
                job.loop.call_soon_threadsafe(job.ended.set)
            if jobs[0].alone:
                time.sleep(HEARD_S)  # the next may kill; an answer that is lost then would speak against this one

    def _answers(self, calls: list[Call]) -> list[Any]:
        if self._broken is not None:
            return [self._broken] * len(calls)
        fetched = [self._fetched(call) for call in calls]
        heard = iter(answers(self._network, [call for call in fetched if isinstance(call, Call)], self._begins))
        return [next(heard) if isinstance(call, Call) else call for call in fetched]

    def _fetched(self, call: Call) -> Call | ModelError:
        """The call with the arrays that references stand for. They are gone with the node of the worker that asks."""
        try:
            return fetched(call)
        except Exception as error:
            return ModelError(f"model {self._network.name} could not be asked: {error}")

    def _begins(self) -> None:
        self._since = time.monotonic()

    def _next(self) -> list[Job]:
        with self._some:
            self._some.wait_for(lambda: self._waiting)
            jobs = [self._waiting.popleft()]
            while self._waiting and not jobs[0].alone and not self._waiting[0].alone and len(jobs) < CALLS_AT_ONCE:
                jobs.append(self._waiting.popleft())
            return jobs


def fetched(call: Call) -> Call:
    """With the arrays that references stand for, mapped from the node's object store."""
    import ray

    def whole(value: Any) -> Any:
        return ray.get(value.ref) if isinstance(value, Stored) else value

    return Call(call.method, tuple(map(whole, call.given)), {name: whole(value) for name, value in call.named.items()})


@dataclass(frozen=True)
class Stored:
    """A large array in Ray's object store. Wrapped, so that it is fetched here and nowhere on the way."""

    ref: Any
