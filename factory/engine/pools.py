"""Pools of networks on a Ray cluster: a Ray Serve deployment each, whose replicas Serve restarts and balances."""

import logging
import os
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from factory.engine.inside import VERBOSE
from factory.engine.models import Caller, names_of
from factory.engine.placement import Placed
from factory.engine.replica import BEGINS, Replica, Stored
from factory.errors import ConfigError, FactoryError, ModelDiedError
from factory.models.network import Call, Network

APP = "factory"  # what the names of our Serve applications begin with; the job's id follows
ALONE = 2  # deaths of replicas with a call by itself that tell that it kills; one may be somebody else's fault
WAITS = 50  # times that a call may find its replica gone before it was its turn; then it is not told from a guilty one
MOST_CALLS = 64  # that one replica takes; the others wait where Serve sends them out
STARTS = 3  # of a replica that dies while it loads
DEATHS_END = (
    3  # calls in a row that killed a replica, seen by one worker without an answer between: the model is broken
)


@dataclass
class Pooled:
    """A caller of one pool; travels to workers."""

    name: str
    handle: Any
    timeout_s: float
    deaths: int = 0

    def keep(self, array: np.ndarray) -> Any:
        import ray

        return Stored(ray.put(array))

    def call(self, call: Call) -> tuple[Any, float]:
        """Raises ConfigError where the pool is no good to anybody."""
        import ray

        suspect, killed = False, 0
        for _ in range(WAITS):
            try:
                found, busy_s = self._alone(call) if suspect else self._first(call)
            except _DiedBefore:
                continue
            except (ray.exceptions.RayActorError, ray.exceptions.RayTaskError):
                killed += suspect  # in company it may have been any of them
                suspect = True
                if killed < ALONE:
                    continue
                break
            self.deaths = 0
            if isinstance(found, ConfigError):
                raise found
            return found, busy_s
        self.deaths += 1
        if self.deaths >= DEATHS_END:
            raise ConfigError(
                f"model {self.name} has died of {self.deaths} clips in a row: look whether its card's memory suffices "
                "(set its pool.max_batch lower), or take another model; clips it failed are done again by retry=failed."
            )
        if killed < ALONE:
            told = f"model {self.name} was killed {WAITS} times before it came to this clip's questions"
            return ModelDiedError(f"{told}: look at the other clips it failed."), 0.0
        return ModelDiedError(
            f"model {self.name} was killed {ALONE} times by this clip's questions alone, or took longer than the "
            f"{self.timeout_s:g} s of its pool.timeout_s."
        ), 0.0

    def _first(self, call: Call) -> Any:
        return self.handle.ask.remote(call).result()

    def _alone(self, call: Call) -> Any:
        """Raises _DiedBefore where the replica died before it was this call's turn."""
        import ray

        heard: list[Any] = []
        try:
            for said in self.handle.options(stream=True).ask_alone.remote(call):
                heard.append(said)
        except (ray.exceptions.RayActorError, ray.exceptions.RayTaskError):
            if heard:
                raise
            raise _DiedBefore from None
        if len(heard) < 2 or heard[0] != BEGINS:
            raise _DiedBefore
        return heard[1]


class _DiedBefore(Exception):  # noqa: N818 - no error: the call goes to another replica
    pass


@contextmanager
def pools(networks: Sequence[Network], placed: Mapping[str, Placed]) -> Iterator[dict[str, Caller]]:
    """Each network in a pool of its own, loaded, for as long as the context lasts. A Ray must be there.

    Raises ConfigError where one cannot be loaded.
    """
    if not networks:
        yield {}
        return
    with _quiet():
        import ray
        from ray import serve

        serve.start(proxy_location="Disabled", logging_config={"log_level": "ERROR", "enable_access_log": False})
        _sweep()
        ours = f"{APP}-{ray.get_runtime_context().get_job_id()}"
        names = names_of(networks)
        apps = [f"{ours}-{name.replace(' ', '-')}" for name in names]
        try:
            each = zip(names, networks, apps, strict=True)
            yield {name: _pool(name, network, app, placed[name]) for name, network, app in each}
        finally:
            for app in apps:
                serve.delete(app)


def _sweep() -> None:
    """Ends pools whose run is gone: Serve keeps them, and the cards they hold, until somebody does."""
    from ray import serve
    from ray._private.state import jobs

    alive = {job["JobID"] for job in jobs() if not job["IsDead"]}
    for app in serve.status().applications:
        brand, _, rest = app.partition("-")
        if brand == APP and rest.partition("-")[0] not in alive:
            serve.delete(app)


def _pool(name: str, network: Network, app: str, placed: Placed) -> Caller:
    """app: what Serve calls it; other runs on this cluster have pools of their own."""
    from ray import serve

    made: Any = serve.deployment(Replica)
    deployment = made.options(
        name=name.replace(" ", "-"),  # shown beside the process
        num_replicas=placed.replicas,
        max_ongoing_requests=MOST_CALLS,
        ray_actor_options={"num_cpus": placed.cpus, "num_gpus": placed.gpus},
        max_constructor_retry_count=STARTS,
        health_check_period_s=1.0,
        health_check_timeout_s=network.pool.timeout_s,  # a network may hold Python's lock for a whole batch
        graceful_shutdown_timeout_s=0.0,
        graceful_shutdown_wait_loop_s=0.1,
    )
    try:
        handle = serve.run(deployment.bind(pickle.dumps(network)), name=app, route_prefix=None)
    except RuntimeError as error:
        raise ConfigError(f"model {name} dies while it is loaded: run `factory doctor`, or again with -v.") from error
    broken = handle.state.remote().result()
    if isinstance(broken, FactoryError):
        raise broken
    return Pooled(name, handle, network.pool.timeout_s)


@contextmanager
def _quiet() -> Iterator[None]:
    """Serve tells of every step, at a level that it sets itself."""

    def nothing(_record: logging.LogRecord) -> bool:
        return VERBOSE in os.environ

    logger = logging.getLogger("ray.serve")
    logger.addFilter(nothing)
    try:
        yield
    finally:
        logger.removeFilter(nothing)
