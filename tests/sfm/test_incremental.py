"""The second way gives the same cameras as the first, and nothing where there is nothing."""

import numpy as np
import pytest

from factory.geometry.camera import centred_camera, invert_rigid
from factory.geometry.trajectory import pose_errors
from factory.sfm.mapping.incremental import incremental_poses
from factory.sfm.pairs.relative import inlier_share, relative_poses, stride_pairs
from tests.sfm.scenes import FOCAL_PX, HEIGHT, WIDTH, scene, walk


def test_the_cameras_come_back():
    tracks = scene(walk(14), static=250).tracks
    camera = centred_camera(1.1 * FOCAL_PX, WIDTH, HEIGHT)
    poses = relative_poses(tracks, stride_pairs(14, (1, 2, 4, 8)), camera, 1.5, 80, np.ones(tracks.count, bool))
    model = incremental_poses(tracks, poses, camera)
    assert model is not None
    assert model.registered.all()
    errors = pose_errors(invert_rigid(model.cam_from_world), walk(14))
    assert errors.ate_percent is not None
    assert errors.ate_percent < 1.0
    assert model.camera.focal_px == pytest.approx(FOCAL_PX, rel=0.04)


def test_without_pairs_there_is_no_model():
    tracks = scene(walk(6), static=100).tracks
    assert incremental_poses(tracks, [], centred_camera(FOCAL_PX, WIDTH, HEIGHT)) is None


def test_tracks_of_a_moving_body_lose_the_vote():
    seen = scene(walk(14), static=250, moving=60)
    camera = centred_camera(FOCAL_PX, WIDTH, HEIGHT)
    everything = np.ones(seen.tracks.count, bool)
    share = inlier_share(
        seen.tracks, relative_poses(seen.tracks, stride_pairs(14, (2, 4)), camera, 1.5, 80, everything)
    )
    assert np.nanmean(share[~seen.is_dynamic] >= 0.7) > 0.97
    assert np.nanmean(share[seen.is_dynamic] >= 0.7) < 0.1


def test_pairs_keep_to_the_clip():
    pairs = list(stride_pairs(10, (1, 4, 16)))
    assert pairs[:2] == [(0, 1), (1, 2)]
    assert len(pairs) == 9 + 6
    assert all(j < 10 for _, j in pairs)
