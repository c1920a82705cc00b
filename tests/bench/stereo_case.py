"""A rendered stereo clip with all that is true of it: rectified eyes, disparity, and where any followed point goes."""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from factory.geometry.camera import invert_rigid, transform_points
from factory.geometry.lens import Lens
from factory.stereo.checks import Checks
from factory.stereo.disparity import DenseDisparity
from factory.stereo.rectify import View, rectified_view
from factory.synth.moment import Geometry
from factory.synth.produce import Order, ordered_clip
from factory.tum import read_tum
from factory.video.decode import decode


@dataclass(frozen=True)
class Case:
    """left, right: uint8 (H, W) grey, rectified, one a frame. poses: (F, 4, 4) of the rectified left eye. tracks: the
    arrays of `<clip>_tracks.npz`."""

    name: str
    left: list[np.ndarray]
    right: list[np.ndarray]
    view: View
    baseline_m: float
    poses: np.ndarray
    times_s: np.ndarray
    geometry: Geometry
    tracks: dict[str, np.ndarray]

    @property
    def lens(self) -> Lens:
        return self.view.lens

    @property
    def size(self) -> tuple[int, int]:
        return self.left[0].shape[1], self.left[0].shape[0]

    def met(self, frame: int, xy: np.ndarray):
        """What is seen through pixels (N, 2) of a frame."""
        rays = self.lens.rays(xy) @ self.poses[frame, :3, :3].T
        moment = self.geometry.at(float(self.times_s[frame]))
        return moment.meet(self.poses[frame, :3, 3], np.ascontiguousarray(rays, np.float32))

    def followed(self, seed_frame: np.ndarray, seed_xy: np.ndarray, track: np.ndarray, frame: np.ndarray):
        """Where in the world the surface points seen at the seeds (M,), (M, 2) are at sightings (N,), (N, 3); NaN of
        those in the sky; and bool (M,): whether they are on something that moves."""
        face, shares = np.full(len(seed_frame), -1), np.zeros((len(seed_frame), 2), np.float32)
        for number in np.unique(seed_frame):
            rows = np.flatnonzero(seed_frame == number)
            sight = self.met(number, seed_xy[rows])
            face[rows], shares[rows] = sight.face, sight.barycentric
        points = np.full((len(track), 3), np.nan)
        for number in np.unique(frame):
            rows = np.flatnonzero((frame == number) & (face[track] >= 0))
            moment = self.geometry.at(float(self.times_s[number]))
            points[rows] = moment.points(face[track[rows]], shares[track[rows]])
        return points, np.isin(self.geometry.body_of_face[face], self.geometry.moving) & (face >= 0)

    def true_disparity(self, frame: int, noise_px: float) -> tuple[np.ndarray, np.ndarray]:
        """Of every pixel, with noise that neighbours share, and where it is known, near, not steep, seen by both."""
        width, height = self.size
        xy = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).reshape(-1, 2).astype(float)
        sight = self.met(frame, xy)
        points = self.lens.rays(xy) * np.where(np.isfinite(sight.distance_m), sight.distance_m, 1e6)[:, None]
        there, _ = self.lens.project(points - (self.baseline_m, 0, 0))
        world = transform_points(self.poses[frame], points)
        right = transform_points(self.poses[frame], np.array([self.baseline_m, 0, 0]))
        moment = self.geometry.at(float(self.times_s[frame]))
        seen = moment.free(np.broadcast_to(right, world.shape), (world - right) * 0.998)
        noise = cv2.GaussianBlur(np.random.default_rng(frame).normal(size=(height, width)), (0, 0), 2.0)
        true = (xy - there)[:, 0].reshape(height, width).astype(np.float32)
        flow = np.stack([-true, np.zeros_like(true)], axis=2)
        failed = Checks(most_apart_px=None).failed(self.view, self.baseline_m, flow, np.zeros_like(flow))
        known = seen.reshape(height, width) & ~failed["unseen"] & ~failed["range"] & ~failed["gradient"]
        return true + (noise / noise.std() * noise_px).astype(np.float32), known

    def found_disparity(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """What the product finds, float32 (H, W), and where it is confident of it."""
        found = DenseDisparity()(self.left[frame], self.right[frame], self.view, self.baseline_m)
        return found.disparity, found.confident


def read_case(video: Path, most: int | None = None) -> Case:
    """A clip of `factory synth --preset stereo` or `vr180`; its first `most` frames."""
    told = json.loads(video.with_suffix(".json").read_text())
    made = told["made_with"]
    order = Order(made["preset"], made["seed"], made["size"], made["fps"], made["seconds"], None, ("depth",))
    clip = ordered_clip(order, told["name"])
    lens = Lens(**{key: value for key, value in told["intrinsics"].items() if key != "pixel_centres"})
    left_from_right = np.array(told["stereo"]["left_from_right"])
    times_s, poses = read_tum(video.with_name(f"{video.stem}.tum.txt"))
    width = told["stereo"]["eye_width"]
    eyes = [(f.image[:, :width], f.image[:, width:]) for f in decode(video, grey=True)][:most]
    view = rectified_view(lens, (width, eyes[0][0].shape[0]), left_from_right)
    eyes = [view.rectified(*map(np.ascontiguousarray, pair)) for pair in eyes]
    rectified = poses.copy()
    rectified[:, :3, :3] = poses[:, :3, :3] @ view.rectified2rig[0]
    with np.load(video.with_name(f"{video.stem}_tracks.npz")) as file:
        tracks = {name: file[name] for name in file.files}
    left, right = map(list, zip(*eyes, strict=True))
    baseline_m = float(np.linalg.norm(left_from_right[:3, 3]))
    count = len(left)
    scene = Geometry(clip.takes[0].scene)
    return Case(video.stem, left, right, view, baseline_m, rectified[:count], times_s[:count], scene, tracks)


def covered(case: Case, frame: np.ndarray, xy: np.ndarray, within_deg: float = 0.4) -> float:
    """Share of the truth's visible points that a sighting (N,), (N, 2) is within so many degrees of in the same frame;
    those that the rectified view shows count."""
    from scipy.spatial import cKDTree

    hits, all_ = 0, 0
    most = 2 * np.sin(np.radians(within_deg) / 2)
    cam_from_world = invert_rigid(case.poses)
    for number in range(len(case.left)):
        points = transform_points(cam_from_world[number], case.tracks["world_xyz"][:, number].astype(float))
        there, seen = case.lens.project(points)
        size = np.array(case.size)
        shown = case.tracks["visible"][:, number] & seen & np.all((there >= 0) & (there <= size - 1), axis=1)
        rays = points[shown] / np.linalg.norm(points[shown], axis=1, keepdims=True)
        all_ += len(rays)
        if (rows := np.flatnonzero(frame == number)).size:
            hits += np.sum(cKDTree(case.lens.rays(xy[rows])).query(rays)[0] <= most)
    return hits / all_
