"""The last steps: every track triangulated again, everything adjusted with a tight loss, distortion where it pays."""

from dataclasses import replace

import numpy as np

from factory.sfm.adjust import Adjustment, adjust, filtered, retriangulated, robust_cost
from factory.sfm.model import Model
from factory.sfm.options import SolveOptions
from factory.sfm.resection import connected, resected
from factory.sfm.tracks import Tracks


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
        model = _bounded(tracks, model, replace(how, iterations=iterations), options)
    if options.radial:
        model = _with_distortion(tracks, model, least_share, replace(how, iterations=20, radial=True), options)
    # What adjustment has moved behind a camera or far off is no support.
    return connected(tracks, filtered(tracks, model, 2.0 * options.cut_px), options.least_shared)


def _with_distortion(
    tracks: Tracks, model: Model, least_share: np.ndarray, how: Adjustment, options: SolveOptions
) -> Model:
    """The model with radial distortion where it pays: focal length and k1 trade places where a clip shows little."""
    plain = retriangulated(tracks, model, options.cut_px, least_share, options.least_angle_deg)
    if not plain.kept.any():
        return model
    curved = adjust(tracks, plain, how)
    before, after = (robust_cost(tracks, m, options.loss_px) for m in (plain.keep(curved.kept), curved))
    pays = abs(curved.camera.k1) < options.most_k1 and after < (1.0 - options.radial_gain) * before
    return curved if pays else plain


def _bounded(tracks: Tracks, model: Model, how: Adjustment, options: SolveOptions) -> Model:
    """Adjusted; with the focal length at its bound where it runs away."""
    adjusted = adjust(tracks, model, how)
    low, high = (bound * max(tracks.width, tracks.height) for bound in options.focal_bounds)
    if low <= adjusted.camera.focal_px <= high:
        return adjusted
    held = replace(model.camera, focal_px=float(np.clip(adjusted.camera.focal_px, low, high)))
    return adjust(tracks, replace(model, camera=held), replace(how, focal=False))
