"""Exact sightings bring back what made them: focal length, each frame's principal point and scale, poses, points."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from factory.geometry.bundle import Bundle, Freedom, Sightings, _projected, _slopes, bundled
from factory.geometry.camera import invert_rigid
from factory.geometry.trajectory import pose_errors

FRAMES, POINTS, FOCAL_PX = 12, 120, 500.0
MIDDLE = np.array([319.5, 179.5])


def made(turning: bool = False, seed: int = 0) -> tuple[Bundle, Sightings]:
    """A bundle and what it sees without noise; every point in every frame."""
    rng = np.random.default_rng(seed)
    poses = np.tile(np.eye(4), (FRAMES, 1, 1))
    poses[:, :3, :3] = Rotation.from_rotvec(np.cumsum(rng.normal(0, 0.02, (FRAMES, 3)), axis=0)).as_matrix()
    if not turning:
        poses[:, :3, 3] = np.cumsum(rng.normal(0, 0.08, (FRAMES, 3)), axis=0)
    points = np.column_stack([rng.uniform(-1, 1, (POINTS, 2)) * [0.6, 0.35], np.ones(POINTS)])
    points *= 1.0 / np.linalg.norm(points, axis=1, keepdims=True) if turning else rng.uniform(3, 9, (POINTS, 1))
    centre = MIDDLE + rng.normal(0, 6.0, (FRAMES, 2))
    truth = Bundle(poses, points, FOCAL_PX, centre, np.ones(FRAMES))
    frame, point = (grid.ravel() for grid in np.meshgrid(np.arange(FRAMES), np.arange(POINTS), indexing="ij"))
    seen = Sightings(frame, point, np.zeros((len(frame), 2)))
    return truth, replace(seen, xy=_projected(truth, seen)[0] + centre[frame])


def disturbed(truth: Bundle, turning: bool = False) -> Bundle:
    """A start that knows nothing of principal points, and the rest roughly."""
    rng = np.random.default_rng(1)
    poses = truth.cam_from_world.copy()
    poses[:, :3] = Rotation.from_rotvec(rng.normal(0, 0.01, (FRAMES, 3))).as_matrix() @ poses[:, :3]
    points = truth.points + rng.normal(0, 0.01, (POINTS, 3)) * (1.0 if turning else 10.0)
    return Bundle(poses, points, 0.8 * FOCAL_PX, np.tile(MIDDLE, (FRAMES, 1)), np.ones(FRAMES))


@pytest.mark.parametrize("turning", [False, True])
def test_principal_points_and_focal_length_come_back(turning: bool):
    truth, seen = made(turning)
    how = Freedom(200, 0.5, MIDDLE, shift_px=100.0, turning=turning, tolerance=1e-12)
    found, cost = bundled(disturbed(truth, turning), seen, how)
    assert cost < 1.0
    assert found.focal_px == pytest.approx(FOCAL_PX, rel=0.01)
    off = found.centre_px - truth.centre_px
    assert (off - off.mean(axis=0)).std() < 0.3
    if not turning:
        ate = pose_errors(invert_rigid(found.cam_from_world), invert_rigid(truth.cam_from_world)).ate_percent
        assert ate is not None
        assert ate < 0.5
    else:
        assert np.all(found.cam_from_world[:, :3, 3] == 0.0)


def test_held_principal_points_stay_and_cost():
    truth, seen = made()
    held, cost = bundled(disturbed(truth), seen, Freedom(60, 0.5, MIDDLE))
    assert np.all(held.centre_px == MIDDLE)
    assert cost > 50.0 * bundled(disturbed(truth), seen, Freedom(60, 0.5, MIDDLE, shift_px=100.0))[1]


def test_scales_come_back():
    truth, seen = made()
    scale = np.exp(np.random.default_rng(2).normal(0, 0.01, FRAMES))
    scaled = replace(truth, scale=scale, centre_px=np.tile(MIDDLE, (FRAMES, 1)))
    seen = replace(seen, xy=_projected(scaled, seen)[0] + MIDDLE)
    start = replace(scaled, scale=np.ones(FRAMES))
    found, _ = bundled(start, seen, Freedom(200, 0.5, MIDDLE, scale_sd=0.05, tolerance=1e-12))
    off = np.log(found.scale / scale)
    assert (off - off.mean()).std() < 0.001


@pytest.mark.parametrize("turning", [False, True])
def test_slopes_are_those_of_small_steps(turning: bool):
    truth, seen = made(turning)
    how = Freedom(1, 0.5, MIDDLE, shift_px=10.0, scale_sd=0.01, turning=turning)
    at, there = _projected(truth, seen)
    by_frame, by_point = _slopes(truth, seen, how, at, there)
    before, size = at + truth.centre_px[seen.frame], 1e-6

    def moved(each: np.ndarray) -> np.ndarray:
        poses = truth.cam_from_world.copy()
        poses[:, :3] = Rotation.from_rotvec(each[:, :3]).as_matrix() @ poses[:, :3]
        if not turning:
            poses[:, :3, 3] += each[:, 3:6]
        centre, scale = truth.centre_px + each[:, -3:-1], truth.scale * np.exp(each[:, -1])
        after = replace(truth, cam_from_world=poses, centre_px=centre, scale=scale)
        return _projected(after, seen)[0] + centre[seen.frame] - before

    for k in range(how.width):
        step = np.zeros((FRAMES, how.width))
        step[:, k] = size
        assert np.allclose(moved(step) / size, by_frame[:, :, k], atol=1e-2)
    for k in range(3):
        points = truth.points + size * np.eye(3)[k]
        assert np.allclose(
            (_projected(replace(truth, points=points), seen)[0] - at) / size, by_point[:, :, k], atol=1e-2
        )
