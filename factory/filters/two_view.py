"""Relative camera motion between frames of a clip, computed once for every specialist that needs geometry."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.filters.robust import fit_essential
from factory.geometry.camera import centred_camera
from factory.geometry.epipolar import signed_sampson_error
from factory.tracks import Tracks


@dataclass(frozen=True)
class ViewPair:
    """Two frames, their common points and the motion of the camera that most of the points agree on.

    track: int (n,), the points' indices in the Tracks. xy1, xy2: float64 (n, 2) pixels. seconds between the frames.
    rotation (3, 3) and direction (3,), unit: the second camera from the first. error_px: float64 (n,), signed Sampson
    distance, its sign tells the side of the epipolar line. tolerance_px (n,): what a static point may be off. behind:
    bool (n,), on its line, but moving against it: a static point would have to lie behind a camera.
    """

    track: np.ndarray
    xy1: np.ndarray
    xy2: np.ndarray
    seconds: float
    rotation: np.ndarray
    direction: np.ndarray
    error_px: np.ndarray
    tolerance_px: np.ndarray
    behind: np.ndarray

    @property
    def side(self) -> np.ndarray:
        """-1, 0, 1 (n,): beside its epipolar line on one side, on it, on the other side."""
        return np.sign(self.error_px) * (np.abs(self.error_px) > self.tolerance_px)

    @property
    def rigid(self) -> np.ndarray:
        """bool (n,): the points that move as a static scene would."""
        return (self.side == 0) & ~self.behind


@dataclass
class TwoView:
    """Essential matrices (five points, MSAC) between frames far enough apart for the camera to have moved.

    From each of `starts` frames, the first later frame in which the median point has moved `target` diagonals: a
    fixed step in time would lose fast points and see nothing of slow ones. Where a scene is nearly flat or far, several
    E explain the lines equally well, and some put half the scene behind the camera: of `fits` the one is taken that
    leaves most points rigid. The focal length is guessed: a field of view between the phone's and the film camera's.

    What moves on its own is lost sooner than the background (of a walker's points half live a quarter of a second), so
    on the way there, pairs are taken as soon as the median point has moved each of `steps`.

    Needs: tracks. Gives: view_pairs, list of ViewPair; view_steps, list of lists of ViewPair: those on
    the way to each of the view_pairs, shortest first, itself last; paired_share, float, the share of starts from which
    the points moved at least `least` diagonals with enough tracks left.
    """

    needs: ClassVar[tuple[str, ...]] = ("tracks",)
    gives: ClassVar[tuple[str, ...]] = ("view_pairs", "view_steps", "paired_share")

    starts: int = 12
    target: float = 0.03  # of the diagonal: 11 px of 320 x 180
    # 1 px and 4 px: the first is as short as it can be while what moves is already off by more than a static point may
    # be; measured on rendered walkers, 0.003 beats 0.005 and 0.008, and a third step adds nothing.
    steps: tuple[float, ...] = (0.003, 0.01)
    least: float = 0.008  # 3 px: below that the tracker's noise bends the geometry
    longest_s: float = 1.0
    least_tracks: int = 40
    error_px: float = 1.0  # MSAC threshold and least tolerance of a static point
    error_share: float = 0.05  # of its displacement: lens distortion and rolling shutter grow with motion
    fits: int = 4
    # Share of rigid points with which no further fit is tried: on six real clips it spares half of the fits, and
    # moving_share stays within 0.001 of what it is with all of them.
    enough: float = 0.95
    focal_guess: float = 1.0  # of the longer side; 53 degrees across

    def __call__(self, record: ClipRecord) -> ClipRecord:
        tracks: Tracks = record["tracks"]
        first = np.unique(np.linspace(0, max(tracks.frames - 2, 0), self.starts).astype(int))
        steps = list(self._steps(tracks, first))
        return record.give(
            view_pairs=[pairs[-1] for pairs in steps], view_steps=steps, paired_share=len(steps) / len(first)
        )

    def _steps(self, tracks: Tracks, first: np.ndarray) -> Iterator[list[ViewPair]]:
        matrix = centred_camera(self.focal_guess * max(tracks.width, tracks.height), tracks.width, tracks.height).matrix
        for i in first:
            later = self._far_enough(tracks, int(i))
            pairs = [self._best(tracks, int(i), j, matrix) for j in later]
            if pairs and pairs[-1] is not None:
                yield [pair for pair in pairs if pair is not None]

    def _best(self, tracks: Tracks, i: int, j: int, matrix: np.ndarray) -> ViewPair | None:
        track, xy1, xy2 = tracks.pair(i, j)
        best: ViewPair | None = None
        for seed in range(self.fits):
            essential = fit_essential(xy1, xy2, matrix, self.error_px, seed)
            if essential is None:
                continue
            found = self._pair(track, xy1, xy2, float(tracks.times_s[j] - tracks.times_s[i]), essential, matrix)
            if best is None or found.rigid.sum() > best.rigid.sum():
                best = found
            if best.rigid.mean() >= self.enough:
                break
        return best

    def _pair(
        self,
        track: np.ndarray,
        xy1: np.ndarray,
        xy2: np.ndarray,
        seconds: float,
        essential: np.ndarray,
        matrix: np.ndarray,
    ) -> ViewPair:
        tolerance_px = np.maximum(self.error_px, self.error_share * np.linalg.norm(xy2 - xy1, axis=1))
        inverse = np.linalg.inv(matrix)
        error_px = signed_sampson_error(inverse.T @ essential @ inverse, xy1, xy2)
        rotation, direction, behind = _decompose(essential, matrix, xy1, xy2, 2 * tolerance_px)
        on_line = np.abs(error_px) <= tolerance_px
        return ViewPair(track, xy1, xy2, seconds, rotation, direction, error_px, tolerance_px, behind & on_line)

    def _far_enough(self, tracks: Tracks, i: int) -> list[int]:
        """The frames after i at which the median point has moved each of `steps`, and at last the `target`, or as near
        to it as the tracks last; none when it moves less than `least`."""
        times_s = tracks.times_s
        found: list[int] = []
        waiting = [*self.steps, self.target]
        last, moved = i, 0.0
        for j in range(i + 1, len(times_s)):
            if j > i + 1 and times_s[j] - times_s[i] > self.longest_s + 1e-3:
                break
            _, xy1, xy2 = tracks.pair(i, j)
            if len(xy1) < self.least_tracks:
                break
            last, moved = j, float(np.median(np.linalg.norm(xy2 - xy1, axis=1))) / tracks.diagonal_px
            if moved > waiting[0]:
                found.append(j)
                waiting = [step for step in waiting if moved <= step]
            if not waiting:
                break
        if moved <= self.least:
            return []
        return found if found and found[-1] == last else [*found, last]


def _decompose(
    essential: np.ndarray, matrix: np.ndarray, xy1: np.ndarray, xy2: np.ndarray, tolerance_px: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the four motions of E, the one that puts the fewest points behind a camera; and those points, bool (n,).

    A point that the rotation alone explains within the tolerance is far away: its depth has no sign.
    """
    inverse = np.linalg.inv(matrix)
    rays1, rays2 = (np.column_stack([xy, np.ones(len(xy))]) @ inverse.T for xy in (xy1, xy2))
    rotation_a, rotation_b, baseline = cv2.decomposeEssentialMat(essential)
    direction, length2 = baseline.ravel(), np.einsum("ij,ij->i", rays2, rays2)
    options = []
    for rotation in (rotation_a, rotation_b):
        turned = rays1 @ rotation.T
        off_px = np.linalg.norm(turned[:, :2] / turned[:, 2:] - rays2[:, :2], axis=1) * matrix[0, 0]
        far = (off_px < tolerance_px) & (turned[:, 2] > 0)
        # depth2 * ray2 = depth1 * turned + direction; crossed with ray2, depth1 is what remains. Of the two crossed
        # vectors only products are needed, which are told by products of the vectors themselves (Lagrange).
        along, onto = np.einsum("ij,ij->i", rays2, turned), rays2 @ direction
        square = length2 * np.einsum("ij,ij->i", turned, turned) - along**2
        depth1 = (along * onto - length2 * (turned @ direction)) / np.maximum(square, 1e-12)
        for sign in (1, -1):
            depth2 = sign * (depth1 * turned[:, 2] + direction[2])
            options.append((rotation, sign * direction, ~(((sign * depth1 > 0) & (depth2 > 0)) | far)))
    return min(options, key=lambda option: int(option[2].sum()))
