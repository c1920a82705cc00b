"""Rigs of two eyes among points, as tracks without pictures, and as pictures of bands at three distances."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from factory.geometry.camera import invert_rigid, transform_points
from factory.geometry.lens import Lens, fisheye, pinhole
from factory.stereo.pair import Eyes, StereoTracks
from factory.tracks import tracks_from

BASELINE_M = 0.063
SIZE = (500, 500)
WIDE = fisheye(500 / np.radians(140.0), SIZE)


@dataclass(frozen=True)
class Made:
    stereo: StereoTracks
    world_from_left: np.ndarray
    left_from_right: np.ndarray
    moves: np.ndarray


def rig(pitch_yaw_roll_deg=(0.0, 0.0, 0.0), baseline_m: float = BASELINE_M) -> np.ndarray:
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_rotvec(pitch_yaw_roll_deg, degrees=True).as_matrix()
    pose[0, 3] = baseline_m
    return pose


def walk(frames: int, step_m: float = 0.03) -> np.ndarray:
    """world_from_left: sideways and forward, nodding and turning a little."""
    poses = np.tile(np.eye(4), (frames, 1, 1))
    t = np.arange(frames)
    turns = np.stack([0.01 * np.sin(t / 3), 0.01 * t, 0.005 * np.cos(t / 4)], axis=1)
    poses[:, :3, :3] = Rotation.from_rotvec(turns).as_matrix()
    poses[:, :3, 3] = np.stack([step_m * t, 0.3 * step_m * np.sin(t), 0.5 * step_m * t], axis=1)
    return poses


def made(
    left_from_right: np.ndarray,
    world_from_left: np.ndarray,
    lens: Lens = WIDE,
    size: tuple[int, int] = SIZE,
    noise_px: float = 0.1,
    moving: float = 0.15,
    count: int = 400,
    seed: int = 0,
) -> Made:
    """Points 1 to 8 m before the eyes, `moving` of them walking at 1 m/s, seen with noise wherever both eyes' pictures
    reach; every track lives half of the clip at the least."""
    rng, frames = np.random.default_rng(seed), len(world_from_left)
    direction = lens.rays(rng.uniform((0, 0), size, (count, 2)))
    start = direction * rng.uniform(1.0, 8.0, (count, 1))
    moves = rng.random(count) < moving
    velocity = np.where(moves[:, None], np.array([0.6, 0.0, -0.8]) + rng.normal(0, 0.1, (count, 3)), 0.0) / 12.0
    begin = rng.integers(0, frames // 2 + 1, count)
    rows = []
    for f, pose in enumerate(world_from_left):
        points = start + f * velocity
        left, sees_left = lens.project(transform_points(invert_rigid(pose), points))
        right, sees_right = lens.project(transform_points(invert_rigid(pose @ left_from_right), points))
        inside = [np.all((xy >= 0) & (xy <= np.array(size) - 1), axis=1) for xy in (left, right)]
        alive = sees_left & sees_right & inside[0] & inside[1] & (f >= begin) & (f < begin + frames // 2 + 2)
        ids = np.flatnonzero(alive)
        seen = np.column_stack([left[ids], right[ids]]) + rng.normal(0, noise_px, (len(ids), 4))
        rows.append((ids, np.full(len(ids), f), seen))
    track, frame, xy = (np.concatenate([row[k] for row in rows]) for k in range(3))
    kept = np.bincount(track, minlength=count) >= 2
    # Sorted as tracks are: by track, then by frame.
    right_xy = xy[np.lexsort((frame, track))][kept[np.sort(track)], 2:]
    tracks = tracks_from(track, frame, xy[:, :2], np.arange(frames) / 12.0, np.arange(frames), size)
    return Made(StereoTracks(tracks, right_xy), world_from_left, left_from_right, moves[kept])


PICTURE = (480, 360)
PICTURE_LENS = pinhole(0.7 * PICTURE[0], PICTURE)
DEPTHS_M = (4.0, 1.5, 2.5)  # of the upper, the middle and the lower band


def pictures(frames: int = 12, step_m: float = 0.02, baseline_m: float = BASELINE_M, seed: int = 0) -> Eyes:
    """What two eyes see that go to the right along a wall in three bands, each at its distance."""
    rng = np.random.default_rng(seed)
    wide, high = PICTURE
    noise = [rng.integers(0, 256, (high // 3, 3 * wide)).astype(np.float32) for _ in DEPTHS_M]
    texture = [cv2.normalize(cv2.GaussianBlur(part, (0, 0), 2.0), None, 0, 255, cv2.NORM_MINMAX) for part in noise]

    def seen(at_m: float) -> np.ndarray:
        bands = []
        for depth_m, part in zip(DEPTHS_M, texture, strict=True):
            shift = np.array([[1.0, 0.0, -wide - PICTURE_LENS.focal_px * at_m / depth_m], [0.0, 1.0, 0.0]])
            bands.append(cv2.warpAffine(part, shift, (wide, high // 3), flags=cv2.INTER_CUBIC))
        return np.clip(np.concatenate(bands), 0, 255).astype(np.uint8)

    at_m = step_m * np.arange(frames)
    return Eyes(
        [seen(x) for x in at_m],
        [seen(x + baseline_m) for x in at_m],
        PICTURE_LENS,
        np.arange(frames) / 12.0,
        np.arange(frames),
    )
