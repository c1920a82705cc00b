"""One phase on a fleet, event by event: workers start, pull shards, are lost with their node, and wait at the end."""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

Loss = tuple[float, int]  # seconds from the phase's start, node


@dataclass(frozen=True)
class Done:
    """wall_s: until the last shard is committed. busy_s: of workers, work that was lost included; lost_s: of that, the
    part that came to nothing. again: shards that were begun more than once, once for each time. idle_s: of workers
    that are up, with no shard."""

    wall_s: float
    busy_s: float
    lost_s: float
    again: int
    idle_s: float


@dataclass
class _Worker:
    """life counts up with each loss, so that what was foretold of an earlier life is not believed."""

    life: int = 0
    up_since_s: float | None = None
    began_s: float = 0.0
    held: deque[int] = field(default_factory=deque)  # the first is worked on, the others wait behind it


def simulate(
    shard_s: Sequence[float],
    nodes: int,
    workers_a_node: int,
    *,
    start_up_s: float = 0.0,
    losses: Iterable[Loss] = (),
    replace_s: float = 0.0,
    in_flight: int = 2,
) -> Done:
    """shard_s: seconds of each shard, in the queue's order. losses: in time order; a lost node is back after
    `replace_s`, and its workers start again. in_flight: shards a worker holds, as the engine on Ray hands them out.

    A shard that is committed stays so; those a lost worker held go back to the queue's head.
    """
    workers = [_Worker() for _ in range(nodes * workers_a_node)]
    queue, left, to_come = deque(range(len(shard_s))), len(shard_s), iter(losses)
    events: list[tuple[float, int, str, int, int]] = []  # seconds, order, what, worker or node, worker's life
    hungry: list[dict[int, None]] = [{} for _ in range(in_flight)]  # workers by how many shards they hold
    order, wall_s, busy_s, lost_s, up_s, again = 0, 0.0, 0.0, 0.0, 0.0, 0

    def foretell(at_s: float, what: str, whom: int, life: int = 0) -> None:
        nonlocal order
        order += 1
        heapq.heappush(events, (at_s, order, what, whom, life))

    def begin(number: int, at_s: float) -> None:
        worker = workers[number]
        worker.began_s = at_s
        foretell(at_s + shard_s[worker.held[0]], "done", number, worker.life)

    def feed(at_s: float) -> None:
        """Shards go to workers that hold the fewest."""
        while queue and (fewest := next((group for group in hungry if group), None)) is not None:
            number = next(iter(fewest))
            del fewest[number]
            held = workers[number].held
            held.append(queue.popleft())
            if len(held) < in_flight:
                hungry[len(held)][number] = None
            if len(held) == 1:
                begin(number, at_s)

    def foretell_loss() -> None:
        if (loss := next(to_come, None)) is not None:
            foretell(loss[0], "lost", loss[1])

    for number in range(len(workers)):
        foretell(start_up_s, "up", number)
    foretell_loss()
    while left:
        now_s, _, what, whom, life = heapq.heappop(events)
        if what == "lost":
            foretell_loss()
            for number in range(whom * workers_a_node, (whom + 1) * workers_a_node):
                worker = workers[number]
                worker.life += 1
                foretell(now_s + replace_s + start_up_s, "up", number, worker.life)
                if worker.up_since_s is None:
                    continue
                up_s += now_s - worker.up_since_s
                if worker.held:
                    busy_s += now_s - worker.began_s
                    lost_s += now_s - worker.began_s
                    again += 1
                for group in hungry:
                    group.pop(number, None)
                queue.extendleft(reversed(worker.held))
                worker.held.clear()
                worker.up_since_s = None
        elif life != workers[whom].life:
            continue
        elif what == "up":
            workers[whom].up_since_s = now_s
            hungry[0][whom] = None
        else:
            worker = workers[whom]
            shard = worker.held.popleft()
            busy_s, wall_s, left = busy_s + shard_s[shard], now_s, left - 1
            for group in hungry:
                group.pop(whom, None)
            hungry[len(worker.held)][whom] = None
            if worker.held:
                begin(whom, now_s)
        if not events or events[0][0] > now_s:  # whoever is free at the same time has the same right to a shard
            feed(now_s)
    up_s += sum(wall_s - worker.up_since_s for worker in workers if worker.up_since_s is not None)
    return Done(wall_s, busy_s, lost_s, again, up_s - busy_s)


def drawn_losses(rng: np.random.Generator, nodes: int, hours_between: float) -> Iterator[Loss]:
    """Losses without end: each node is lost once in so many hours on average, whatever its age."""
    at_s = 0.0
    while True:
        at_s += rng.exponential(3600.0 * hours_between / nodes)
        yield at_s, int(rng.integers(nodes))
