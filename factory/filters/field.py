"""Dense motion of a few frame pairs against the background's, computed once for every specialist that sees areas."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.filters.flow import grey_flow
from factory.filters.robust import fit_essential, fit_homography
from factory.frames import Frames
from factory.geometry.camera import centred_camera
from factory.geometry.epipolar import sampson_error
from factory.models.dis import DisFlow
from factory.models.roles import Flow
from factory.tracks import Tracks

GRID_PX = 4


@dataclass(frozen=True)
class FieldPair:
    """Flow from frame i to frame j, on a grid of GRID_PX pixels of shape (h, w).

    run: pairs of one run follow each other in time, each beginning where the last one ended. flow: float32 (h, w, 2)
    pixels. valid: bool, ends in the picture, and comes back where it began. used: valid, and with texture to track.
    sampson_px: distance from the epipolar geometry of most used points. off_px: distance from where their homography
    moves the point. plane_share: of the used points, those that the homography explains. evident: the pictures show
    that the point does not move with the homography: its patch looks clearly better where the flow leads.
    """

    run: int
    i: int
    j: int
    flow: np.ndarray
    valid: np.ndarray
    used: np.ndarray
    sampson_px: np.ndarray
    off_px: np.ndarray
    plane_share: float
    evident: np.ndarray

    @property
    def length_px(self) -> np.ndarray:
        return np.linalg.norm(self.flow, axis=-1)


@dataclass
class MotionField:
    """Dense flow both ways between frames that lie about `target` diagonals of motion apart, and what of it one rigid
    scene (essential matrix) and one plane or a turn (homography) explain.

    Sky, walls and paint have flow, too, but an invented one. So a point counts as off the background's motion only on
    evidence: warped by its own flow the later frame looks like the earlier one, warped by the homography it does not.

    Needs: frames, tracks. Gives: field_pairs, list of FieldPair, `runs` times `pairs` at most; fewer where the picture
    rests or no geometry fits.
    """

    needs: ClassVar[tuple[str, ...]] = ("frames", "tracks")
    gives: ClassVar[tuple[str, ...]] = ("field_pairs",)

    runs: int = 4
    pairs: int = 6
    target: float = 0.02  # of the diagonal, 7 px of 320 x 180: small movers are off, and flow still holds
    longest_s: float = 0.34  # what rests is compared after this time
    # The bounds below were set by looking at real clips and never varied.
    back_px: float = 0.7
    back_share: float = 0.05  # of the motion
    texture: float = 2e-4  # least eigenvalue of the gradients' covariance, block 5, Sobel 3, grey 0-255
    most_points: int = 1400
    fits: int = 2
    essential_px: float = 0.7
    homography_px: float = 1.0
    evident_grey: float = 3.0  # grey levels that the homography's warp must be worse by, mean of 9 x 9
    evident_ratio: float = 1.6
    flow: Flow = field(default_factory=lambda: DisFlow("fast"))

    def __call__(self, record: ClipRecord) -> ClipRecord:
        frames: Frames = record["frames"]
        greys, chosen = frames.grey, list(self._chosen(record["tracks"]))
        found = []
        for number in sorted({run for run, _, _ in chosen}):
            ahead = [(i, j) for run, i, j in chosen if run == number]
            flows = grey_flow(self.flow, greys, [*ahead, *((j, i) for i, j in ahead)])
            there, back = flows[: len(ahead)], flows[len(ahead) :]
            pairs = [
                self._pair(number, i, j, greys[i], greys[j], one, other)
                for (i, j), one, other in zip(ahead, there, back, strict=True)
            ]
            found += [pair for pair in pairs if pair is not None]
        return record.give(field_pairs=found)

    def _chosen(self, tracks: Tracks) -> Iterator[tuple[int, int, int]]:
        """Run, first and second frame of each pair. Runs are spread over the clip and do not overlap by much."""
        last = tracks.frames - 2
        # The last run begins a good fifth before the end: it needs frames to run over.
        part = (1 - 1 / (self.runs + 0.5)) * np.arange(self.runs) / max(self.runs - 1, 1)
        starts = np.unique((last * part).astype(int))
        for run, start in enumerate(starts):
            end = starts[run + 1] + 4 if run + 1 < len(starts) else tracks.frames - 1
            i = int(start)
            for _ in range(self.pairs):
                j = self._far_enough(tracks, i)
                if j is None or j > end:
                    break
                yield run, i, j
                i = j

    def _far_enough(self, tracks: Tracks, i: int) -> int | None:
        times_s = tracks.times_s
        for j in range(i + 1, tracks.frames):
            _, first, second = tracks.pair(i, j)
            moved_px = float(np.median(np.linalg.norm(second - first, axis=1))) if len(first) else 0.0
            if moved_px > self.target * tracks.diagonal_px or times_s[j] - times_s[i] > self.longest_s - 1e-3:
                return j
        return None

    def _pair(
        self, run: int, i: int, j: int, a: np.ndarray, b: np.ndarray, there: np.ndarray, back: np.ndarray
    ) -> FieldPair | None:
        height, width = a.shape
        rows, columns = np.mgrid[GRID_PX // 2 : height : GRID_PX, GRID_PX // 2 : width : GRID_PX]
        xy1 = np.stack([columns, rows], axis=-1).astype(np.float32)
        flow = there[rows, columns]
        xy2 = xy1 + flow
        returned = cv2.remap(back, xy2[..., 0], xy2[..., 1], cv2.INTER_LINEAR)
        length_px = np.linalg.norm(flow, axis=-1)
        inside = ((xy2 >= 0) & (xy2 <= [width - 1, height - 1])).all(axis=-1)
        valid = inside & (np.linalg.norm(flow + returned, axis=-1) < self.back_px + self.back_share * length_px)
        texture = cv2.cornerMinEigenVal(a, 5, ksize=3)[rows, columns] > self.texture
        used = valid & texture
        chosen = np.flatnonzero(used)
        chosen = chosen[:: -(-len(chosen) // self.most_points)] if len(chosen) else chosen
        first, second = xy1.reshape(-1, 2).astype(float), xy2.reshape(-1, 2).astype(float)
        if len(chosen) < 30:
            return None
        matrix = centred_camera(float(max(width, height)), width, height).matrix
        essentials = [
            fit_essential(first[chosen], second[chosen], matrix, self.essential_px, seed) for seed in range(self.fits)
        ]
        inverse = np.linalg.inv(matrix)
        errors = [
            np.abs(sampson_error(inverse.T @ essential @ inverse, first, second))
            for essential in essentials
            if essential is not None
        ]
        homography = fit_homography(first[chosen], second[chosen], self.homography_px)
        if not errors or homography is None:
            return None
        sampson_px = max(errors, key=lambda error: int((error[chosen] < self.essential_px).sum())).reshape(used.shape)
        off_px = np.linalg.norm(second - cv2.perspectiveTransform(first[None], homography)[0], axis=1)
        off_px = off_px.reshape(used.shape)
        plane_share = float((off_px[used] < self.homography_px).mean())
        evident = self._evident(a, b, there, homography)[rows, columns]
        return FieldPair(run, i, j, flow, valid, used, sampson_px, off_px, plane_share, evident)

    def _evident(self, a: np.ndarray, b: np.ndarray, flow: np.ndarray, homography: np.ndarray) -> np.ndarray:
        height, width = a.shape
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        beyond = cv2.BORDER_REPLICATE
        own = cv2.remap(b, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=beyond)
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        flat = cv2.warpPerspective(b, homography, (width, height), flags=how, borderMode=beyond)
        own_error, flat_error = (cv2.blur(cv2.absdiff(a, warped).astype(np.float32), (9, 9)) for warped in (own, flat))
        evident: np.ndarray = (flat_error - own_error > self.evident_grey) & (
            flat_error > self.evident_ratio * own_error
        )
        return evident
