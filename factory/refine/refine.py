"""A given trajectory refined as Dynapo publishes it: short flow tracks, sliding windows, then all frames, by Adam."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from factory.construct import Positive
from factory.geometry.camera import Camera, invert_rigid, transform_points, unproject
from factory.geometry.triangulation import triangulate
from factory.refine.descent import Steps, adjusted, imported_torch
from factory.refine.flow_tracks import FollowFlow, weights
from factory.refine.losses import Samples, State, apart

if TYPE_CHECKING:
    from torch import Tensor

NEAR_PERCENTILE, NEAR_INVERSE = 98.0, 2.0  # of the unit of length that the constants are for, as MegaSaM's depths have
LEAST_SAMPLES = 200  # with fewer nothing is moved; a guess


@dataclass(frozen=True)
class Refined:
    """world_from_cam: float64 (F, 4, 4), in the unit that was given. camera: with the focal length found. before_px,
    after_px: mean distance between where flow tracks are and where they should be, of those that count, pixels of the
    frames. samples: how many count; 0, and all as it was given, where there are fewer than `LEAST_SAMPLES`."""

    world_from_cam: np.ndarray
    camera: Camera
    before_px: float
    after_px: float
    samples: int


@dataclass
class RefinePoses:
    """Dynapo's pose optimisation (arXiv 2512.05398, on AnyCam's bundle adjustment) of a trajectory of one pinhole: what
    a mask touches counts for nothing, the rest is brought nearer to where its first frame's depth says it lies, and the
    path is made smooth.

    As published but for what it starts from: depths are triangulated with the given poses, not a network's, which would
    be in another unit. On rendered clips our own solve is more exact before than after: docs/benchmarks.md.
    """

    most_doubt: Positive = 0.5  # u_max; 0.05 in some of the released runs
    steps: Steps = field(default_factory=Steps)
    follow: FollowFlow = field(default_factory=FollowFlow)
    device: str = field(default="cpu", compare=False)

    def __call__(self, frames: np.ndarray, moving: np.ndarray, world_from_cam: np.ndarray, camera: Camera) -> Refined:
        """frames: uint8 (F, H, W, 3) RGB. moving: bool (F, H, W), what is known to move. world_from_cam: float64
        (F, 4, 4). camera: in pixels of the frames. Raises ConfigError without torch."""
        tracks = self.follow(frames, moving)
        weight = weights(tracks.doubt, self.most_doubt)
        weight[weight[:, 1:].max(axis=1) <= 0] = 0.0
        track, sample = np.nonzero(weight)
        count = int(np.count_nonzero(weight[:, 1:]))
        if count < LEAST_SAMPLES:
            return Refined(world_from_cam, camera, np.nan, np.nan, 0)
        half = np.array([frames.shape[2], frames.shape[1]]) / 2
        known, number = np.unique(track, return_inverse=True)
        frame = tracks.frame[track] + sample
        inverse = _inverse(tracks.xy[track, sample], frame, number, tracks.frame[known], world_from_cam, camera)
        unit = float(np.percentile(inverse, NEAR_PERCENTILE)) / NEAR_INVERSE
        ideal = unproject(tracks.xy[known], camera)[..., :2] * camera.focal_px / half
        later = sample > 0
        rows = (number[later], tracks.frame[track[later]], frame[later])
        seen = ideal[number[later], sample[later]]
        values = (seen, ideal[:, 0], weight[track[later], sample[later]])
        samples = Samples(*map(self._whole, rows), *map(self._real, values))
        quaternion = Rotation.from_matrix(world_from_cam[:, :3, :3]).as_quat()[:, [3, 0, 1, 2]]
        focal = np.log(camera.focal_px / half[0]) / 2
        start = State(*map(self._real, (inverse / unit, quaternion, world_from_cam[:, :3, 3] * unit, np.array(focal))))
        slots, aspect = weight[:, 1:].size, float(half[0] / half[1])
        found = adjusted(start, samples, aspect, slots, self.steps)
        poses = world_from_cam.copy()
        xyzw = found.quaternion.cpu().numpy()[:, [1, 2, 3, 0]]
        poses[:, :3, :3], poses[:, :3, 3] = Rotation.from_quat(xyzw).as_matrix(), found.translation.cpu().numpy() / unit
        focal_px = float(np.exp(2 * found.half_log_focal.cpu().numpy()) * half[0])
        before, after = (_mean_px(state, samples, aspect, half) for state in (start, found))
        return Refined(poses, replace(camera, focal_px=focal_px), before, after, count)

    def _whole(self, values: np.ndarray) -> "Tensor":
        return imported_torch().as_tensor(np.ascontiguousarray(values, np.int64), device=self.device)

    def _real(self, values: np.ndarray) -> "Tensor":
        return imported_torch().as_tensor(np.array(values, np.float64), device=self.device)


def _inverse(
    xy: np.ndarray, frame: np.ndarray, track: np.ndarray, anchor: np.ndarray, world_from_cam: np.ndarray, camera: Camera
) -> np.ndarray:
    """Inverse depths of tracks in their first frame, float64 (M,), from given poses; the median where rays do not
    cross. xy (N, 2), frame, track (N,); anchor (M,)."""
    cam_from_world = invert_rigid(world_from_cam)
    points = triangulate(xy, cam_from_world[frame], track, len(anchor), camera)
    z = transform_points(cam_from_world[anchor], points)[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(z > 0, 1.0 / z, np.nan)
    good = np.isfinite(inverse)
    if not good.any():
        return np.ones(len(anchor))
    low, high = np.percentile(inverse[good], [100 - NEAR_PERCENTILE, NEAR_PERCENTILE])
    return np.clip(np.where(good, inverse, np.median(inverse[good])), low, high)


def _mean_px(state: State, samples: Samples, aspect: float, half: np.ndarray) -> float:
    off, ahead = apart(state, samples, aspect)
    return float(np.linalg.norm(off.cpu().numpy() * half, axis=1)[ahead.cpu().numpy()].mean())
