"""The middle of a solve: every track triangulated again, a part of them adjusted, until frames and points fit."""

from dataclasses import replace

import numpy as np

from factory.sfm.mapping.averaging import thinned
from factory.sfm.mapping.bundle import Adjustment, adjust, retriangulated
from factory.sfm.mapping.resection import connected, resected
from factory.sfm.model.model import Model, zooming
from factory.sfm.options import SolveOptions
from factory.tracks import Tracks


def polished(tracks: Tracks, model: Model, least_share: np.ndarray, options: SolveOptions, radial: int = 0) -> Model:
    """Rounds of placing weak frames anew, triangulating every track and adjusting a part of them; all at the end.

    least_share: float64 (M,), of each track's observations, what its point must explain for the track to count.
    radial: how many terms of distortion may be found too.
    """
    how = options.mapping
    for factor, iterations in how.rounds:
        model = resected(tracks, model, how.weak_frame, 4.0 * how.cut_px)
        model = retriangulated(tracks, model, factor * how.cut_px, least_share, how.least_angle_deg)
        if not model.kept.any():
            return replace(model, cam_from_world=np.full_like(model.cam_from_world, np.nan))
        held = np.bincount(tracks.track[model.kept], minlength=tracks.count) > 0
        model = model.keep(model.kept & thinned(tracks, held, how.rough_per_frame)[tracks.track])
        model = _bounded(tracks, model, Adjustment("CAUCHY", how.loss_px, iterations, radial=radial), options)
    model = retriangulated(tracks, model, how.cut_px, least_share, how.least_angle_deg)
    # What adjustment has moved behind a camera or far off is no support.
    return connected(tracks, model, how.least_shared)


def _bounded(tracks: Tracks, model: Model, how: Adjustment, options: SolveOptions) -> Model:
    """Adjusted; with the focal length at its bound where it runs away."""
    adjusted = adjust(tracks, model, how)
    low, high = (bound * max(tracks.width, tracks.height) for bound in options.lens.focal_bounds)
    if adjusted.focal_px is not None:
        bounded = np.clip(adjusted.focal_px, low, high)
        if np.array_equal(bounded, adjusted.focal_px):
            return adjusted
        return adjust(tracks, zooming(model, bounded), replace(how, focal=False))
    if low <= adjusted.camera.focal_px <= high:
        return adjusted
    held = replace(model.camera, focal_px=float(np.clip(adjusted.camera.focal_px, low, high)))
    return adjust(tracks, replace(model, camera=held), replace(how, focal=False))
