"""Bundle adjustment, and the filtering and full re-triangulation around it."""

from dataclasses import dataclass, replace

import numpy as np
import pycolmap

from factory.geometry.triangulation import triangulate
from factory.sfm.model.model import Model, errors_px, from_colmap, parallax_deg, to_colmap
from factory.tracks import Tracks

LOSS_PX = 0.5  # Cauchy: of quick adjustments that ask what else could explain a solution


@dataclass(frozen=True)
class Adjustment:
    """One round. loss_px: scale of the robust loss. focal, rotation: whether these may move. radial: how many terms of
    distortion may be found, at the least those that the camera has. tolerance: share of the cost that a step must save
    for another to follow."""

    loss: str
    loss_px: float
    iterations: int
    focal: bool = True
    rotation: bool = True
    radial: int = 0
    tolerance: float = 1e-6


def adjust(tracks: Tracks, model: Model, how: Adjustment) -> Model:
    """The kept observations' reprojection errors made least over poses, points and (if free) the camera."""
    terms = max(how.radial, model.camera.radial_terms)
    reconstruction = to_colmap(tracks, model, terms)
    options = pycolmap.BundleAdjustmentOptions(
        refine_focal_length=how.focal,
        refine_extra_params=terms > 0,
        refine_principal_point=False,
        constant_rig_from_world_rotation=not how.rotation,
        print_summary=False,
    )
    options.ceres.loss_function_type = pycolmap.LossFunctionType(how.loss)
    options.ceres.loss_function_scale = how.loss_px
    options.ceres.solver_options.max_num_iterations = how.iterations
    options.ceres.solver_options.num_threads = 1
    # Dense takes 0.85 of the sparse solver's time on 96 frames; pycolmap changes over at 50, and 120 is a guess.
    options.ceres.max_num_images_direct_dense_cpu_solver = 120
    # pycolmap's default of 0 never stops early.
    options.ceres.solver_options.function_tolerance = how.tolerance
    config = pycolmap.BundleAdjustmentConfig()
    for image_id in reconstruction.reg_image_ids():
        config.add_image(image_id)
    config.fix_gauge(pycolmap.BundleAdjustmentGauge.TWO_CAMS_FROM_WORLD)
    pycolmap.create_default_bundle_adjuster(options, config, reconstruction).solve()
    return from_colmap(reconstruction, tracks, model)


def filtered(tracks: Tracks, model: Model, max_error_px: float, least_frames: int = 3) -> Model:
    """Keeps kept observations under `max_error_px`, then tracks that still have `least_frames`."""
    return _long_enough(tracks, model, model.kept & (errors_px(tracks, model) < max_error_px), least_frames)


def retriangulated(
    tracks: Tracks, model: Model, max_error_px: float, least_share: np.ndarray | float, least_angle_deg: float
) -> Model:
    """Every track triangulated anew from the poses, voted out or not, and judged by what it then explains.

    Kept: observations under `max_error_px` of tracks with three such observations, at least `least_share` of all
    theirs (one for all tracks, or one each), and a parallax of `least_angle_deg`.
    """
    registered = model.registered[tracks.frame]
    rows = np.flatnonzero(registered)
    points = triangulate(
        tracks.xy[rows],
        model.cam_from_world[tracks.frame[rows]],
        tracks.track[rows],
        tracks.count,
        model.camera,
        loss_px=max_error_px,
        focal_px=model.focal_of(tracks.frame[rows]),
    )
    again = replace(model, points=points)
    near = registered & (errors_px(tracks, again) < max_error_px)
    seen = np.bincount(tracks.track[rows], minlength=tracks.count)
    held = np.bincount(tracks.track[near], minlength=tracks.count)
    good = (held >= 3) & (held >= least_share * seen)
    again = again.keep(near & good[tracks.track])
    return again.keep(again.kept & (parallax_deg(tracks, again) >= least_angle_deg)[tracks.track])


def robust_cost(tracks: Tracks, model: Model, loss_px: float) -> float:
    """Mean Cauchy loss of the kept observations, without unit; an observation counts at most as if 5 px off."""
    errors = np.minimum(errors_px(tracks, model)[model.kept], 5.0)
    return float(np.mean(np.log1p((errors / loss_px) ** 2)))


def _long_enough(tracks: Tracks, model: Model, kept: np.ndarray, least_frames: int) -> Model:
    held = np.bincount(tracks.track[kept], minlength=tracks.count)
    return model.keep(kept & (held >= least_frames)[tracks.track])
