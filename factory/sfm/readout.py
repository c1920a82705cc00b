"""Rolling shutter: how long the rows of a picture take to be read, found from a solution that knows nothing of it.

A camera that shakes or turns while its rows are read bends every picture anew. A solution as of a global shutter takes
a wrong focal length, one a frame, distortion or a moving principal point for what the rows have done.
"""

from dataclasses import dataclass

import numpy as np

from factory.sfm.adjust import Adjustment, adjust, robust_cost
from factory.sfm.model import Model
from factory.sfm.part import random_part
from factory.sfm.rolling import read_at_once, source_interval_s
from factory.tracks import Tracks

LOSS_PX = 0.5  # Cauchy, as in the last adjustment


@dataclass(frozen=True)
class ReadoutSearch:
    """When a read-out is believed, and how it is looked for: in shares of the time between two frames of the source,
    which no read-out exceeds."""

    per_frame: int = 100  # observations of the test
    iterations: int = 8
    step: float = 0.25
    gate_gain: float = 1.012
    rounds: int = 2  # the first leaves out observations that only a rolling shutter explains, and comes out short
    near_enough: float = 0.1  # change of the log read-out, under which nothing is solved again
    slowest_s: float = 0.1  # between frames of the source: beyond it they do not tell how fast a point moves; a guess


def found_readout_s(tracks: Tracks, model: Model, search: ReadoutSearch) -> float | None:
    """The read-out under which a random part of the tracks, as seen, costs least; None where it saves too little.

    Each is tried by an adjustment from the solution. Rows are taken to be read from the top down: pictures higher than
    wide, which most cameras read from side to side, are not asked.
    """
    interval_s = source_interval_s(tracks)
    upright = tracks.height > tracks.width
    if tracks.velocity_px_s is None or upright or interval_s > search.slowest_s or model.registered.sum() < 3:
        return None
    part, model = random_part(tracks, model, search.per_frame)
    if not model.kept.any():
        return None
    costs = [readout_cost(part, model, share * interval_s, search) for share in (0.0, search.step, 2 * search.step)]
    if min(costs[1:]) * np.sqrt(search.gate_gain) > costs[0]:
        return None
    while costs[-1] < costs[-2] and len(costs) * search.step <= 1.0:
        costs.append(readout_cost(part, model, len(costs) * search.step * interval_s, search))
    share, least = lowest(np.array(costs), search.step)
    return share * interval_s if costs[0] > search.gate_gain * least else None


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
