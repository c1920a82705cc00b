"""From tracks to a trajectory: the order of the steps, and what to do when the first way fails."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from factory.geometry.camera import corner_bend
from factory.sfm.attempts import least_share, solve_tracks, solved_from, trajectory, with_bent_lens, with_readout
from factory.sfm.mapping.bundle import filtered
from factory.sfm.mapping.final_rounds import Sharpening, bent_gain, sharpened
from factory.sfm.mapping.resection import connected
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.moving_crop import (
    beats_other_lenses,
    doubted,
    explains_more,
    has_moving_crop,
    shifted_under_usual_focal,
    with_shift,
)
from factory.sfm.options import PointOptions, SolveOptions
from factory.sfm.points.patch_alignment import refined
from factory.sfm.points.sift import SiftTracks, sift_tracks, together
from factory.sfm.zoom.gate import freed_gain, gain
from factory.sfm.zoom.search import ZoomSearch, focal_chain
from factory.sfm.zoom.turning import turning_instead
from factory.tracks import Tracks


def solve_clip(
    tracks: Tracks, background: np.ndarray, grey_frames: Sequence[np.ndarray], options: SolveOptions | None = None
) -> Trajectory:
    """Poses of a clip's sampled frames from its background tracks.

    background: bool (M,). grey_frames: uint8 (H, W), one a sampled frame. A clip that cannot be solved gives a
    trajectory without registered frames. The same input gives the same answer.
    """
    options = options or SolveOptions()
    sparse = is_sparse(tracks.select(background), options.points)
    options = adapted(options, tracks, background, sparse)
    working, static = working_tracks(tracks, background, grey_frames, options.points, sparse)
    shared, readout_s = with_readout(working, static, solve_tracks(working, static, options), options)
    shared = with_bent_lens(shared, options)
    answer = _best(shared.tracks, static, shared, grey_frames, options, readout_s)
    return replace(answer, readout_s=readout_s)


def _best(
    working: Tracks,
    static: np.ndarray,
    shared: Trajectory,
    grey_frames: Sequence[np.ndarray],
    options: SolveOptions,
    readout_s: float | None,
) -> Trajectory:
    """What explains the tracks best: one camera for all frames, a lens that zooms, or a picture that is moved."""
    suspected = has_moving_crop(shared, options.lens.shift)
    found = shifted_under_usual_focal(working, static, shared, options)
    if found is None and suspected and beats_other_lenses(shared, options):
        found = with_shift(shared, options)
    answer = _with_zoom(working, static, shared, options)
    if found is not None and not found.moving_crop and explains_more(found, answer, options.lens.shift):
        return found
    sharpening = options.mapping.sharpening
    if sharpening is not None and not answer.rotation_only and answer.kept.any():
        answer = _sharpened(answer, grey_frames, options, sharpening, readout_s)
    return doubted(answer, options.lens.shift) if suspected else answer


def _sharpened(
    answer: Trajectory,
    grey_frames: Sequence[np.ndarray],
    options: SolveOptions,
    how: Sharpening,
    readout_s: float | None,
) -> Trajectory:
    """The answer after the last steps; itself where they would lose frames, or the focal length runs away."""
    share, angle_deg = least_share(answer.static, options), options.mapping.least_angle_deg
    cut_px = options.mapping.cut_px
    start = (answer.tracks, answer.model, share, cut_px, angle_deg, grey_frames)
    tracks, model, new = sharpened(*start, how, readout_s)
    bend = corner_bend(model.camera, tracks.width, tracks.height)
    if bend < -how.most_push and not answer.camera.radial_terms:  # what was little when it was asked for has grown
        tracks, model, new = sharpened(*start, replace(how, radial_gain=None), readout_s)
    model = connected(tracks, filtered(tracks, model, 2.0 * cut_px), options.mapping.least_shared)
    low, high = (bound * max(tracks.width, tracks.height) for bound in options.lens.focal_bounds)
    if model.registered.sum() < answer.registered.sum() or not low <= model.camera.focal_px <= high:
        return answer
    return replace(trajectory(tracks, answer.static, model, model.camera, answer.method), guided=new)


def _with_zoom(tracks: Tracks, static: np.ndarray, shared: Trajectory, options: SolveOptions) -> Trajectory:
    """The solution with a focal length for every frame where it explains clearly more than the shared one does; with
    rotations only where directions explain as much as either path."""
    search = options.zoom
    freed = 1.0 if search is None else freed_gain(shared, search)
    if search is None or freed < search.turning_gain:
        return shared
    # Distortion that nobody told of looks like a zoom to this test, but one number then explains more than F do.
    zooms = freed >= search.gate_gain and freed > bent_gain(tracks, shared.model, search.gate_per_frame)
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
            focal_px = zoomed.model.focal_px
            if focal_px is None or gain(shared, zoomed) < search.least_gain:
                return shared
            if search.believed(focal_px[zoomed.registered]):
                return zoomed
            # No zoom, and yet better: the shared focal length was stuck. That of the frames is where to start anew.
            again = solved_from(replace(zoomed.model, focal_px=None), tracks, static, options, shared.method)
            return again if gain(shared, again) >= search.least_gain else shared
    return shared


def adapted(options: SolveOptions, tracks: Tracks, background: np.ndarray, sparse: bool) -> SolveOptions:
    """The options for this clip: where so few points live in a frame that edges and shadows are among them, and frames
    do not just lie far apart, bounds are looser, and neither patches nor distortion are trusted (study: 3.8 -> 1.1 %).
    """
    if sparse or len(tracks.track) >= options.points.few_tracks * tracks.frames:
        return replace(
            options, points=replace(options.points, sift=_joining(options.points, tracks, background, sparse))
        )
    loose = replace(
        options.mapping,
        sharpening=None,
        positioned_per_frame=10**6,
        rough_per_frame=10**6,
        rounds=((4.0, 10), (1.0, 70)),
        loss_px=1.0,
        cut_px=1.5,
    )
    points = replace(options.points, refinement=None, sift=None)
    return replace(options, points=points, mapping=loose, lens=replace(options.lens, bent=None))


def _joining(how: PointOptions, tracks: Tracks, background: np.ndarray, sparse: bool) -> SiftTracks | None:
    """The SIFT tracks that a clip needs beside its own: more where these last, but few of them are background."""
    lengths = tracks.lengths() * (tracks.lengths() >= 3)
    if how.sift is None or sparse or lengths.sum() < how.short_tracks * np.count_nonzero(lengths):
        return how.sift
    if lengths[background].sum() < how.few_static * tracks.frames:
        return replace(how.sift, features=how.sift.many_features)
    return None


def working_tracks(
    tracks: Tracks, background: np.ndarray, grey_frames: Sequence[np.ndarray], how: PointOptions, sparse: bool
) -> tuple[Tracks, np.ndarray]:
    """The tracks of at least three frames, and SIFT tracks after them, refined; and which are background, bool.

    Where frames lie far apart (`sparse`) the patches of SIFT features have turned too much to be aligned: theirs stay
    as they are.
    """
    long = tracks.lengths() >= 3
    working, static = tracks.select(long), background[long]
    if sparse and how.refinement is not None:
        working = refined(working, grey_frames, how.refinement)
    if how.sift is not None:
        extra, extra_static = sift_tracks(tracks, background, grey_frames, sparse, how.sift)
        working, static = together(working, extra), np.concatenate([static, extra_static])
    if not sparse and how.refinement is not None:
        working = refined(working, grey_frames, how.refinement)
    return working, static


def is_sparse(tracks: Tracks, how: PointOptions) -> bool:
    """Whether successive frames are so far apart that a frame-to-frame tracker loses the thread."""
    if tracks.frames < 2:
        return False
    common = min(len(tracks.pair(f, f + 1)[0]) for f in range(tracks.frames - 1))
    return common < how.sparse_common or float(np.median(np.diff(tracks.times_s))) > how.sparse_interval_s
