"""Where a stabiliser has moved the picture: whether a clip is solved with a principal point for every frame."""

from dataclasses import replace

import numpy as np

from factory.geometry.camera import centred_camera
from factory.sfm.attempts import clip_pairs, least_share, positioned, trajectory
from factory.sfm.lens.shift import ShiftSearch, shifted_gain, shifted_solution, turns_instead
from factory.sfm.mapping.bundle import Adjustment, adjust, filtered
from factory.sfm.mapping.final_rounds import bent_gain
from factory.sfm.mapping.resection import connected
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.options import SolveOptions
from factory.sfm.zoom.gate import freed_gain, gain
from factory.sfm.zoom.search import ZoomSearch
from factory.tracks import Tracks


def has_moving_crop(path: Trajectory, search: ShiftSearch | None) -> bool:
    """Whether a principal point a frame explains clearly more than one for all does."""
    return search is not None and shifted_gain(path, search) >= search.gate_gain


def doubted(path: Trajectory, search: ShiftSearch | None) -> Trajectory:
    """The answer, marked where a moving crop is left in it: its focal length is not reliable, and from a larger one on
    a turn is none."""
    gained = 1.0 if search is None else shifted_gain(path, search)
    if search is None or gained < search.gate_gain:
        return path
    refused = not path.rotation_only or gained >= search.turning_gain
    return replace(path, focal_reliable=False, moving_crop=refused)


def beats_other_lenses(shared: Trajectory, options: SolveOptions) -> bool:
    """Whether it explains more than what else bends a solution: a focal length a frame, or distortion."""
    gained, zoom = shifted_gain(shared, options.lens.shift or ShiftSearch()), options.zoom or ZoomSearch()
    return gained > max(freed_gain(shared, zoom), bent_gain(shared.tracks, shared.model, zoom.gate_per_frame))


def with_shift(shared: Trajectory, options: SolveOptions) -> Trajectory:
    """The solution with a principal point for every frame; the shared one, so marked, where that does not hold."""
    tracks, search = shared.tracks, options.lens.shift or ShiftSearch()
    share = least_share(shared.static, options)
    found = shifted_solution(tracks, shared.model, share, options.mapping.least_angle_deg, search)
    if found is None or turns_instead(found, search):
        return replace(shared, moving_crop=True)
    model = connected(found.tracks, found.model, options.mapping.least_shared)
    if model.registered.sum() < shared.registered.sum() or model.kept.sum() < search.least_kept * shared.kept.sum():
        return replace(shared, moving_crop=True)
    answer = trajectory(found.tracks, shared.static, model, model.camera, shared.method)
    return replace(answer, centre_px_per_frame=np.where(model.registered[:, None], found.centre_px, np.nan))


def explains_more(found: Trajectory, answer: Trajectory, search: ShiftSearch | None) -> bool:
    """Whether principal points that move leave less than the best answer without: a slow zoom can look like a drift,
    and a turn that directions explain is no path, however the picture moves."""
    return search is not None and not answer.rotation_only and gain(answer, found) >= search.least_gain


def shifted_under_usual_focal(
    tracks: Tracks, static: np.ndarray, shared: Trajectory, options: SolveOptions
) -> Trajectory | None:
    """Where the focal length has run away, under which a shift looks just like a turn: the solution with a principal
    point for every frame that is found from the usual focal length, where that is no worse; else None."""
    search, side_px = options.lens.shift, max(tracks.width, tracks.height)
    if search is None or shared.camera.focal_px <= search.far_focal * side_px:
        return None
    camera = centred_camera(options.pairs.focal.prior * side_px, tracks.width, tracks.height)
    model = positioned(tracks, static, clip_pairs(tracks, static, camera, options), camera, options)
    if model is None or not (model := filtered(tracks, model, 16.0)).kept.any():
        return None
    model = adjust(tracks, model, Adjustment("HUBER", 1.0, 8, focal=False, tolerance=1e-4))
    near = trajectory(tracks, static, model, camera, shared.method)
    # A zoom makes the focal length run away too, and costs ten times as much to be told from a shift by solving both.
    if not has_moving_crop(near, search) or not beats_other_lenses(near, options):
        return None
    found = with_shift(near, options)
    return found if found.kept.sum() >= search.least_kept * shared.kept.sum() else None
