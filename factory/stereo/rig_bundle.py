"""Bundle adjustment of a rig of two eyes by pycolmap.

Pictures know nothing of scale, so the length of the baseline needs no constraint: all is free, and the answer is scaled
to it. First frame constant, two cameras constant and three points constant end in the same path to four digits.
"""

from dataclasses import dataclass, replace

import numpy as np
import pycolmap

from factory.geometry.camera import invert_rigid
from factory.sfm.model.model import COLMAP_OFFSET_PX
from factory.stereo.colmap_view import colmap_view
from factory.stereo.rig_model import RigModel
from factory.stereo.sighted import Sighted, sighted

LEFT, RIGHT = 1, 2  # numbers of pycolmap's cameras; the images of frame f are 2 f + 1 and 2 f + 2


@dataclass(frozen=True)
class RigAdjustment:
    """One round. loss_px: scale of the robust loss (Cauchy's). iterations: at the most. rig: whether the right eye may
    move against the left one."""

    loss_px: float
    iterations: int
    rig: bool


def adjust_rig(seen: Sighted, model: RigModel, how: RigAdjustment) -> RigModel:
    """The reprojection errors of the kept sightings made least over poses, points and, if free, the rig, whose baseline
    keeps its length. Points of fewer than two kept sightings stay as they are."""
    reconstruction = _to_colmap(seen, model)
    _adjust(reconstruction, model, how, focal=False)
    return _from_colmap(reconstruction, model).scaled(float(np.linalg.norm(model.left_from_right[:3, 3])))


def adjust_rig_and_lens(seen: Sighted, model: RigModel, how: RigAdjustment) -> tuple[Sighted, RigModel]:
    """The same with the focal length free, one for both eyes afterwards; and the sightings as such a lens has them."""
    reconstruction = _to_colmap(seen, model)
    _adjust(reconstruction, model, how, focal=True)
    model = _from_colmap(reconstruction, model).scaled(float(np.linalg.norm(model.left_from_right[:3, 3])))
    each = [reconstruction.cameras[number].params[0] for number in (LEFT, RIGHT)]
    return sighted(seen.stereo, replace(seen.lens, focal_px=float(np.sqrt(np.prod(each))))), model


def _adjust(reconstruction: pycolmap.Reconstruction, model: RigModel, how: RigAdjustment, focal: bool) -> None:
    """Moves the reconstruction to the least error."""
    options = pycolmap.BundleAdjustmentOptions(
        refine_focal_length=focal,
        refine_extra_params=False,
        refine_principal_point=False,
        refine_sensor_from_rig=how.rig,
        print_summary=False,
    )
    options.ceres.loss_function_type = pycolmap.LossFunctionType.CAUCHY
    options.ceres.loss_function_scale = how.loss_px
    options.ceres.solver_options.max_num_iterations = how.iterations
    options.ceres.solver_options.num_threads = 1
    options.ceres.solver_options.function_tolerance = 1e-6  # pycolmap's default of 0 never stops early
    options.ceres.max_num_images_direct_dense_cpu_solver = 240  # of two eyes, as in `sfm.mapping.bundle` of one
    config = pycolmap.BundleAdjustmentConfig()
    for image_id in reconstruction.reg_image_ids():
        config.add_image(image_id)
    config.set_constant_rig_from_world_pose(int(np.flatnonzero(model.placed)[0]) + 1)
    if not how.rig:
        config.set_constant_sensor_from_rig_pose(reconstruction.cameras[RIGHT].sensor_id)
    pycolmap.create_default_bundle_adjuster(options, config, reconstruction).solve()


def _to_colmap(seen: Sighted, model: RigModel) -> pycolmap.Reconstruction:
    """Frame f has the id f + 1, track m the point m + 1."""
    tracks = seen.tracks
    reconstruction = pycolmap.Reconstruction()
    cameras = [colmap_view(seen.lens, tracks.width, tracks.height, number) for number in (LEFT, RIGHT)]
    rig = pycolmap.Rig(rig_id=1)
    rig.add_ref_sensor(cameras[0].sensor_id)
    rig.add_sensor(cameras[1].sensor_id, pycolmap.Rigid3d(invert_rigid(model.left_from_right)[:3]))
    for camera in cameras:
        reconstruction.add_camera(camera)
    reconstruction.add_rig(rig)
    left_from_world = invert_rigid(model.world_from_left)
    elements: list[list[pycolmap.TrackElement]] = [[] for _ in range(tracks.count)]
    images: dict[int, pycolmap.Image] = {}
    for camera_id, kept, xy in (
        (LEFT, model.kept_left, tracks.xy),
        (RIGHT, model.kept_right, seen.stereo.right_xy),
    ):
        rows = np.flatnonzero(kept)
        rows = rows[np.argsort(tracks.frame[rows], kind="stable")]
        begin = np.searchsorted(tracks.frame[rows], np.arange(tracks.frames + 1))
        for f in np.flatnonzero(model.placed).tolist():
            mine = rows[begin[f] : begin[f + 1]]
            image_id = 2 * f + camera_id
            images[image_id] = pycolmap.Image(
                name=str(image_id), keypoints=xy[mine] + COLMAP_OFFSET_PX, camera_id=camera_id, image_id=image_id
            )
            for slot, track in enumerate(tracks.track[mine].tolist()):
                elements[track].append(pycolmap.TrackElement(image_id, slot))
    for f in np.flatnonzero(model.placed).tolist():
        frame = pycolmap.Frame(frame_id=f + 1, rig_id=1, rig_from_world=pycolmap.Rigid3d(left_from_world[f, :3]))
        pair = [images[2 * f + LEFT], images[2 * f + RIGHT]]
        for image in pair:
            image.frame_id = f + 1
            frame.add_data_id(image.data_id)
        reconstruction.add_frame(frame)
        for image in pair:
            reconstruction.add_image(image)
        reconstruction.register_frame(f + 1)
    for track, sightings in enumerate(elements):
        if len(sightings) >= 2:
            point = pycolmap.Point3D(xyz=model.points[track], track=pycolmap.Track(sightings))
            reconstruction.add_point3D_with_id(track + 1, point)
    return reconstruction


def _from_colmap(reconstruction: pycolmap.Reconstruction, model: RigModel) -> RigModel:
    """The model with the reconstruction's rig, poses and points."""
    poses, points = model.world_from_left.copy(), model.points.copy()
    for frame_id, frame in reconstruction.frames.items():
        poses[frame_id - 1] = invert_rigid(_matrix(frame.rig_from_world))
    for point_id, point in reconstruction.points3D.items():
        points[point_id - 1] = point.xyz
    sensor = reconstruction.cameras[RIGHT].sensor_id
    right_from_left = reconstruction.rigs[1].sensor_from_rig(sensor)
    assert right_from_left is not None  # it was given one
    rig = invert_rigid(_matrix(right_from_left))
    return replace(model, world_from_left=poses, left_from_right=rig, points=points)


def _matrix(pose: pycolmap.Rigid3d | None) -> np.ndarray:
    assert pose is not None  # of a sensor that is not the rig's own
    return np.vstack([pose.matrix(), [0.0, 0.0, 0.0, 1.0]])
