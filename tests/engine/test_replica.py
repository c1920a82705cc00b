"""One replica, asked in this process: many batches are no long one, and what is lost of a clip is lost of no other."""

import asyncio
import pickle

import numpy as np
import pytest
import ray

from factory.engine import terminal
from factory.engine.replica import Replica, Stored
from factory.errors import ModelError
from factory.models.network import Call, Pool
from tests.models.fakes import FakeFlow

FRAMES = np.zeros((5, 8, 8, 3), np.uint8)
PAIRS = np.array([[0, n] for n in range(1, 5)])


@pytest.fixture
def replica(monkeypatch):
    monkeypatch.setattr(terminal, "give_up_terminal", lambda: None)
    return lambda network: Replica(pickle.dumps(network))


def test_the_time_limit_is_of_one_batch(replica):
    """Four batches of 0.5 s are none that takes longer than 1.5 s; one of 2 s is."""

    async def asked(network):
        ours = replica(network)
        job = asyncio.ensure_future(ours.ask(Call("pairs", (FRAMES, PAIRS))))
        late = None
        while not job.done():
            await asyncio.sleep(0.1)
            try:
                ours.check_health()
            except TimeoutError as error:
                late = error
        return late, *await job

    late, found, busy_s = asyncio.run(asked(FakeFlow(pair_s=0.5, pool=Pool(max_batch=1, timeout_s=1.5))))
    assert late is None
    assert found.shape == (4, 8, 8, 2)
    assert busy_s >= 2.0
    late, *_ = asyncio.run(asked(FakeFlow(pair_s=0.5, pool=Pool(max_batch=4, timeout_s=1.5))))
    assert "FakeFlow hangs" in str(late)


def test_frames_that_are_gone_fail_their_own_clip(replica, monkeypatch):
    def gone(ref):
        raise ray.exceptions.ObjectLostError(ref, "", "")

    monkeypatch.setattr(ray, "get", gone)  # which would start a Ray here

    async def asked():
        ours = replica(FakeFlow(pair_s=0.1))
        first = asyncio.ensure_future(ours.ask(Call("pairs", (FRAMES, PAIRS))))  # the others wait, and go together
        lost = Call("pairs", (Stored("00ffffff"), PAIRS))
        return await asyncio.gather(first, *(ours.ask(call) for call in (lost, Call("pairs", (FRAMES, PAIRS)))))

    first, lost, last = (found for found, _ in asyncio.run(asked()))
    assert first.shape == last.shape == (4, 8, 8, 2)
    assert isinstance(lost, ModelError)
    assert "FakeFlow could not be asked" in str(lost)
