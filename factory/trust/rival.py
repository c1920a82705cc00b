"""Whether another motion explains a part of the picture's border that the solution does not.

A solve of a far slope that leaves near rocks out as moving, and one of a body that moves, are both consistent in all
they look at. Asked on all tracks, whatever their label, pairs of frames then find a pose that explains border tracks
which the trajectory misses. Over the whole picture the test fails: a vehicle fits a bent epipole.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from factory.background.border import in_ring
from factory.geometry.camera import Camera, invert_rigid, unproject
from factory.geometry.epipolar import essential_matrix, sampson_error
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.pairs.pairwise import packed, refined_poses
from factory.sfm.pairs.relative import relative_pose
from factory.tracks import Tracks
from factory.trust.scale import to_720p


@dataclass(frozen=True)
class Rival:
    """What pairs of frames explain by poses of their own. border: share of the tracks at the left, right and top border
    that the pair's own pose explains and the trajectory misses, mean over pairs; None without enough tracks. near:
    float64 (M,), of each track the share of its pairs whose own pose explains it; NaN where none was asked."""

    border: float | None
    near: np.ndarray


@dataclass(frozen=True)
class _Pair:
    ids: np.ndarray
    near: np.ndarray
    missed: np.ndarray
    ring: np.ndarray


@dataclass(frozen=True)
class BorderRival:
    """provenance: a study of 18 solves, half of them wrong: right 0.000 to 0.043, wrong 0.072 to 0.64, one clip whose
    translation is wrong 0.23."""

    strides: tuple[int, ...] = (3, 6, 10, 16)
    starts: int = 4  # pairs of each stride
    least_common: int = 40
    ring_share: float = 0.15
    near_px: float = 1.5  # at 720p: explained by the pair's own pose
    far_px: float = 3.0  # at 720p: not explained by the trajectory
    # Cauchy, at 720p, and iterations: from the trajectory's own pose, not from any that the tracks allow, which would
    # be that of a car where it fills half of the picture.
    losses_px: tuple[tuple[float, int], ...] = ((2.0, 5), (1.0, 10))
    most_matches: int = 600

    def __call__(self, trajectory: Trajectory, tracks: Tracks) -> Rival:
        found = [
            self._pair(trajectory, tracks, i, j) for i, j in spread_pairs(tracks.frames, self.strides, self.starts)
        ]
        pairs = [pair for pair in found if pair is not None]
        asked, near = np.zeros(tracks.count), np.zeros(tracks.count)
        for pair in pairs:
            asked[pair.ids] += 1
            near[pair.ids] += pair.near
        shares = [float((p.near & p.missed & p.ring).sum() / p.ring.sum()) for p in pairs]
        value = np.divide(near, asked, out=np.full(tracks.count, np.nan), where=asked > 0)
        return Rival(float(np.mean(shares)) if shares else None, value)

    def _pair(self, trajectory: Trajectory, tracks: Tracks, i: int, j: int) -> _Pair | None:
        view = pair_view(trajectory, tracks, i, j)
        if view is None:
            return None
        ring = in_ring(view.xy_i, tracks.width, tracks.height, self.ring_share)
        if len(view.ids) < self.least_common or not ring.any():
            return None
        given, missed = view.cam_j_from_i, view.off_px() > self.far_px
        if np.linalg.norm(given[:3, 3]) == 0:  # a turn: any shift may be missing
            size, scale = (tracks.width, tracks.height), to_720p(tracks)
            found = relative_pose(view.xy_i, view.xy_j, view.camera, size, 2.0 / scale, 60)
            if found is None:
                return None
            given = found[0]
        return _Pair(view.ids, self._refined(given, view.rays, view.focal_px), missed, ring)

    def _refined(self, start: np.ndarray, rays: Sequence[np.ndarray], focal_px: float) -> np.ndarray:
        """Which matches the pose explains that is refined from `start` on all of them: bool (n,)."""
        shift = start[:3, 3] / np.linalg.norm(start[:3, 3])
        packs, rotation, shifts = packed([(rays[0], rays[1])], self.most_matches), start[None, :3, :3], shift[None]
        for loss_px, iterations in self.losses_px:
            rotation, shifts, _ = refined_poses(packs, rotation, shifts, loss_px / focal_px, iterations)
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = rotation[0], shifts[0]
        return off_px(pose, rays, focal_px) < self.near_px


def spread_pairs(frames: int, strides: Iterable[int], starts: int) -> Iterator[tuple[int, int]]:
    """Up to `starts` pairs of frames of each stride, spread over the clip."""
    for stride in strides:
        last = frames - 1 - stride
        if last >= 0:
            for i in np.unique(np.linspace(0, last, starts).astype(int)).tolist():
                yield i, i + stride


@dataclass(frozen=True)
class PairView:
    """What two frames share. ids: tracks, int (n,); xy_i, xy_j: float64 (n, 2); rays: of both, float64 (n, 3) with z =
    1. cam_j_from_i: of the trajectory. camera: of frame i. focal_px: of both, at 720p."""

    ids: np.ndarray
    xy_i: np.ndarray
    xy_j: np.ndarray
    rays: tuple[np.ndarray, np.ndarray]
    cam_j_from_i: np.ndarray
    camera: Camera
    focal_px: float

    def off_px(self) -> np.ndarray:
        """How far each match is from the trajectory's pose, px at 720p."""
        return off_px(self.cam_j_from_i, self.rays, self.focal_px)


def pair_view(trajectory: Trajectory, tracks: Tracks, i: int, j: int) -> PairView | None:
    """None where one of the frames is not placed."""
    if not (trajectory.registered[i] and trajectory.registered[j]):
        return None
    ids, xy_i, xy_j = tracks.pair(i, j)
    first, second = (trajectory.model.camera_at(f) for f in (i, j))
    focal_px = float(np.sqrt(first.focal_px * second.focal_px)) * to_720p(tracks)
    pose = invert_rigid(trajectory.world_from_cam[j]) @ trajectory.world_from_cam[i]
    return PairView(ids, xy_i, xy_j, (unproject(xy_i, first), unproject(xy_j, second)), pose, first, focal_px)


def off_px(pose: np.ndarray, rays: Sequence[np.ndarray], focal_px: float) -> np.ndarray:
    """Sampson distance of each match from the pose; from where the rotation takes it where there is no shift. rays: of
    both frames, float64 (n, 3) with z = 1."""
    first, second = (ray[:, :2] for ray in rays)
    if np.linalg.norm(pose[:3, 3]) == 0.0:
        goes = rays[0] @ pose[:3, :3].T
        return np.asarray(focal_px * np.linalg.norm(goes[:, :2] / np.maximum(goes[:, 2:], 1e-6) - second, axis=1))
    return focal_px * sampson_error(essential_matrix(pose), first, second)
