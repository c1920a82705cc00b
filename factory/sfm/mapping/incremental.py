"""The second way: COLMAP's incremental mapper with relaxed options, on a database written from tracks."""

import tempfile
from pathlib import Path

import numpy as np
import pycolmap

from factory.geometry.camera import Camera
from factory.sfm.model.model import COLMAP_OFFSET_PX, Model, colmap_camera
from factory.sfm.pairs.relative import RelativePose
from factory.tracks import Tracks


def incremental_poses(tracks: Tracks, poses: list[RelativePose], camera: Camera) -> Model | None:
    """Poses of the largest model that incremental mapping (Schoenberger and Frahm, CVPR 2016) builds, without points.

    None when no pair is good enough to begin with.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_database(folder / "database.db", tracks, poses, camera)
        models = pycolmap.incremental_mapping(folder / "database.db", folder, folder / "models", _options())
        if not models:
            return None
        model = max(models.values(), key=lambda m: m.num_reg_images())
        cam_from_world = np.full((tracks.frames, 4, 4), np.nan)
        for image in model.images.values():
            if image.has_pose:
                cam_from_world[int(image.name)] = np.vstack([image.cam_from_world().matrix(), [0.0, 0.0, 0.0, 1.0]])
        focal_px = float(next(iter(model.cameras.values())).params[0])
    camera = Camera(focal_px, camera.cx, camera.cy)
    nothing = np.full((tracks.count, 3), np.nan)
    return Model(camera, cam_from_world, nothing, np.zeros(len(tracks.track), bool))


def _options() -> pycolmap.IncrementalPipelineOptions:
    # COLMAP's own thresholds ask for more parallax than ten seconds of hand-held video have.
    options = pycolmap.IncrementalPipelineOptions(
        num_threads=1, random_seed=0, extract_colors=False, min_model_size=3, multiple_models=False
    )
    options.mapper.init_min_tri_angle = 4.0
    options.mapper.init_max_forward_motion = 1.0
    options.mapper.filter_min_tri_angle = 0.5
    options.mapper.abs_pose_max_error = 4.0
    options.mapper.random_seed = 0
    options.triangulation.min_angle = 0.5
    options.triangulation.random_seed = 0
    options.ba_global_frames_ratio = 1.4
    options.ba_global_points_ratio = 1.4
    return options


def _write_database(path: Path, tracks: Tracks, poses: list[RelativePose], camera: Camera) -> None:
    """Keypoints of frame f are the tracks seen in it, in ascending order."""
    view = colmap_camera(camera, tracks.width, tracks.height, radial=0)
    with pycolmap.Database.open(path) as database:
        database.write_camera(view, use_camera_id=True)
        rig = pycolmap.Rig(rig_id=1)
        rig.add_ref_sensor(view.sensor_id)
        database.write_rig(rig, use_rig_id=True)
        for f in range(tracks.frames):
            image = pycolmap.Image(name=str(f), camera_id=1, image_id=f + 1)
            database.write_image(image, use_image_id=True)
            frame = pycolmap.Frame(frame_id=f + 1, rig_id=1)
            frame.add_data_id(image.data_id)
            database.write_frame(frame, use_frame_id=True)
            database.write_keypoints(f + 1, (tracks.at(f)[1] + COLMAP_OFFSET_PX).astype(np.float32))
        for pose in poses:
            ids = pose.ids[pose.inliers]
            matches = np.stack([np.searchsorted(tracks.at(f)[0], ids) for f in (pose.i, pose.j)], axis=1)
            geometry = pycolmap.TwoViewGeometry()
            geometry.config = pycolmap.TwoViewGeometryConfiguration.CALIBRATED
            geometry.cam2_from_cam1 = pycolmap.Rigid3d(pose.cam_j_from_i[:3])
            geometry.inlier_matches = matches.astype(np.uint32)
            database.write_matches(pose.i + 1, pose.j + 1, matches.astype(np.uint32))
            database.write_two_view_geometry(pose.i + 1, pose.j + 1, geometry)
