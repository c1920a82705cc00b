"""Absolute rotations from relative ones, and absolute positions from tracks, with pycolmap's global solvers."""

from dataclasses import replace

import numpy as np
import pycolmap

from factory.geometry.camera import Camera, invert_rigid, unproject
from factory.geometry.triangulation import triangulate
from factory.sfm.mapping.positions import linear_positions
from factory.sfm.model.model import Model, errors_px, from_colmap, to_colmap
from factory.sfm.pairs.relative import RelativePose
from factory.tracks import Tracks

# Linear positions are taken where this share of the observations that made them lies within so many pixels of its
# point: 0.98 and more on 18 clips, 0.40 on a portrait whose rotations are wrong; the bound between is a guess.
LEAST_EXPLAINED = 0.8
EXPLAINED_PX = 16.0
LINEAR_LOSS_PX = 4.0


def pose_graph(poses: list[RelativePose]) -> pycolmap.PoseGraph:
    """Edges between image ids (frame + 1)."""
    graph = pycolmap.PoseGraph()
    for pose in poses:
        edge = pycolmap.PoseGraphEdge()
        edge.cam2_from_cam1 = pycolmap.Rigid3d(pose.cam_j_from_i[:3])
        edge.num_matches = int(pose.inliers.sum())
        graph.add_edge(pose.i + 1, pose.j + 1, edge)
    return graph


def global_poses(tracks: Tracks, poses: list[RelativePose], camera: Camera, chosen: np.ndarray) -> Model | None:
    """Rotation averaging (Chatterjee and Govindu, PAMI 2018), then positions: the linear ones, or where those explain
    too little global positioning (GLOMAP, Pan et al., ECCV 2024), which takes ten times as long.

    `chosen` bool (M,): the tracks that decide the positions. None when the graph cannot be solved.
    """
    nothing = _unplaced(tracks, camera, chosen[tracks.track])
    linear = _linear(tracks, replace(nothing, cam_from_world=_turned(global_rotations(tracks, poses, camera))))
    return linear or _positioned(tracks, poses, nothing)


def _turned(rotation: np.ndarray) -> np.ndarray:
    """Poses (F, 4, 4) of rotations (F, 3, 3), at the origin."""
    poses = np.tile(np.eye(4), (len(rotation), 1, 1))
    poses[:, :3, :3] = rotation
    poses[~np.isfinite(rotation[:, 0, 0])] = np.nan
    return poses


def _linear(tracks: Tracks, model: Model) -> Model | None:
    """Positions and points for a model of rotations; None where they do not explain the observations."""
    rows = np.flatnonzero(model.kept & model.registered[tracks.frame])
    frame, track = tracks.frame[rows], tracks.track[rows]
    rays = unproject(tracks.xy[rows], model.camera)
    rays = np.einsum("nji,nj->ni", model.cam_from_world[frame, :3, :3], rays)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    centres = linear_positions(rays, frame, track, tracks.frames, 1.0 / model.camera.focal_px)
    if centres is None:
        return None
    poses = model.cam_from_world.copy()
    poses[:, :3, 3] = -np.einsum("fij,fj->fi", poses[:, :3, :3], centres)
    poses[~np.isfinite(poses[:, 0, 3])] = np.nan
    rows = rows[np.isfinite(poses[frame, 0, 0])]
    points = triangulate(
        tracks.xy[rows], poses[tracks.frame[rows]], tracks.track[rows], tracks.count, model.camera, LINEAR_LOSS_PX
    )
    found = _rounded(replace(model, cam_from_world=poses, points=points))
    explained = np.mean(errors_px(tracks, found)[model.kept] < EXPLAINED_PX) if model.kept.any() else 0.0
    return found if explained >= LEAST_EXPLAINED else None


def _positioned(tracks: Tracks, poses: list[RelativePose], nothing: Model) -> Model | None:
    reconstruction = to_colmap(tracks, nothing, poses=False)
    graph = _averaged(reconstruction, poses)
    if graph is None:
        return None
    options = pycolmap.GlobalPositionerOptions(random_seed=0, use_gpu=False)
    if not pycolmap.run_global_positioning(options, graph, reconstruction):
        return None
    return _rounded(from_colmap(reconstruction, tracks, nothing))


def global_rotations(tracks: Tracks, poses: list[RelativePose], camera: Camera) -> np.ndarray:
    """Rotations cam_from_world, float64 (F, 3, 3), of relative ones; NaN for frames no pair reaches."""
    nothing = _unplaced(tracks, camera, np.zeros(len(tracks.track), bool))
    reconstruction = to_colmap(tracks, nothing, poses=False)
    if _averaged(reconstruction, poses) is None:
        return nothing.cam_from_world[:, :3, :3]
    return from_colmap(reconstruction, tracks, nothing).cam_from_world[:, :3, :3]


def _averaged(reconstruction: pycolmap.Reconstruction, poses: list[RelativePose]) -> pycolmap.PoseGraph | None:
    graph = pose_graph(poses)
    if graph.empty:
        return None
    options = pycolmap.RotationEstimatorOptions(random_seed=0)
    return graph if pycolmap.run_rotation_averaging(options, graph, reconstruction, []) else None


def _unplaced(tracks: Tracks, camera: Camera, kept: np.ndarray) -> Model:
    """A model of which nothing is known but the camera."""
    nowhere = np.full((tracks.frames, 4, 4), np.nan)
    return Model(camera, nowhere, np.full((tracks.count, 3), np.nan), kept)


def _rounded(model: Model) -> Model:
    """With the cameras' extent as unit and lengths rounded to a hundred thousandth of it.

    Ceres sums in the order of addresses, so two runs of the positioning differ in the tenth digit, which the steps
    after it blow up to the fourth. Rounding, far below the accuracy of this step, ends that.
    """
    centres = invert_rigid(model.cam_from_world)[:, :3, 3]
    middle = np.nanmedian(centres, axis=0)
    unit = max(float(np.nanmax(np.linalg.norm(centres - middle, axis=1))), 1e-12)
    cam_from_world = model.cam_from_world.copy()
    placed = np.round((centres - middle) / unit, 5)
    cam_from_world[:, :3, 3] = -np.einsum("fij,fj->fi", cam_from_world[:, :3, :3], placed)
    return replace(model, cam_from_world=cam_from_world, points=np.round((model.points - middle) / unit, 5))


def thinned(tracks: Tracks, allowed: np.ndarray, per_frame: int) -> np.ndarray:
    """Of the allowed tracks, bool (M,), the longest until every frame has `per_frame` of them or no more: bool (M,)."""
    lengths = tracks.lengths()
    begin = np.searchsorted(tracks.track, np.arange(tracks.count + 1))
    held = np.zeros(tracks.frames, np.int64)
    chosen = np.zeros(tracks.count, bool)
    for t in np.argsort(-lengths, kind="stable"):
        frames = tracks.frame[begin[t] : begin[t + 1]]
        if allowed[t] and lengths[t] >= 3 and np.any(held[frames] < per_frame):
            chosen[t] = True
            held[frames] += 1
    return chosen
