"""A picture that is shifted from frame to frame: a digital stabiliser has cut a moving window out of what the lens saw.

Each frame then has its own principal point. With one for all, poses bend to follow the window, and the focal length
with them: 8 % and 100 % off in reconstructions whose residuals stay under half a pixel.
"""

from dataclasses import dataclass, replace

import numpy as np

from factory.geometry.bundle import Bundle, Freedom, Sightings, bundled
from factory.geometry.camera import centred_camera
from factory.geometry.directions import mean_directions
from factory.sfm.mapping.averaging import thinned
from factory.sfm.mapping.bundle import retriangulated
from factory.sfm.mapping.resection import resected
from factory.sfm.model.model import Model, undistorted
from factory.sfm.model.trajectory import Trajectory, middle_px, recentred
from factory.tracks import Tracks

GATE_LOSS_PX = 0.5  # Cauchy, as where zoom is asked for
GATE_TOLERANCE = 1e-4  # a step that saves less says nothing about a factor of 1.2


@dataclass(frozen=True)
class ShiftSearch:
    """When a solve with one principal point a frame is tried, and how."""

    gate_per_frame: int = 100  # observations of the test
    gate_iterations: int = 8
    # With a camera whose principal point rests 1.01 to 1.09 on 21 real clips and 4 rendered ones (1.15 with distortion
    # not yet solved, 1.15 and 1.23 on two bad solves); with one that walks by 0.3 and 0.5 px a frame 1.12, by 1 px
    # 1.4, by 3 px 2.1 to 2.7.
    gate_gain: float = 1.2
    # The same of a camera that turns: two DAVIS clips that are right 1.16 and 1.21; a walk of 1 px a frame 1.2, its
    # focal length 4 % off, of 2 px 1.6 to 1.7.
    turning_gain: float = 1.4
    prior: float = 0.04  # standard deviation of the shift, of the longer side
    # Rounds of re-triangulation and adjustment: cut, loss, iterations.
    rounds: tuple[tuple[float, float, int], ...] = ((4.0, 0.5, 60), (2.0, 0.5, 60), (1.0, 0.3, 60), (1.0, 0.15, 30))
    per_frame: int = 300  # longest tracks in these rounds
    least_kept: float = 0.95  # of the shared solve's observations, for the solution to count
    turning_cost: float = 3.0  # of the path's, up to which a camera only turns, as where it zooms
    far_focal: float = 2.0  # by the longer side, from which on it may have run away; twice a usual lens's, a guess
    least_gain: float = 1.05  # of the robust cost of common observations, over all other answers; a guess
    weak_frame: int = 20  # kept observations under which a frame is placed anew

    def freedom(self, tracks: Tracks, loss_px: float, iterations: int) -> Freedom:
        """What may move in a solve with one principal point a frame."""
        return Freedom(iterations, loss_px, middle_px(tracks), self.prior * max(tracks.width, tracks.height))


def shifted_gain(path: Trajectory, search: ShiftSearch) -> float:
    """By what factor the robust cost of the longest tracks falls when every frame gets its own principal point.

    Both sides are adjusted from the solution, or from its rotations where the camera only turns. 1 where there is next
    to none.
    """
    tracks, model = undistorted(path.tracks, path.camera), path.model
    model = replace(model, camera=replace(model.camera, k1=0.0, k2=0.0))
    if path.rotation_only:
        rows = np.flatnonzero(model.kept)
        frame, track = tracks.frame[rows], tracks.track[rows]
        poses, focal_px = path.world_from_cam[frame], model.focal_of(frame)
        points = mean_directions(tracks.xy[rows], poses, track, tracks.count, model.camera, focal_px)
        model = replace(model, points=points)
    model = _longest(tracks, model, search.gate_per_frame)
    if model.registered.sum() < 3 or not model.kept.any():
        return 1.0
    free = search.freedom(tracks, GATE_LOSS_PX, search.gate_iterations)
    free = replace(free, turning=path.rotation_only, tolerance=GATE_TOLERANCE)
    bundle, seen, _ = _bundle(tracks, model, np.tile(free.middle_px, (tracks.frames, 1)))
    bundle, before = bundled(bundle, seen, replace(free, shift_px=0.0))
    return before / max(bundled(bundle, seen, free)[1], 1e-9)


@dataclass(frozen=True)
class Shifted:
    """A solution with one principal point a frame. centre_px: float64 (F, 2). tracks: moved back by it. model: of these
    tracks, as of a camera whose principal point stays."""

    centre_px: np.ndarray
    tracks: Tracks
    model: Model


def shifted_solution(
    tracks: Tracks, model: Model, least_share: np.ndarray, least_angle_deg: float, search: ShiftSearch
) -> Shifted | None:
    """Poses, points, focal length and principal points from those of one principal point; None where nothing fits.

    tracks: as seen. least_share: as for `retriangulated`.
    """
    camera = centred_camera(model.camera.focal_px, tracks.width, tracks.height)  # distortion is what hid the shift
    model = replace(model, camera=camera, focal_px=None)
    centre_px = np.tile([camera.cx, camera.cy], (tracks.frames, 1))
    moved = tracks  # by what is known so far
    for number, (cut_px, loss_px, iterations) in enumerate(search.rounds):
        if number > 0:
            model = resected(moved, model, search.weak_frame, 2.0 * cut_px)
        model = retriangulated(moved, model, cut_px, least_share, least_angle_deg)
        model = _longest(tracks, model, search.per_frame)
        if not model.kept.any():
            return None
        bundle, seen, frames = _bundle(tracks, model, centre_px)
        bundle, _ = bundled(bundle, seen, search.freedom(tracks, loss_px, iterations))
        poses, centre_px = model.cam_from_world.copy(), centre_px.copy()
        poses[frames], centre_px[frames] = bundle.cam_from_world, bundle.centre_px
        model = replace(model, cam_from_world=poses, camera=replace(camera, focal_px=bundle.focal_px))
        moved = recentred(tracks, centre_px)
    model = retriangulated(moved, model, search.rounds[-1][0], least_share, least_angle_deg)
    held = _longest(moved, model, search.per_frame).kept.any()
    return Shifted(centre_px, moved, model) if held else None


def turns_instead(shifted: Shifted, search: ShiftSearch) -> bool:
    """Whether a camera that only turns explains nearly as much, with principal points of its own."""
    tracks = recentred(shifted.tracks, 2 * middle_px(shifted.tracks) - shifted.centre_px)
    model = _longest(tracks, shifted.model, search.gate_per_frame)
    free = search.freedom(tracks, GATE_LOSS_PX, search.gate_iterations)
    bundle, seen, _ = _bundle(tracks, model, shifted.centre_px)
    _, moving = bundled(bundle, seen, free)
    turning = bundle.cam_from_world.copy()
    turning[:, :3, 3] = 0.0
    rays = np.column_stack([(seen.xy - bundle.centre_px[seen.frame]) / bundle.focal_px, np.ones(len(seen.xy))])
    rays = np.einsum("nji,nj->ni", turning[seen.frame, :3, :3], rays / np.linalg.norm(rays, axis=1, keepdims=True))
    sums = np.stack([np.bincount(seen.point, rays[:, k], len(bundle.points)) for k in range(3)], axis=1)
    directions = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    start = replace(bundle, cam_from_world=turning, points=directions)
    # Rotations of a path that was bent to follow directions need more steps.
    _, still = bundled(start, seen, replace(free, turning=True, iterations=4 * search.gate_iterations))
    return still <= search.turning_cost * moving


def _longest(tracks: Tracks, model: Model, per_frame: int) -> Model:
    """The model with the longest tracks alone."""
    held = np.bincount(tracks.track[model.kept], minlength=tracks.count) >= 3
    return model.keep(model.kept & thinned(tracks, held, per_frame)[tracks.track])


def _bundle(tracks: Tracks, model: Model, centre_px: np.ndarray) -> tuple[Bundle, Sightings, np.ndarray]:
    """The model's kept observations and what they see, and the numbers of its frames."""
    rows, frames = np.flatnonzero(model.kept), np.flatnonzero(model.registered)
    ids, point = np.unique(tracks.track[rows], return_inverse=True)
    place = np.zeros(tracks.frames, int)
    place[frames] = np.arange(len(frames))
    poses, focal_px = model.cam_from_world[frames], model.camera.focal_px
    scale = np.ones(len(frames)) if model.focal_px is None else model.focal_px[frames] / focal_px
    bundle = Bundle(poses, model.points[ids], focal_px, centre_px[frames], scale)
    return bundle, Sightings(place[tracks.frame[rows]], point, tracks.xy[rows]), frames
