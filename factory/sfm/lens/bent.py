"""Strong barrel distortion: a lens as of an action camera, found from a solution that knows of none.

Without it a wide lens passes for one 1.4 to 4 times as long: the path bends by some per cent, most points fit, and
halves of the tracks agree. From there small steps do not lead back; a start at a usual focal length does.
"""

from dataclasses import dataclass, replace

from factory.geometry.camera import Camera, corner_bend, one_to_one
from factory.sfm.mapping.bundle import LOSS_PX, Adjustment, adjust, robust_cost
from factory.sfm.model.model import Model
from factory.sfm.model.part import random_part
from factory.tracks import Tracks


@dataclass(frozen=True)
class BentSearch:
    """When a bent lens is believed, and where its search starts. Gains are factors of the robust cost."""

    per_frame: int = 100  # observations of the test
    # One term from the solution, 8 steps: 1.00 without distortion; with k1 = -0.28 a street driven along 1.009, where a
    # start anew gains 1.2 and ends right (0.017 % of the path, 3.2 without). Below it nothing more is tried.
    first_gain: float = 1.005
    first_iterations: int = 8
    focals: tuple[float, ...] = (1.0, 0.7)  # of the longer side: a phone's, an action camera's
    k1: float = -0.25
    iterations: tuple[int, int] = (30, 20)  # under a loss of 2 px, then under the last one
    gate_gain: float = 1.1  # a guess: tracks and clips made behind k1 = -0.1 to -0.35 gain 1.2 to 3.6
    # By how much the corner must be drawn in. Less is left to the last steps; and a lens that pushes it out (k1 > 0) is
    # what a rolling shutter or a path too short looks like.
    least_bend: float = 0.03


def bent_start(tracks: Tracks, model: Model, search: BentSearch) -> Model | None:
    """A model of all frames and a part of the points whose camera has strong barrel distortion, where that explains
    much more; None where it does not."""
    if model.camera.radial_terms or model.registered.sum() < 3:
        return None
    part, start = random_part(tracks, model, search.per_frame)
    if not start.kept.any():
        return None
    once = (search.first_iterations, LOSS_PX)
    straight, first = (_cost(part, start, _adjusted(part, start, [once], terms)) for terms in (0, 1))
    if straight < search.first_gain * first:
        return None
    side_px = max(tracks.width, tracks.height)
    steps = [(search.iterations[0], 4 * LOSS_PX), (search.iterations[1], LOSS_PX)]
    found = []
    for focal in search.focals:
        lens = replace(start.camera, focal_px=focal * side_px, k1=search.k1, k2=0.0)
        bent = _adjusted(part, replace(start, camera=lens), steps, 2)
        if _is_barrel(bent.camera, tracks, search):
            found.append((_cost(part, start, bent), bent))
    if not found:
        return None
    cost, best = min(found, key=lambda entry: entry[0])
    if straight < search.gate_gain * cost:
        return None
    return replace(model, camera=best.camera, cam_from_world=best.cam_from_world)


def _adjusted(tracks: Tracks, model: Model, steps: list[tuple[int, float]], terms: int) -> Model:
    kept = model.kept
    for iterations, loss_px in steps:
        model = adjust(tracks, model.keep(kept), Adjustment("CAUCHY", loss_px, iterations, radial=terms))
    return model


def _cost(tracks: Tracks, start: Model, found: Model) -> float:
    """Of the observations that the start keeps; what has moved behind a camera counts as far off."""
    return robust_cost(tracks, found.keep(start.kept), LOSS_PX)


def _is_barrel(camera: Camera, tracks: Tracks, search: BentSearch) -> bool:
    size = (tracks.width, tracks.height)
    return one_to_one(camera, *size) and corner_bend(camera, *size) >= search.least_bend
