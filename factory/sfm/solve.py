"""From tracks to a trajectory: the order of the steps, and what to do when the first way fails."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from factory.geometry.camera import Camera, centred_camera, invert_rigid
from factory.sfm.adjust import Adjustment, adjust, filtered
from factory.sfm.averaging import global_poses, thinned
from factory.sfm.focal import focal_start
from factory.sfm.incremental import incremental_poses
from factory.sfm.model import Model, errors_px, parallax_deg, zooming
from factory.sfm.options import SolveOptions
from factory.sfm.polish import polished
from factory.sfm.refine import refined
from factory.sfm.relative import RelativePose, inlier_share, relative_poses, stride_pairs
from factory.sfm.resection import connected
from factory.sfm.sharpen import Sharpening, bent_gain, sharpened
from factory.sfm.shift import ShiftSearch, shifted_gain, shifted_solution, turns_instead
from factory.sfm.sift import SiftTracks, sift_tracks, together
from factory.sfm.trajectory import Trajectory
from factory.sfm.zoom import ZoomSearch, focal_chain, steadied
from factory.sfm.zoom_gate import freed_gain, gain
from factory.sfm.zoom_turning import turning_instead
from factory.tracks import Tracks


def solve_clip(
    tracks: Tracks, background: np.ndarray, grey_frames: Sequence[np.ndarray], options: SolveOptions | None = None
) -> Trajectory:
    """Poses of a clip's sampled frames from its background tracks.

    background: bool (M,). grey_frames: uint8 (H, W), one a sampled frame. A clip that cannot be solved gives a
    trajectory without registered frames. The same input gives the same answer.
    """
    options = adapted(options or SolveOptions(), tracks, background)
    working, static = working_tracks(tracks, background, grey_frames, options)
    shared = solve_tracks(working, static, options)
    suspected = has_moving_crop(shared, options.shift)
    found = _shifted_under_usual_focal(working, static, shared, options)
    if found is None and suspected and _beats_other_lenses(shared, options):
        found = with_shift(shared, options)
    answer = _with_zoom(working, static, shared, options)
    if found is not None and not found.moving_crop and _explains_more(found, answer, options.shift):
        return found
    if options.sharpening is not None and not answer.rotation_only and answer.kept.any():
        answer = _sharpened(answer, grey_frames, options, options.sharpening)
    return doubted(answer, options.shift) if suspected else answer


def _sharpened(
    answer: Trajectory, grey_frames: Sequence[np.ndarray], options: SolveOptions, how: Sharpening
) -> Trajectory:
    """The answer after the last steps; itself where they would lose frames, or the focal length runs away."""
    share, angle_deg = _least_share(answer.static, options), options.least_angle_deg
    tracks, model, new = sharpened(answer.tracks, answer.model(), share, options.cut_px, angle_deg, grey_frames, how)
    model = connected(tracks, filtered(tracks, model, 2.0 * options.cut_px), options.least_shared)
    low, high = (bound * max(tracks.width, tracks.height) for bound in options.focal_bounds)
    if model.registered.sum() < answer.registered.sum() or not low <= model.camera.focal_px <= high:
        return answer
    return replace(trajectory(tracks, answer.static, model, model.camera, answer.method), guided=new)


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


def _beats_other_lenses(shared: Trajectory, options: SolveOptions) -> bool:
    """Whether it explains more than what else bends a solution: a focal length a frame, or distortion."""
    gained, zoom = shifted_gain(shared, options.shift or ShiftSearch()), options.zoom or ZoomSearch()
    return gained > max(freed_gain(shared, zoom), bent_gain(shared.tracks, shared.model(), zoom.gate_per_frame))


def with_shift(shared: Trajectory, options: SolveOptions) -> Trajectory:
    """The solution with a principal point for every frame; the shared one, so marked, where that does not hold."""
    tracks, search = shared.tracks, options.shift or ShiftSearch()
    share = _least_share(shared.static, options)
    found = shifted_solution(tracks, shared.model(), share, options.least_angle_deg, search)
    if found is None or turns_instead(found, search):
        return replace(shared, moving_crop=True)
    model = connected(found.tracks, found.model, options.least_shared)
    if model.registered.sum() < shared.registered.sum() or model.kept.sum() < search.least_kept * shared.kept.sum():
        return replace(shared, moving_crop=True)
    answer = trajectory(found.tracks, shared.static, model, model.camera, shared.method)
    return replace(answer, centre_px_per_frame=np.where(model.registered[:, None], found.centre_px, np.nan))


def _explains_more(found: Trajectory, answer: Trajectory, search: ShiftSearch | None) -> bool:
    """Whether principal points that move leave less than the best answer without: a slow zoom can look like a drift,
    and a turn that directions explain is no path, however the picture moves."""
    return search is not None and not answer.rotation_only and gain(answer, found) >= search.least_gain


def _shifted_under_usual_focal(
    tracks: Tracks, static: np.ndarray, shared: Trajectory, options: SolveOptions
) -> Trajectory | None:
    """Where the focal length has run away, under which a shift looks just like a turn: the solution with a principal
    point for every frame that is found from the usual focal length, where that is no worse; else None."""
    search, side_px = options.shift, max(tracks.width, tracks.height)
    if search is None or shared.camera.focal_px <= search.far_focal * side_px:
        return None
    camera = centred_camera(options.focal.prior * side_px, tracks.width, tracks.height)
    model = _positioned(tracks, static, _pairs(tracks, static, camera, options), camera, options)
    if model is None or not (model := filtered(tracks, model, 16.0)).kept.any():
        return None
    model = adjust(tracks, model, Adjustment("HUBER", 1.0, 8, focal=False, tolerance=1e-4))
    near = trajectory(tracks, static, model, camera, shared.method)
    # A zoom makes the focal length run away too, and costs ten times as much to be told from a shift by solving both.
    if not has_moving_crop(near, search) or not _beats_other_lenses(near, options):
        return None
    found = with_shift(near, options)
    return found if found.kept.sum() >= search.least_kept * shared.kept.sum() else None


def _with_zoom(tracks: Tracks, static: np.ndarray, shared: Trajectory, options: SolveOptions) -> Trajectory:
    """The solution with a focal length for every frame where it explains clearly more than the shared one does; with
    rotations only where directions explain as much as either path."""
    search = options.zoom
    freed = 1.0 if search is None else freed_gain(shared, search)
    if search is None or freed < search.turning_gain:
        return shared
    # Distortion that nobody told of looks like a zoom to this test, but one number then explains more than F do.
    zooms = freed >= search.gate_gain and freed > bent_gain(tracks, shared.model(), search.gate_per_frame)
    path = _zoomed_path(tracks, static, shared, options, search) if zooms else shared
    return turning_instead(tracks, static, path, search) or path


def _zoomed_path(
    tracks: Tracks, static: np.ndarray, shared: Trajectory, options: SolveOptions, search: ZoomSearch
) -> Trajectory:
    chain = focal_chain(tracks.select(static), search)
    if chain is None:
        return shared
    for power in search.powers:
        zoomed = solve_tracks(tracks, static, options, zoom=chain**power)
        if zoomed.kept.sum() >= search.least_kept * shared.kept.sum():
            focal_px = zoomed.model().focal_px
            if focal_px is None or gain(shared, zoomed) < search.least_gain:
                return shared
            if search.believed(focal_px[zoomed.registered]):
                return zoomed
            # No zoom, and yet better: the shared focal length was stuck. That of the frames is where to start anew.
            again = solve_tracks(tracks, static, options, zoomed.camera.focal_px)
            return again if gain(shared, again) >= search.least_gain else shared
    return shared


def adapted(options: SolveOptions, tracks: Tracks, background: np.ndarray) -> SolveOptions:
    """The options for this clip: where so few points live in a frame that edges and shadows are among them, and frames
    do not just lie far apart, bounds are looser, and neither patches nor distortion are trusted (study: 3.8 -> 1.1 %).
    """
    sparse = is_sparse(tracks.select(background), options)
    if sparse or len(tracks.track) >= options.few_tracks * tracks.frames:
        return replace(options, sparse=sparse, sift=_joining(options, tracks, background, sparse))
    return replace(
        options,
        refinement=None,
        sift=None,
        sharpening=None,
        positioned_per_frame=10**6,
        rough_per_frame=10**6,
        rounds=((4.0, 10), (1.0, 70)),
        loss_px=1.0,
        cut_px=1.5,
    )


def _joining(options: SolveOptions, tracks: Tracks, background: np.ndarray, sparse: bool) -> SiftTracks | None:
    """The SIFT tracks that a clip needs beside its own: more where these last, but few of them are background."""
    lengths = tracks.lengths() * (tracks.lengths() >= 3)
    if options.sift is None or sparse or lengths.sum() < options.short_tracks * np.count_nonzero(lengths):
        return options.sift
    if lengths[background].sum() < options.few_static * tracks.frames:
        return replace(options.sift, features=options.sift.many_features)
    return None


def working_tracks(
    tracks: Tracks, background: np.ndarray, grey_frames: Sequence[np.ndarray], options: SolveOptions
) -> tuple[Tracks, np.ndarray]:
    """The tracks of at least three frames, and SIFT tracks after them, refined; and which are background, bool.

    Where frames lie far apart the patches of SIFT features have turned too much to be aligned: theirs stay as they are.
    """
    long = tracks.lengths() >= 3
    working, static = tracks.select(long), background[long]
    if options.sparse and options.refinement is not None:
        working = refined(working, grey_frames, options.refinement)
    if options.sift is not None:
        extra, extra_static = sift_tracks(tracks, background, grey_frames, options.sparse, options.sift)
        working, static = together(working, extra), np.concatenate([static, extra_static])
    if not options.sparse and options.refinement is not None:
        working = refined(working, grey_frames, options.refinement)
    return working, static


def is_sparse(tracks: Tracks, options: SolveOptions) -> bool:
    """Whether successive frames are so far apart that a frame-to-frame tracker loses the thread."""
    if tracks.frames < 2:
        return False
    common = min(len(tracks.pair(f, f + 1)[0]) for f in range(tracks.frames - 1))
    return common < options.sparse_common or float(np.median(np.diff(tracks.times_s))) > options.sparse_interval_s


def solve_tracks(
    tracks: Tracks,
    static: np.ndarray,
    options: SolveOptions,
    focal_px: float | None = None,
    zoom: np.ndarray | None = None,
) -> Trajectory:
    """As `solve_clip` on tracks that need no more work. `focal_px` replaces the search for a starting focal length.

    zoom: float64 (F,), the start of each frame's focal length by the clip's, where every frame gets its own. Where a
    solve explains too little, others start from a shorter and a longer focal length; most observations win.
    """
    steady = tracks if zoom is None else steadied(tracks, zoom)
    start = focal_start(steady.select(static), options.focal) if focal_px is None else focal_px
    best, method = _curved(tracks, static, _attempt(tracks, static, start, options, zoom), options), "global"
    for factor in options.other_focals:
        if _explains_enough(tracks, static, best, options):
            break
        other = _attempt(tracks, static, start * factor, options, zoom)
        if other is not None and (best is None or other.kept.sum() > best.kept.sum()):
            best = other
    if best is None or best.registered.mean() < options.least_registered:
        other = _incremental_attempt(tracks, static, start, options, zoom)
        if other is not None and (best is None or other.registered.sum() > best.registered.sum()):
            best, method = other, "incremental"
    return trajectory(tracks, static, best, centred_camera(start, tracks.width, tracks.height), method)


def _curved(tracks: Tracks, static: np.ndarray, model: Model | None, options: SolveOptions) -> Model | None:
    """The model with distortion where it explains too little without: a strong one bends most tracks out of bounds."""
    if model is None or model.focal_px is not None or _explains_enough(tracks, static, model, options):
        return model
    curved = polished(tracks, model, _least_share(static, options), options, radial=True)
    if abs(np.log(curved.camera.focal_px / model.camera.focal_px)) > np.log1p(options.curved_focal):
        return model
    return curved if curved.kept.sum() > options.curved_gain * model.kept.sum() else model


def _explains_enough(tracks: Tracks, static: np.ndarray, model: Model | None, options: SolveOptions) -> bool:
    if model is None or not model.registered.all():
        return False
    return bool(model.kept[static[tracks.track]].mean() >= options.least_explained)


def _attempt(
    tracks: Tracks, static: np.ndarray, focal_px: float, options: SolveOptions, zoom: np.ndarray | None
) -> Model | None:
    camera = centred_camera(focal_px, tracks.width, tracks.height)
    steady = tracks if zoom is None else steadied(tracks, zoom)
    model = _positioned(steady, static, _pairs(steady, static, camera, options), camera, options)
    model = None if model is None else _rough(tracks, _zoomed(model, zoom))
    return None if model is None else polished(tracks, model, _least_share(static, options), options)


def _incremental_attempt(
    tracks: Tracks, static: np.ndarray, focal_px: float, options: SolveOptions, zoom: np.ndarray | None
) -> Model | None:
    camera = centred_camera(focal_px, tracks.width, tracks.height)
    steady = tracks if zoom is None else steadied(tracks, zoom)
    model = incremental_poses(steady, _pairs(steady, static, camera, options), camera)
    return None if model is None else polished(tracks, _zoomed(model, zoom), _least_share(static, options), options)


def _zoomed(model: Model, zoom: np.ndarray | None) -> Model:
    """The model of steadied tracks as one of the tracks themselves, with a focal length a frame."""
    return model if zoom is None else zooming(model, model.camera.focal_px * zoom)


def _pairs(tracks: Tracks, static: np.ndarray, camera: Camera, options: SolveOptions) -> list[RelativePose]:
    pairs = stride_pairs(tracks.frames, options.strides)
    return relative_poses(tracks, pairs, camera, options.pair_error_px, options.pair_trials, static)


def _least_share(static: np.ndarray, options: SolveOptions) -> np.ndarray:
    return np.where(static, options.least_share, options.doubted_share)


def _positioned(
    tracks: Tracks, static: np.ndarray, poses: list[RelativePose], camera: Camera, options: SolveOptions
) -> Model | None:
    vote = static & (np.nan_to_num(inlier_share(tracks, poses)) >= options.least_vote)
    return global_poses(tracks, poses, camera, thinned(tracks, vote, options.positioned_per_frame))


def _rough(tracks: Tracks, model: Model) -> Model | None:
    """The model after rounds of adjustment that first hold rotations and focal length, and need not converge, as others
    follow; None where nothing fits."""
    for cut_px, iterations, free in ((16.0, 8, False), (5.0, 15, True), (2.5, 15, True)):
        model = filtered(tracks, model, cut_px)
        if not model.kept.any():
            return None
        how = Adjustment("HUBER", 1.0, iterations, focal=free, rotation=free, tolerance=1e-4)
        model = adjust(tracks, model, how)
    return model


def trajectory(tracks: Tracks, static: np.ndarray, model: Model | None, camera: Camera, method: str) -> Trajectory:
    """The model in the shape the rest of the package knows; no registered frame where there is no model."""
    if model is None:
        nowhere = np.full((tracks.frames, 4, 4), np.nan)
        model = Model(camera, nowhere, np.full((tracks.count, 3), np.nan), np.zeros(len(tracks.track), bool))
    errors = errors_px(tracks, model)[model.kept]
    angles = parallax_deg(tracks, model)
    angles = angles[angles > 0]
    world_from_cam = invert_rigid(model.cam_from_world)
    world_from_cam[~model.registered] = np.nan
    return Trajectory(
        registered=model.registered,
        world_from_cam=world_from_cam,
        camera=model.camera,
        camera_model="SIMPLE_RADIAL" if model.camera.k1 != 0.0 else "SIMPLE_PINHOLE",
        focal_reliable=None,
        reprojection_error_px=float(errors.mean()) if len(errors) else None,
        parallax_mean_deg=float(angles.mean()) if len(angles) else None,
        parallax_median_deg=float(np.median(angles)) if len(angles) else None,
        tracks=tracks,
        static=static,
        points=np.where(np.isin(np.arange(tracks.count), tracks.track[model.kept])[:, None], model.points, np.nan),
        kept=model.kept,
        method=method,
        focal_px_per_frame=model.focal_px,
    )
