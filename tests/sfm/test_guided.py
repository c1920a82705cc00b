"""A wall filmed along a known path: points are found again where they are, and not where something hides them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from factory.geometry.camera import centred_camera, invert_rigid, project_cam, transform_points
from factory.geometry.trajectory import pose_errors
from factory.sfm.attempts import solve_tracks
from factory.sfm.mapping.final_rounds import Sharpening, sharpened
from factory.sfm.model.model import Model
from factory.sfm.options import PairOptions, SolveOptions
from factory.sfm.points.guided import Extension, extended
from factory.tracks import Tracks, tracks_from
from tests.sfm.scenes import scene, walk

SIZE = (320, 240)
FRAMES = 10
CAMERA = centred_camera(300.0, *SIZE)
DEPTH = 4.0  # of the wall z = 4 in the world of the first camera
HIDDEN = slice(60, 150)  # columns that something covers in the last frames


def wall() -> np.ndarray:
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.uniform(0, 255, (600, 800)).astype(np.float32), (0, 0), 2.0)
    return np.clip((texture - texture.mean()) * 4 + 120, 0, 255)


def poses() -> np.ndarray:
    return walk(FRAMES, path=0.8, turn_deg=4.0)


def film(hide: bool) -> list[np.ndarray]:
    """The wall in each frame; 100 texels a unit of length."""
    grid = np.stack(np.meshgrid([-4.0, 4.0], [-3.0, 3.0]), -1).reshape(-1, 2)
    corners = np.column_stack([grid, np.full(4, DEPTH)])
    texels = np.float32((grid + np.array([4.0, 3.0])) * 100)
    frames = []
    for f, cam_from_world in enumerate(invert_rigid(poses())):
        # Seen from far enough that all four corners are ahead, the homography of four points is exact.
        xy = project_cam(transform_points(cam_from_world, corners), CAMERA)
        warp = cv2.getPerspectiveTransform(texels, np.float32(xy))
        image = cv2.warpPerspective(wall(), warp, SIZE, flags=cv2.INTER_AREA)
        if hide and f >= 6:
            image[:, HIDDEN] = np.random.default_rng(f).uniform(0, 255, image[:, HIDDEN].shape)
        frames.append(image.astype(np.uint8))
    return frames


def points() -> np.ndarray:
    x, y = np.meshgrid(np.arange(-1.2, 1.6, 0.15), np.arange(-0.9, 1.0, 0.15))
    return np.column_stack([x.ravel(), y.ravel(), np.full(x.size, DEPTH)])


def sightings(frames: range) -> tuple[Tracks, np.ndarray]:
    """Tracks of the wall's points in some frames, and where each point truly is in all frames, (M, F, 2)."""
    cam_from_world = invert_rigid(poses())
    truth = np.stack([project_cam(transform_points(c, points()), CAMERA) for c in cam_from_world], axis=1)
    inside = np.all((truth > 12) & (truth < np.array(SIZE) - 13), axis=2).all(axis=1)
    truth = truth[inside]
    count = len(truth)
    track, frame = np.repeat(np.arange(count), len(frames)), np.tile(np.array(frames), count)
    return tracks_from(track, frame, truth[track, frame], np.arange(FRAMES) / 12, np.arange(FRAMES), SIZE), truth


def known(tracks: Tracks, truth: np.ndarray) -> Model:
    inside = np.all((truth > 12) & (truth < np.array(SIZE) - 13), axis=2).all(axis=1)
    assert inside.all()
    first = project_cam(transform_points(invert_rigid(poses())[0], points()), CAMERA)
    chosen = [int(np.argmin(np.linalg.norm(first - t[0], axis=1))) for t in truth]
    return Model(CAMERA, invert_rigid(poses()), points()[chosen], np.ones(len(tracks.track), bool))


@pytest.mark.parametrize("frames", [range(5), range(5, FRAMES)])
def test_points_are_found_to_a_twentieth_of_a_pixel_where_the_tracker_was_not(frames):
    tracks, truth = sightings(frames)
    more, new = extended(tracks, known(tracks, truth), film(hide=False), Extension(least_parallax_deg=0.5))
    assert new.sum() > 0.8 * tracks.count * 5
    assert not np.isin(more.frame[new], frames).any()
    assert np.array_equal(more.xy[~new], tracks.xy)
    error_px = np.linalg.norm(more.xy[new] - truth[more.track[new], more.frame[new]], axis=1)
    assert np.median(error_px) < 0.05
    assert np.mean(error_px < 0.2) > 0.97


def test_rows_that_are_read_in_turn_are_looked_at_where_they_are():
    """Points move right or left by 100 px/s while rows are read: pictures are sheared; half of the tracks end early."""
    readout_s, height = 0.03, SIZE[1]
    everywhere, truth = sightings(range(FRAMES))
    tracks = everywhere.observations((everywhere.track % 2 == 0) | (everywhere.frame < 5))
    speed = np.where(np.arange(FRAMES) % 2 == 0, 100.0, -100.0)
    velocity = np.column_stack([speed[tracks.frame], np.zeros(len(tracks.track))])
    tracks = replace(tracks, velocity_px_s=velocity)
    frames = []
    for image, right_px_s in zip(film(hide=False), speed, strict=True):
        shear_px = right_px_s * readout_s
        shear = np.array([[1.0, shear_px / (height - 1), -0.5 * shear_px], [0.0, 1.0, 0.0]])
        frames.append(cv2.warpAffine(image, shear, SIZE, flags=cv2.INTER_CUBIC))
    found = {}
    for known_s in (readout_s, None):
        how = Extension(least_parallax_deg=0.5)
        more, new = extended(tracks, known(tracks, truth), frames, how, known_s)
        found[known_s] = np.linalg.norm(more.xy[new] - truth[more.track[new], more.frame[new]], axis=1)
    assert len(found[readout_s]) > 0.3 * len(truth) * 5
    assert np.median(found[readout_s]) < 0.05
    assert np.median(found[None]) > 2 * np.median(found[readout_s])


def test_what_is_hidden_is_not_found():
    tracks, truth = sightings(range(5))
    more, new = extended(tracks, known(tracks, truth), film(hide=True), Extension(least_parallax_deg=0.5))
    late = new & (more.frame >= 6)
    at = truth[more.track[late], more.frame[late]]
    assert late.sum() > 100
    assert not np.any((at[:, 0] > HIDDEN.start + 2) & (at[:, 0] < HIDDEN.stop - 3))


def test_tracks_that_slide_are_left_out_and_the_path_comes_closer_to_the_truth():
    true_poses = walk(16)
    tracks = scene(true_poses, static=300, noise_px=0.05).tracks
    start_frame = tracks.frame[np.searchsorted(tracks.track, np.arange(tracks.count))]
    # A fifth slides, each its own way, as corners do that two edges at different depths make.
    rng = np.random.default_rng(3)
    sliding, speed = rng.random(tracks.count) < 0.2, rng.normal(0, 0.1, (tracks.count, 2))
    age = tracks.frame - start_frame[tracks.track]
    slide = age[:, None] * speed[tracks.track]
    tracks = replace(tracks, xy=tracks.xy + np.where(sliding[tracks.track, None], slide, 0.0))
    start = solve_tracks(tracks, np.ones(tracks.count, bool), SolveOptions(pairs=PairOptions(strides=(1, 2, 4, 8))))
    before = Model(start.camera, invert_rigid(start.world_from_cam), start.points, start.kept)
    _, after, _ = sharpened(tracks, before, np.full(tracks.count, 0.5), 1.0, 0.5, [], Sharpening(extension=None))
    ate = [pose_errors(invert_rigid(m.cam_from_world), true_poses).ate_percent for m in (before, after)]
    assert ate[1] < 0.85 * ate[0]
    assert after.kept[sliding[tracks.track]].mean() < 0.5 * after.kept[~sliding[tracks.track]].mean()
