"""Which tracks follow one rigid motion: whole-clip votes of two-view models, refitted on their own supporters."""

from dataclasses import dataclass

import numpy as np
import pycolmap
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from factory.geometry.camera import centred_camera, unproject
from factory.geometry.epipolar import essential_matrix, sampson_error
from factory.sfm.pairs.pairwise import packed, refined_poses
from factory.tracks import Tracks


@dataclass(frozen=True)
class TrackPair:
    """The n tracks seen in two frames: ids (n,), and their rays with z = 1, float64 (n, 3), in each frame."""

    ids: np.ndarray
    rays_i: np.ndarray
    rays_j: np.ndarray


@dataclass
class RigidVote:
    """Votes on tracks by calibrated five-point models of many frame pairs.

    A track's value is the share of its pairs in which it fits the pair's model: Sampson error small and in front of
    both cameras. The focal length is a guess: labels hardly change when it is 0.7 or 1.4 times the truth (measured).
    All figures are from rendered clips with an object of 10 to 65 % of the observations, 640x360, unless noted.
    """

    strides: tuple[int, ...] = (2, 4, 8)  # short ones alone follow near objects, long ones alone lose them
    slow_strides: tuple[int, ...] = (12, 16, 24)  # where the others do not move enough
    enough_pairs: int = 12  # guess
    most_starts: int = 30  # pairs of one stride: bounds the cost of long clips; 30 leaves six real clips as right as 40
    least_common: int = 30  # tracks
    least_motion_px: float = 4.0  # median over a pair's tracks
    focal_share: float = 1.0  # of the longer side
    sampson_px: tuple[float, float] = (1.2, 2.5)  # least and most tolerance; between them `spread` medians of the
    spread: float = 3.0  # supporters' errors: lens distortion and a wrong focal make real clips fit worse
    trials: int = 60  # 60 to 300 gave the same labels there; ambiguous real clips move by a few %
    sample: int = 250  # matches a model is estimated from; 250 gave the inliers of all, at half the time
    background_value: float = 0.7
    neighbours: int = 6
    neighbour_px: float = 45.0  # of a frame 640 wide; scaled with the longer side
    neighbour_weight: float = 0.4

    def pairs(self, tracks: Tracks) -> list[TrackPair]:
        """Frame pairs that move enough, short strides first; slow clips get longer strides."""
        found = self._pairs(tracks, self.strides)
        if len(found) < self.enough_pairs:
            found += self._pairs(tracks, self.slow_strides)
        return found

    def _pairs(self, tracks: Tracks, strides: tuple[int, ...]) -> list[TrackPair]:
        camera = centred_camera(self.focal_px(tracks), tracks.width, tracks.height)
        found = []
        for stride in strides:
            starts = np.arange(max(0, tracks.frames - stride))
            if len(starts) > self.most_starts:
                starts = np.unique(np.linspace(0, starts[-1], self.most_starts).astype(int))
            for i in starts.tolist():
                ids, xy_i, xy_j = tracks.pair(i, i + stride)
                if len(ids) < self.least_common:
                    continue
                if np.median(np.linalg.norm(xy_j - xy_i, axis=1)) < self.least_motion_px:
                    continue
                found.append(TrackPair(ids, unproject(xy_i, camera), unproject(xy_j, camera)))
        return found

    def focal_px(self, tracks: Tracks) -> float:
        return self.focal_share * max(tracks.width, tracks.height)

    def neighbourhood(self, tracks: Tracks) -> csr_matrix:
        """(M, M) weights: how near each track's nearest neighbours are to it in the image, averaged over frames."""
        reach_px = self.neighbour_px * max(tracks.width, tracks.height) / 640
        rows, columns, weights = [], [], []
        for frame in range(tracks.frames):
            ids, xy = tracks.at(frame)
            count = min(self.neighbours + 1, len(ids))
            if count < 2:
                continue
            distance, nearest = cKDTree(xy).query(xy, k=count)
            rows.append(np.repeat(ids, count - 1))
            columns.append(ids[nearest[:, 1:]].ravel())
            weights.append(np.exp(-0.5 * (distance[:, 1:] / reach_px) ** 2).ravel())
        if not rows:
            return csr_matrix((tracks.count, tracks.count))
        at = (np.concatenate(rows), np.concatenate(columns))
        return csr_matrix((np.concatenate(weights), at), shape=(tracks.count, tracks.count))

    def refit(
        self, pairs: list[TrackPair], neighbourhood: csr_matrix, start: np.ndarray, rounds: int, focal_px: float
    ) -> np.ndarray:
        """The value of every track, float64 (M,) in [0, 1], NaN without a pair, after `rounds` rounds.

        start: bool (M,), the tracks the first models are estimated from; later ones use the tracks that agreed.
        """
        use = start
        values = np.full(len(start), np.nan)
        poses: dict[int, np.ndarray] = {}
        for turn in range(rounds):
            poses = self._poses(pairs, use, focal_px, turn, poses)
            values = self._blended(self._votes(pairs, use, focal_px, poses), neighbourhood)
            use = values >= self.background_value
        return values

    def _poses(
        self, pairs: list[TrackPair], use: np.ndarray, focal_px: float, turn: int, before: dict[int, np.ndarray]
    ) -> dict[int, np.ndarray]:
        """cam_j from cam_i (3, 4) of the pairs that enough tracks in `use` are seen in, by number.

        A pose of the round before is refined; where it does not suit most of the tracks that now count, the pair had
        followed another motion, and is asked anew.
        """
        chosen, matches = [], []
        for number, pair in enumerate(pairs):
            support = np.flatnonzero(use[pair.ids])
            if len(support) < self.least_common // 2:
                continue
            rows = np.random.default_rng((turn, number)).permutation(support)[: self.sample]
            chosen.append(number)
            matches.append((pair.rays_i[rows], pair.rays_j[rows]))
        found: dict[int, np.ndarray] = {}
        known = [k for k, number in enumerate(chosen) if number in before]
        if known:
            rays = packed([matches[k] for k in known], self.sample)
            start = np.stack([before[chosen[k]] for k in known])
            rotation, shift, error = refined_poses(rays, start[:, :, :3], start[:, :, 3], 1.0 / focal_px)
            typical = np.nanmedian(np.where(rays.weight > 0, error, np.nan), axis=1) * focal_px
            for k, R, t, error_px in zip(known, rotation, shift, typical, strict=True):
                if error_px < self.sampson_px[0]:
                    found[chosen[k]] = np.column_stack([R, t])
        for number, (rays_i, rays_j) in zip(chosen, matches, strict=True):
            if number not in found:
                pose = five_point_pose(rays_i[:, :2] * focal_px, rays_j[:, :2] * focal_px, focal_px, self.trials)
                if pose is not None:
                    found[number] = pose
        return found

    def _votes(
        self, pairs: list[TrackPair], use: np.ndarray, focal_px: float, poses: dict[int, np.ndarray]
    ) -> np.ndarray:
        agreed, asked = np.zeros(len(use)), np.zeros(len(use))
        for number, pose in poses.items():
            pair = pairs[number]
            support = np.flatnonzero(use[pair.ids])
            asked[pair.ids] += 1
            error = essential_error(pose, pair.rays_i, pair.rays_j)
            tolerance = np.clip(self.spread * np.median(error[support]), *np.array(self.sampson_px) / focal_px)
            agreed[pair.ids] += (error < tolerance) & in_front(pose, pair.rays_i, pair.rays_j, tolerance)
        return np.divide(agreed, asked, out=np.full(len(use), np.nan), where=asked > 0)

    def _blended(self, values: np.ndarray, neighbourhood: csr_matrix) -> np.ndarray:
        """Values mixed with those of the neighbours in the image; a track without a value takes the neighbours'."""
        known = ~np.isnan(values)
        own = np.where(known, values, 0.0)
        weight = neighbourhood @ known.astype(float)
        around = np.divide(neighbourhood @ own, weight, out=np.full(len(own), np.nan), where=weight > 1e-6)
        mixed = (1 - self.neighbour_weight) * own + self.neighbour_weight * around
        return np.where(known, np.where(np.isnan(around), own, mixed), around)


def five_point_pose(xy_i: np.ndarray, xy_j: np.ndarray, focal_px: float, trials: int = 100) -> np.ndarray | None:
    """cam_j from cam_i, float64 (3, 4), of matches (n, 2) in pixels from the picture's middle; None when none is found.

    LO-RANSAC over five-point models (Nister, PAMI 2004), inliers within 1 px.
    """
    options = pycolmap.RANSACOptions(
        max_error=1.0, min_num_trials=min(60, trials), max_num_trials=trials, random_seed=0
    )
    camera = pycolmap.Camera(model="SIMPLE_PINHOLE", width=1, height=1, params=[focal_px, 0.0, 0.0])
    result = pycolmap.estimate_relative_pose(camera, xy_i, camera, xy_j, options)
    return None if result is None else np.asarray(result["cam2_from_cam1"].matrix())


def essential_error(pose: np.ndarray, rays_i: np.ndarray, rays_j: np.ndarray) -> np.ndarray:
    """Sampson error, float64 (n,), in the plane z = 1, of rays (n, 3) under cam_j from cam_i (3, 4)."""
    return sampson_error(essential_matrix(pose), rays_i[:, :2], rays_j[:, :2])


def in_front(pose: np.ndarray, rays_i: np.ndarray, rays_j: np.ndarray, tolerance: float) -> np.ndarray:
    """Matches whose point is in front of both cameras, or whose rays are parallel within the tolerance: bool (n,)."""
    depth_i, depth_j, sine = depths(pose, rays_i, rays_j)
    return (sine < tolerance) | ((depth_i > 0) & (depth_j > 0))


def depths(pose: np.ndarray, rays_i: np.ndarray, rays_j: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Depths in both cameras of the point nearest to two rays, and the sine of the angle between them, each (n,)."""
    turned, shift = rays_i @ pose[:, :3].T, pose[:, 3]
    cross = np.cross(turned, rays_j)
    square = np.maximum(np.sum(cross**2, axis=1), 1e-18)
    # depth_i * turned + shift = depth_j * ray_j: crossed with one ray, then projected on the normal of both.
    depth_i = np.sum(np.cross(rays_j, shift[None]) * cross, axis=1) / square
    depth_j = np.sum(np.cross(turned, shift[None]) * cross, axis=1) / square
    sine = np.sqrt(square) / (np.linalg.norm(turned, axis=1) * np.linalg.norm(rays_j, axis=1))
    return depth_i, depth_j, sine
