"""Rolling shutter: how long the rows of a picture take to be read, found from a solution that knows nothing of it.

A camera that shakes or turns while its rows are read bends every picture anew. A solution as of a global shutter takes
a wrong focal length, one a frame, distortion or a moving principal point for what the rows have done.
"""

from dataclasses import dataclass, replace

import numpy as np

from factory.sfm.mapping.bundle import LOSS_PX, Adjustment, adjust, robust_cost
from factory.sfm.model.model import Model, errors_px
from factory.sfm.model.part import random_part
from factory.sfm.model.rolling import filled, read_at_once, source_interval_s
from factory.tracks import Tracks


@dataclass(frozen=True)
class ReadoutSearch:
    """When a read-out is believed, and how it is looked for: in shares of the time between two frames of the source,
    which no read-out exceeds.

    provenance: 28 rendered clips of a global shutter, with zooms and moving crops among them, four real ones of such
    cameras, one rendered with 20 ms, and 18 real ones that may roll.
    """

    per_frame: int = 100  # observations of the test
    iterations: int = 8
    step: float = 0.25
    # Of the robust cost. Half of the clips of global shutters, by origin: 1.008 at the most (a crop that jumps), 1.006
    # with rows read upwards, which no camera does; the other half 1.004. Rolling ones 1.06 to 1.6, and three real
    # clips 1.013 to 1.018 that may be.
    gate_gain: float = 1.02
    near_px: float = 2.0  # observations of the test's tracks that count once a first read-out is known
    slowest_s: float = 0.1  # between frames of the source: beyond it they do not tell how fast a point moves; a guess


def found_readout_s(tracks: Tracks, model: Model, search: ReadoutSearch) -> float | None:
    """The read-out under which a random part of the tracks, as seen, costs least; None where it saves too little.

    Each is tried by an adjustment from the solution. Rows are taken to be read from the top down: pictures higher than
    wide, which most cameras read from side to side, are not asked.
    """
    interval_s = source_interval_s(tracks)
    upright = tracks.height > tracks.width
    if upright or interval_s > search.slowest_s or model.registered.sum() < 3:
        return None
    part, model = random_part(tracks, model, search.per_frame)
    if not model.kept.any() or part.velocity_px_s is None:
        return None
    part = replace(part, velocity_px_s=filled(part, part.velocity_px_s))
    found = _cheapest(part, model, interval_s, search)
    if found is None or found[1] < search.gate_gain:
        return None
    # What only a rolling shutter explains was left out of the solution: without it the read-out comes out short.
    moved = read_at_once(part, found[0])
    wider = adjust(moved, model, Adjustment("CAUCHY", LOSS_PX, search.iterations))
    near = errors_px(moved, wider) < search.near_px
    again = _cheapest(part, wider.keep(near), interval_s, search) if near.any() else None
    return (again or found)[0]


def _cheapest(tracks: Tracks, model: Model, interval_s: float, search: ReadoutSearch) -> tuple[float, float] | None:
    """The read-out of least cost, and by what factor none costs more; None where rows read in turn cost more."""
    costs = [readout_cost(tracks, model, share * interval_s, search) for share in (0.0, search.step)]
    if costs[1] >= costs[0]:  # so it is with nearly all shutters that are global, and the test ends
        return None
    while len(costs) < 3 or (costs[-1] < costs[-2] and len(costs) * search.step <= 1.0):
        costs.append(readout_cost(tracks, model, len(costs) * search.step * interval_s, search))
    share, least = lowest(np.array(costs), search.step)
    return share * interval_s, costs[0] / max(least, 1e-9)


def readout_cost(tracks: Tracks, model: Model, readout_s: float, search: ReadoutSearch) -> float:
    """Robust cost of the model's observations after adjustment as of this read-out."""
    moved = read_at_once(tracks, readout_s)
    found = adjust(moved, model, Adjustment("CAUCHY", LOSS_PX, search.iterations))
    return robust_cost(moved, found.keep(model.kept), LOSS_PX)


def lowest(costs: np.ndarray, step: float) -> tuple[float, float]:
    """Where a parabola through the least of costs at 0, step, 2 step, ... and its neighbours is lowest, and how low."""
    at = int(np.clip(np.argmin(costs), 1, len(costs) - 2))
    before, middle, after = costs[at - 1 : at + 2]
    bend = before - 2 * middle + after
    if bend <= 0:
        return float(np.argmin(costs)) * step, float(costs.min())
    off = float(np.clip(0.5 * (before - after) / bend, -1.0, 1.0))
    return (at + off) * step, float(middle + 0.5 * off * (after - before) + 0.5 * off**2 * bend)
