"""The state of a reconstruction as flat arrays beside `Tracks`, and its way into pycolmap and back."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import pycolmap

from factory.geometry.camera import COLMAP_MODELS, Camera, invert_rigid, unproject
from factory.geometry.triangulation import reprojection_errors, triangulation_angles_deg
from factory.tracks import Tracks

# glog, which reports every step on stderr and in files, would fill a worker's log; failures come back as values.
pycolmap.logging.minloglevel = 3

# pycolmap counts pixel centres at 0.5, this package at 0.
COLMAP_OFFSET_PX = 0.5


@dataclass(frozen=True)
class Model:
    """What is known of a clip's geometry: one camera, poses, points, and which observations support them.

    cam_from_world: float64 (F, 4, 4), NaN where a frame is not registered. points: float64 (M, 3), NaN where a track
    has none. kept: bool (N,), the observations that count; they belong to registered frames and existing points.
    focal_px: float64 (F,), one a frame where the lens zooms; the camera then has their median. None where all share
    the camera's.
    """

    camera: Camera
    cam_from_world: np.ndarray
    points: np.ndarray
    kept: np.ndarray
    focal_px: np.ndarray | None = None

    @property
    def registered(self) -> np.ndarray:
        """bool (F,)."""
        return np.isfinite(self.cam_from_world[:, 0, 0])

    def keep(self, kept: np.ndarray) -> "Model":
        return replace(self, kept=kept)

    def camera_at(self, frame: int) -> Camera:
        """The camera of one frame."""
        return self.camera if self.focal_px is None else replace(self.camera, focal_px=float(self.focal_px[frame]))

    def focal_of(self, frame: np.ndarray) -> np.ndarray | None:
        """Focal length of the frames of observations, int (n,): float64 (n,); None where all share the camera's."""
        return None if self.focal_px is None else self.focal_px[frame]


def errors_px(tracks: Tracks, model: Model) -> np.ndarray:
    """Reprojection error of every observation, float64 (N,); inf where pose or point is missing or behind."""
    errors = np.full(len(tracks.track), np.inf)
    known = model.registered[tracks.frame] & np.isfinite(model.points[tracks.track, 0])
    rows = np.flatnonzero(known)
    frame = tracks.frame[rows]
    errors[rows] = reprojection_errors(
        tracks.xy[rows],
        model.cam_from_world[frame],
        model.points[tracks.track[rows]],
        model.camera,
        model.focal_of(frame),
    )
    return errors


def parallax_deg(tracks: Tracks, model: Model) -> np.ndarray:
    """Triangulation angle of each track over its kept observations, float64 (M,); 0 without any."""
    rows = np.flatnonzero(model.kept)
    if len(rows) == 0:
        return np.zeros(tracks.count)
    world_from_cam = invert_rigid(model.cam_from_world)[tracks.frame[rows]]
    return triangulation_angles_deg(world_from_cam, model.points, tracks.track[rows], tracks.count)


def colmap_camera(camera: Camera, width: int, height: int, radial: int, camera_id: int = 1) -> pycolmap.Camera:
    """radial: how many terms of distortion it has."""
    centre = [camera.cx + COLMAP_OFFSET_PX, camera.cy + COLMAP_OFFSET_PX]
    params = [camera.focal_px, *centre, *(camera.k1, camera.k2)[:radial]]
    return pycolmap.Camera(model=COLMAP_MODELS[radial], width=width, height=height, params=params, camera_id=camera_id)


def to_colmap(tracks: Tracks, model: Model, radial: int = 0, poses: bool = True) -> pycolmap.Reconstruction:
    """A pycolmap reconstruction of the kept observations; image id = frame + 1. Without `poses` frames have none yet
    and points that are not known start at the origin. Camera 1 is that of all frames, or, where the lens zooms, camera
    id = frame + 1."""
    reconstruction = pycolmap.Reconstruction()
    for f in range(1 if model.focal_px is None else tracks.frames):
        view = colmap_camera(model.camera_at(f), tracks.width, tracks.height, radial, f + 1)
        reconstruction.add_camera_with_trivial_rig(view)
    rows = np.flatnonzero(model.kept)
    frame, order = tracks.frame[rows], np.argsort(tracks.frame[rows], kind="stable")
    begin = np.searchsorted(frame[order], np.arange(tracks.frames + 1))
    slot = np.empty(len(rows), np.int64)
    slot[order] = np.arange(len(rows)) - np.repeat(begin[:-1], np.diff(begin))
    for f in range(tracks.frames):
        if poses and not model.registered[f]:
            continue
        keypoints = tracks.xy[rows[order[begin[f] : begin[f + 1]]]] + COLMAP_OFFSET_PX
        camera_id = 1 if model.focal_px is None else f + 1
        image = pycolmap.Image(name=str(f), keypoints=keypoints, camera_id=camera_id, image_id=f + 1)
        if poses:
            reconstruction.add_image_with_trivial_frame(image, pycolmap.Rigid3d(model.cam_from_world[f, :3]))
        else:
            reconstruction.add_image_with_trivial_frame(image)
    starts = np.flatnonzero(np.diff(tracks.track[rows], prepend=-1))
    elements = [pycolmap.TrackElement(int(f) + 1, int(s)) for f, s in zip(frame, slot, strict=True)]
    for a, b in itertools.pairwise([*starts, len(rows)]):
        track = int(tracks.track[rows[a]])
        xyz = model.points[track] if poses else np.zeros(3)
        reconstruction.add_point3D_with_id(track + 1, pycolmap.Point3D(xyz=xyz, track=pycolmap.Track(elements[a:b])))
    return reconstruction


def from_colmap(reconstruction: pycolmap.Reconstruction, tracks: Tracks, model: Model) -> Model:
    """The model with the reconstruction's camera, poses and points."""
    cam_from_world = np.full((tracks.frames, 4, 4), np.nan)
    for image_id, image in reconstruction.images.items():
        if image.has_pose:
            cam_from_world[image_id - 1] = np.vstack([image.cam_from_world().matrix(), [0.0, 0.0, 0.0, 1.0]])
    points = np.full((tracks.count, 3), np.nan)
    for point_id, point in reconstruction.points3D.items():
        points[point_id - 1] = point.xyz
    params = reconstruction.cameras[1].params
    k1, k2 = (*(float(k) for k in params[3:]), 0.0, 0.0)[:2]
    camera = replace(model.camera, focal_px=float(params[0]), k1=k1, k2=k2)
    kept = model.kept & np.isfinite(cam_from_world[tracks.frame, 0, 0]) & np.isfinite(points[tracks.track, 0])
    found = Model(camera, cam_from_world, points, kept)
    if model.focal_px is None:
        return found
    return zooming(found, np.array([reconstruction.cameras[f + 1].params[0] for f in range(tracks.frames)]))


def undistorted(tracks: Tracks, camera: Camera) -> Tracks:
    """The tracks as the camera would see them without its distortion."""
    if not camera.radial_terms:
        return tracks
    xy = unproject(tracks.xy, camera)[:, :2] * camera.focal_px + np.array([camera.cx, camera.cy])
    return replace(tracks, xy=xy)


def zooming(model: Model, focal_px: np.ndarray) -> Model:
    """The model with one focal length a frame, float64 (F,)."""
    some = model.registered if model.registered.any() else slice(None)
    return replace(model, camera=replace(model.camera, focal_px=float(np.median(focal_px[some]))), focal_px=focal_px)
