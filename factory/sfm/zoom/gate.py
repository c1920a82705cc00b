"""Whether one focal length explains a clip, or every frame needs its own: a quick test, and the judgement."""

import numpy as np

from factory.sfm.mapping.bundle import LOSS_PX, Adjustment, adjust, robust_cost
from factory.sfm.model.model import zooming
from factory.sfm.model.part import random_part
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.zoom.search import ZoomSearch


def freed_gain(shared: Trajectory, search: ZoomSearch) -> float:
    """By what factor the robust cost of a random part of the tracks falls when every frame gets its own focal length.

    Both sides are adjusted from the shared solution. Two views cannot tell a zoom from forward motion, whole tracks
    can. Inf where there is next to no solution.
    """
    part, model = random_part(shared.tracks, shared.model, search.gate_per_frame)
    if not model.kept.any() or model.registered.sum() < 3:
        return float("inf")
    how = Adjustment("CAUCHY", LOSS_PX, search.gate_iterations)
    free = zooming(model, np.full(part.frames, model.camera.focal_px))
    before, after = (robust_cost(part, adjust(part, m, how).keep(model.kept), LOSS_PX) for m in (model, free))
    return before / max(after, 1e-9)


def gain(shared: Trajectory, zoomed: Trajectory) -> float:
    """The robust cost of the observations that both solutions of the same tracks keep, of one by that of the other.

    Over all observations it would tell the luck of tracks with little parallax, which come and go (0.94 with a zoom,
    1.12 without one). 0 where nothing is common.
    """
    common = shared.kept & zoomed.kept
    if not common.any():
        return 0.0
    before, after = (robust_cost(t.tracks, t.model.keep(common), LOSS_PX) for t in (shared, zoomed))
    return before / max(after, 1e-9)
