"""The last steps: every track triangulated again, everything adjusted with a tight loss, distortion where it pays."""

from dataclasses import replace

import numpy as np

from factory.sfm.adjust import Adjustment, adjust, filtered, retriangulated, robust_cost
from factory.sfm.averaging import thinned
from factory.sfm.model import Model
from factory.sfm.options import SolveOptions
from factory.sfm.resection import connected, resected
from factory.tracks import Tracks


def polished(tracks: Tracks, model: Model, least_share: np.ndarray, options: SolveOptions) -> Model:
    """Rounds of placing weak frames anew, triangulating every track and adjusting everything; distortion at the end.

    least_share: float64 (M,), of each track's observations, what its point must explain for the track to count.
    """
    how = Adjustment("CAUCHY", options.loss_px, 1)
    for factor, iterations in options.rounds:
        cut_px = factor * options.cut_px
        model = resected(tracks, model, options.weak_frame, 4.0 * options.cut_px)
        model = retriangulated(tracks, model, cut_px, least_share, options.least_angle_deg)
        if not model.kept.any():
            return replace(model, cam_from_world=np.full_like(model.cam_from_world, np.nan))
        if (factor, iterations) != options.rounds[-1]:
            held = np.bincount(tracks.track[model.kept], minlength=tracks.count) > 0
            model = model.keep(model.kept & thinned(tracks, held, options.rough_per_frame)[tracks.track])
        model = _bounded(tracks, model, replace(how, iterations=iterations), options)
    if options.radial:
        model = _with_distortion(tracks, model, replace(how, iterations=20, radial=True), options)
    # What adjustment has moved behind a camera or far off is no support.
    return connected(tracks, filtered(tracks, model, 2.0 * options.cut_px), options.least_shared)


def _with_distortion(tracks: Tracks, model: Model, how: Adjustment, options: SolveOptions) -> Model:
    """The model with radial distortion where it pays: focal length and k1 trade places where a clip shows little."""
    curved = adjust(tracks, model, how)
    before, after = (robust_cost(tracks, m, options.loss_px) for m in (model.keep(curved.kept), curved))
    pays = abs(curved.camera.k1) < options.most_k1 and after < (1.0 - options.radial_gain) * before
    return curved if pays else model


def _bounded(tracks: Tracks, model: Model, how: Adjustment, options: SolveOptions) -> Model:
    """Adjusted; with the focal length at its bound where it runs away."""
    adjusted = adjust(tracks, model, how)
    low, high = (bound * max(tracks.width, tracks.height) for bound in options.focal_bounds)
    if low <= adjusted.camera.focal_px <= high:
        return adjusted
    held = replace(model.camera, focal_px=float(np.clip(adjusted.camera.focal_px, low, high)))
    return adjust(tracks, replace(model, camera=held), replace(how, focal=False))
