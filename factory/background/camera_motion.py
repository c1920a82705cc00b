"""What the camera does, before any poses: stands still, only turns, or moves with parallax.

Structure from motion invents a path for a camera that has none (up to 11 m on a rendered pan), so this comes first.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from factory.background.border import in_ring
from factory.background.choose import Background
from factory.background.votes import five_point_pose
from factory.geometry.turning import Matches, rotation_residual, turning_focal
from factory.sfm.pairs.pairwise import packed, refined_poses
from factory.sfm.pairs.relative import MOST_MATCHES
from factory.tracks import Tracks

Verdict = Literal["still", "rotation", "parallax", "unknown"]


@dataclass(frozen=True)
class CameraMotion:
    """The verdict and its numbers; None where a number was not reached.

    still_share: share of the border that does not move. rotation_residual_px, epipolar_residual_px: medians over the
    same matches, of the best rotation and of the best relative pose. parallax_ratio: the first by the second; noise
    alone gives about 2. focal_px: with which rotations explain most, where they nearly do. reason: why the verdict is
    unknown.
    """

    verdict: Verdict
    still_share: float | None = None
    rotation_residual_px: float | None = None
    epipolar_residual_px: float | None = None
    parallax_ratio: float | None = None
    focal_px: float | None = None
    reason: str | None = None


@dataclass
class JudgeMotion:
    """Still by the border, then rotation-only against epipolar residuals on the background.

    Bounds were set on 12 rendered and real clips, 640 wide: still cameras 0.73-1.00 of the border against 0.07 at most;
    rotations 0.15-0.32 px and a ratio of 1.9-2.7 against 6.7 for a path of 15 cm at 4 m and 32-51 for ordinary ones.
    """

    still_steps: int = 8  # samples, 0.67 s at 12 fps
    still_px: float = 0.5
    sway_steps: int = 24  # 2 s: a mast in the wind sways by up to 1.5 px, but comes back (one real clip)
    sway_px: float = 1.5
    still_least: float = 0.5
    cell_px: float = 40.0
    # Of a cell's tracks, the share that must last for those that rest to speak for it: where the picture moves fast,
    # what lasts is noise or an overlay. And the tracks from which on a cell where none lasts counts as moving. Guesses.
    least_lasting: float = 0.5
    cell_tracks: int = 3
    ring_share: float = 0.15
    strides: tuple[int, ...] = (8, 12, 16, 20)
    short_strides: tuple[int, ...] = (3, 5, 8)
    starts: int = 5  # pairs of one stride
    least_pairs: int = 4  # guess
    least_common: int = 30
    rotation_px: float = 1.0
    rotation_ratio: float = 4.0

    def still_share(self, tracks: Tracks) -> float | None:
        """Share of the occupied left, right and top border that rests, median over start frames; None without tracks.

        On all tracks: only the border is asked, for a moving object may hold the rest. Resting is either moving less
        than `still_px` over a short while or, where the clip is long enough, less than `sway_px` over a long one.
        """
        shares = [self._resting(tracks, min(self.still_steps, tracks.frames - 1), self.still_px)]
        if tracks.frames > self.sway_steps:
            shares.append(self._resting(tracks, self.sway_steps, self.sway_px))
        return max((share for share in shares if share is not None), default=None)

    def __call__(self, tracks: Tracks, background: Background) -> CameraMotion:
        still = self.still_share(tracks)
        if still is not None and still > self.still_least:
            return CameraMotion("still", still)
        pairs = self._pairs(tracks.select(background.is_background))
        if len(pairs) < self.least_pairs:
            return CameraMotion(
                "unknown", still, reason="too few background tracks last long enough to test for parallax"
            )
        side_px = float(max(tracks.width, tracks.height))
        focal_px, rotations = turning_focal(pairs, side_px)
        turning = [np.median(rotation_residual(m, focal_px, r)) for m, r in zip(pairs, rotations, strict=True)]
        rotation_px = float(np.median(turning))
        # The focal that suits rotations may be far off where there is parallax: the better of it and a plain guess.
        epipolar_px = _epipolar_residual(pairs, (focal_px, side_px))
        ratio = rotation_px / max(epipolar_px, 1e-3)
        turns = rotation_px < self.rotation_px and ratio < self.rotation_ratio
        nearly = focal_px if rotation_px < self.rotation_px else None
        verdict: Verdict = "rotation" if turns else "parallax"
        return CameraMotion(verdict, still, rotation_px, epipolar_px, ratio, nearly)

    def _resting(self, tracks: Tracks, step: int, most_px: float) -> float | None:
        """Share of the border's cells, each counted once, whose tracks move less than `most_px` over `step` samples."""
        shares = []
        for i in range(tracks.frames - step) if step > 0 else ():
            ids, at = tracks.at(i)
            ring = in_ring(at, tracks.width, tracks.height, self.ring_share)
            ids, at = ids[ring], at[ring]
            if not len(ids):
                continue
            there_ids, there = tracks.at(i + step)
            place = np.searchsorted(there_ids, ids)
            lasts = np.isin(ids, there_ids)
            rests = np.zeros(len(ids), bool)
            rests[lasts] = np.linalg.norm(there[place[lasts]] - at[lasts], axis=1) < most_px
            cell = np.floor(at / self.cell_px).astype(np.int64)
            _, which = np.unique(cell[:, 0] * 10_000 + cell[:, 1], return_inverse=True)
            which = which.reshape(-1)
            resting, lasting, every = (np.bincount(which, w) for w in (rests, lasts, np.ones(len(ids))))
            heard = np.maximum(lasting, self.least_lasting * every)
            if lasting.any():
                told = (lasting > 0) | (every >= self.cell_tracks)
                shares.append(float(np.mean(resting[told] / np.maximum(heard[told], 1e-9))))
        return float(np.median(shares)) if shares else None

    def _pairs(self, tracks: Tracks) -> list[Matches]:
        found = self._matches(tracks, self.strides)
        return found if len(found) >= self.least_pairs else found + self._matches(tracks, self.short_strides)

    def _matches(self, tracks: Tracks, strides: tuple[int, ...]) -> list[Matches]:
        middle = np.array([tracks.width - 1, tracks.height - 1]) / 2
        found = []
        for stride in strides:
            last = tracks.frames - 1 - stride
            for i in np.unique(np.linspace(0, last, self.starts).astype(int)).tolist() if last >= 0 else []:
                ids, xy_i, xy_j = tracks.pair(i, i + stride)
                if len(ids) >= self.least_common:
                    found.append(Matches(xy_i - middle, xy_j - middle))
        return found


def _epipolar_residual(pairs: list[Matches], focals_px: tuple[float, ...]) -> float:
    """The least, over focal lengths, of the median over pairs of the median Sampson error, pixels, of the pair's pose.

    RANSAC finds each pose under the first focal length, where it is then refined, as under the others.
    """
    found = [(pair, five_point_pose(pair.xy_i, pair.xy_j, focals_px[0])) for pair in pairs]
    known = [(pair, pose) for pair, pose in found if pose is not None]
    if not known:
        return float("inf")
    poses = np.stack([pose for _, pose in known])
    medians = []
    for focal_px in focals_px:
        rays = packed([(_rays(pair.xy_i, focal_px), _rays(pair.xy_j, focal_px)) for pair, _ in known], MOST_MATCHES)
        _, _, error = refined_poses(rays, poses[:, :, :3], poses[:, :, 3], 1.0 / focal_px, iterations=8)
        each = np.nanmedian(np.where(rays.weight > 0, error, np.nan), axis=1)
        medians.append(float(np.median(each)) * focal_px)
    return min(medians)


def _rays(xy: np.ndarray, focal_px: float) -> np.ndarray:
    """Rays with z = 1, (n, 3)."""
    return np.column_stack([xy / focal_px, np.ones(len(xy))])
