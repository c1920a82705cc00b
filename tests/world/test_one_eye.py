"""Tracks of one camera: what stands comes from its rays, what moves from a network's depth, smoothed in time."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from factory.depth.maps import NONE, PRIOR, SWEPT, MonoDepth
from factory.geometry.camera import Camera, project_cam
from factory.tracks import tracks_from
from factory.world.acceleration import across_acceleration
from factory.world.follow import SeededTracks
from factory.world.lifted import Lifted
from factory.world.mono_depth import depth_at
from factory.world.one_eye import Scene, SolveOneEye
from factory.world.still import point_sigmas
from factory.world.tracks import MOVING, STATIC

FRAMES, SIZE, SMALL = 24, (128, 72), (64, 36)
WALL_M, FRONT_M = 5.0, 2.0
SQUARE_M = 0.5  # half the side of what moves
TIMES_S = np.arange(FRAMES) / 12


@dataclass(frozen=True)
class Made:
    """truth: (N, 3), of the sightings. moves: (N,)."""

    seeded: SeededTracks
    scene: Scene
    truth: np.ndarray
    moves: np.ndarray


def made(noise: float = 0.05, zoom: float = 1.0) -> Made:
    """A camera goes to the right past a wall; a square goes to the left before it, and away from it. The network is off
    by so much in each frame."""
    rng = np.random.default_rng(0)
    focal_px = 80.0 * zoom ** np.linspace(0, 1, FRAMES)
    cameras = [Camera(float(f), (SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2) for f in focal_px]
    poses = np.tile(np.eye(4), (FRAMES, 1, 1))
    poses[:, 0, 3] = 0.8 * TIMES_S
    middle = np.stack([0.6 * TIMES_S, 0.1 * np.sin(2 * TIMES_S), FRONT_M + 0.3 * TIMES_S], axis=1)
    wall = np.column_stack([rng.uniform((-3, -2), (4, 2), (150, 2)), np.full(150, WALL_M)])
    square = np.column_stack([rng.uniform(-SQUARE_M, SQUARE_M, (60, 2)) * 0.6, np.zeros(60)])
    track, frame, xy, world = [], [], [], []
    depth, origin = np.empty((FRAMES, *SMALL[::-1])), np.full((FRAMES, *SMALL[::-1]), SWEPT, np.uint8)
    for f in range(FRAMES):
        points = np.concatenate([wall, square + middle[f]])
        there = project_cam(points - poses[f, :3, 3], cameras[f])
        lens = replace(cameras[f], focal_px=cameras[f].focal_px / 2, cx=31.5, cy=17.5)
        corners = project_cam(middle[f] - poses[f, :3, 3] + SQUARE_M * np.array([[-1, -1, 0], [1, 1, 0]]), lens)
        (left, top), (right, bottom) = np.clip(corners.round().astype(int), 0, SMALL)
        depth[f], inside = WALL_M, np.zeros(SMALL[::-1], bool)
        inside[top:bottom, left:right] = True
        depth[f][inside] = middle[f, 2] * np.exp(rng.normal(0, noise))
        origin[f][inside] = PRIOR
        at = np.clip(((there + 0.5) / 2 - 0.5).round().astype(int), 0, np.array(SMALL) - 1)
        shown = np.all((there >= 0) & (there <= np.array(SIZE) - 1), axis=1)
        shown &= (np.arange(len(points)) >= 150) | ~inside[at[:, 1], at[:, 0]]
        track.append(np.flatnonzero(shown))
        frame.append(np.full(shown.sum(), f))
        xy.append(there[shown])
        world.append(points[shown])
    number, seen_in = np.concatenate(track), np.concatenate(frame)
    tracks = tracks_from(number, seen_in, np.concatenate(xy), TIMES_S, np.arange(FRAMES), SIZE)
    order = np.lexsort((seen_in, number))
    kept = np.isin(number[order], np.flatnonzero(np.bincount(number) >= 2))
    truth, moves = np.concatenate(world)[order][kept], number[order][kept] >= 150
    seeds = tracks.frame[np.flatnonzero(np.diff(tracks.track, prepend=-1))]
    found = MonoDepth(np.arange(FRAMES), depth.astype(np.float32), origin, 1.0)
    return Made(SeededTracks(tracks, seeds), Scene(cameras, poses, found, origin == PRIOR), truth, moves)


def matched(given: Made, found) -> np.ndarray:
    """The rows of the truth that the sightings found are."""
    tracks = given.seeded.tracks
    known = {(f, *xy): row for row, (f, xy) in enumerate(zip(tracks.frame, tracks.xy.astype(np.float32), strict=True))}
    return np.array([known[(f, *xy)] for f, xy in zip(found.frame, found.xy, strict=True)])


def off(points: np.ndarray, truth: np.ndarray) -> float:
    return float(np.linalg.norm(points - truth, axis=1).mean())


@pytest.mark.parametrize("zoom", [1.0, 1.4])
def test_what_stands_is_where_it_is_and_what_moves_comes_nearer(zoom):
    given = made(zoom=zoom)
    found, lost = SolveOneEye()(given.seeded, given.scene)
    rows = matched(given, found)
    truth, moves = given.truth[rows], given.moves[rows]
    label = found.label[found.track]
    assert lost == 0
    assert np.all(label[moves] == MOVING)
    assert np.mean(label[~moves] == STATIC) > 0.98
    assert off(found.points[~moves], truth[~moves]) < 0.01
    before, after = off(found.measured[moves], truth[moves]), off(found.points[moves], truth[moves])
    assert before > 0.06
    assert after < 0.6 * before
    assert np.all(found.motion_px == np.where(found.label == MOVING, 25.0, 15.0))


def test_the_unit_of_the_poses_says_nothing():
    given = made()
    found, _ = SolveOneEye()(given.seeded, given.scene)
    poses = given.scene.world_from_cam.copy()
    poses[:, :3, 3] *= 40.0
    depth = replace(given.scene.depth, depth=given.scene.depth.depth * np.float32(40.0))
    larger, _ = SolveOneEye()(given.seeded, replace(given.scene, world_from_cam=poses, depth=depth))
    assert np.array_equal(larger.label, found.label)
    assert np.allclose(larger.points, 40.0 * found.points, rtol=1e-3, atol=1e-2)


def test_what_moves_without_a_networks_depth_is_left_out_and_counted():
    given = made()
    depth = given.scene.depth
    nothing = depth.origin == PRIOR
    bare = replace(depth, depth=np.where(nothing, np.nan, depth.depth), origin=np.where(nothing, NONE, depth.origin))
    found, lost = SolveOneEye()(given.seeded, replace(given.scene, depth=bare))
    assert not np.any(found.label == MOVING)
    assert not given.moves[matched(given, found)].any()
    assert lost == 60


def test_what_is_far_and_was_not_measured_is_left_out():
    """Its rays meet, nearly anywhere."""
    given = made()
    tracks = given.seeded.tracks
    far = np.array([0.0, 0.0, 4000.0])
    centres = given.scene.world_from_cam[:, :3, 3]
    seen = np.stack([project_cam(far - c, camera) for c, camera in zip(centres, given.scene.cameras, strict=True)])
    number = np.append(tracks.track, np.full(FRAMES, tracks.count))
    more = tracks_from(
        number,
        np.append(tracks.frame, np.arange(FRAMES)),
        np.concatenate([tracks.xy, seen]),
        TIMES_S,
        np.arange(FRAMES),
        SIZE,
    )
    depth = given.scene.depth
    nothing = np.zeros(depth.origin.shape, bool)
    nothing[:, 15:21, 28:36] = True
    hole = replace(depth, depth=np.where(nothing, np.nan, depth.depth), origin=np.where(nothing, NONE, depth.origin))
    seeded = SeededTracks(more, np.append(given.seeded.seed_frame, 0))
    found, _ = SolveOneEye()(seeded, replace(given.scene, depth=hole))
    middle = np.linalg.norm(found.xy - seen[found.frame], axis=1) < 1e-3
    assert not middle.any()
    assert np.sum(found.label == STATIC) > 100


def test_frames_without_a_pose_see_nothing():
    given = made()
    poses = given.scene.world_from_cam.copy()
    poses[5:8] = np.nan
    found, _ = SolveOneEye()(given.seeded, replace(given.scene, world_from_cam=poses))
    assert not np.isin(found.frame, [5, 6, 7]).any()
    assert np.isfinite(found.points).all()


def test_depth_is_that_of_its_frame_and_none_of_frames_without():
    given = made(noise=0.0)
    some = np.arange(0, FRAMES, 3)
    depth = given.scene.depth
    fewer = MonoDepth(some, depth.depth[some], depth.origin[some], 1.0)
    at = depth_at(SolveOneEye().rules, given.seeded, fewer, given.scene.moving)
    there = np.isin(given.seeded.tracks.frame, some)
    assert np.all(np.isnan(at.depth[~there]))
    assert np.all(at.origin[~there] == NONE)
    known = np.isfinite(at.depth)
    z = given.truth[:, 2]
    assert known[there].mean() > 0.6
    assert np.allclose(at.depth[known], z[known], rtol=1e-3)
    assert at.middle == pytest.approx(WALL_M)


def test_what_a_mask_hides_for_a_while_is_seen_in_the_other_frames():
    given = made()
    moving = given.scene.moving.copy()
    moving[4:8] = True
    found, lost = SolveOneEye()(given.seeded, replace(given.scene, moving=moving))
    assert lost == 0
    still = ~given.moves[matched(given, found)]
    assert np.all(found.label[found.track[still]] == STATIC)
    assert not np.isin(found.frame[still], range(4, 8)).any()


def test_a_clip_without_any_depth_is_refused():
    given = made()
    depth = given.scene.depth
    nothing = replace(depth, depth=np.full_like(depth.depth, np.nan), origin=np.zeros_like(depth.origin))
    with pytest.raises(ValueError, match="no pixel"):
        SolveOneEye()(given.seeded, replace(given.scene, depth=nothing))


def test_masks_of_another_size_are_refused():
    given = made()
    with pytest.raises(ValueError, match="masks are"):
        SolveOneEye()(given.seeded, replace(given.scene, moving=given.scene.moving[:, :20]))


def test_acceleration_across_the_ray_is_what_it_is_whatever_the_ranges():
    """A circle of 2 m round the axis at 1 rad/s: 2 m/s^2 towards its middle, across the ray, half of it each way."""
    times_s = np.arange(40) / 12
    points = np.stack([2 * np.cos(times_s), 2 * np.sin(times_s), np.full(40, 10.0)], axis=1)
    ranges = np.linalg.norm(points, axis=1)
    noisy = ranges * np.exp(np.random.default_rng(0).normal(0, 0.05, 40))
    frame, zero = np.arange(40, dtype=np.int32), np.zeros(40, np.int32)
    rays = points / ranges[:, None]
    seen = Lifted(zero, frame, np.zeros((40, 3)), rays, noisy, 0.1 * ranges, 0.01 * ranges, times_s)
    assert across_acceleration(seen) == pytest.approx(2 / np.sqrt(2), rel=0.08)
    assert across_acceleration(seen.observations(slice(0, 4))) == 0.0


def test_a_place_is_as_well_known_as_its_parallax_or_its_depth_tell():
    def seen(step: float, sigma: float) -> Lifted:
        centres = np.zeros((9, 3))
        centres[:, 0] = step * np.arange(9)
        apart = np.array([4 * step, 0.0, 10.0]) - centres
        ranges = np.linalg.norm(apart, axis=1)
        rays = apart / ranges[:, None]
        each = np.arange(9, dtype=np.int32)
        return Lifted(0 * each, each, centres, rays, ranges, np.full(9, sigma), np.full(9, 0.02), each / 12)

    assert point_sigmas(seen(0.001, 100.0))[0] > 10.0
    assert point_sigmas(seen(0.5, 100.0))[0] < 0.1
    assert point_sigmas(seen(0.001, 0.3))[0] == pytest.approx(0.3, rel=0.05)  # nine of one depth are one
