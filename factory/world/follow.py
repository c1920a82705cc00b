"""Points of the rectified left picture, followed both ways in time from where they were seeded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from scipy.spatial import cKDTree

from factory.construct import Count, NotNegative, Positive, Share
from factory.models.dis import DisFlow
from factory.models.lk import searched
from factory.patches import likeness, patches
from factory.tracks import Tracks, tracks_from

CORNER_PX = 5  # side of the square that texture is looked for in


@dataclass(frozen=True)
class SeededTracks:
    """tracks: of M points. seed_frame: int32 (M,), where each was seeded; it is seen there, and without a gap from its
    first to its last frame."""

    tracks: Tracks
    seed_frame: np.ndarray


@dataclass(frozen=True)
class Follow:
    """Seeds on a jittered grid wherever there is texture and no track yet, as Stereo4D places them (Jin et al., CVPR
    2025), followed by Lucas-Kanade from the start that dense flow gives.

    A track ends where the way back does not lead back, or where what it shows is not like what it was seeded on any
    more: most that drift from one surface to another are caught by that.
    """

    # Of the true points of two rendered clips (640x360, 448 px a radian) 0.77 and 0.83 have a track within 0.4 degrees;
    # seeded every 6 frames 0.75 and 0.81; at 4 px, every 12 frames and a quarter more points 0.68 and 0.77. Pictures of
    # few pixels a radian want a finer grid, see the world phase's stages.
    stride_px: Positive = 5.0
    # Of the grid: in pictures that would have more it is as much wider, so that what a frame costs has an end. A VR180
    # view of 163 px a radian has 21,000.
    most_cells: Count = 30_000
    every_frames: Count = 4  # the paper's is 10
    apart_px: NotNegative = 3.0  # of a seed from any track; the paper's 1 px leaves few seeds out: tracks pile up
    texture: NotNegative = 1e-4  # smaller eigenvalue of the gradient's moments (OpenCV's unit); grey levels, a guess
    patch_px: Count = 9
    # Of a patch with the seed's. Without it nine in ten moving points are 10 px off or less, at 0.6 1.6 (rendered
    # walker). Mean errors of what moves, as shares of those without any rule, of two VR180 clips and a pair: 0.60, 0.18
    # and 0.21 at 0.6; 0.60, 0.17, 0.14 at 0.7; 0.59, 0.16, 0.08 at 0.8, where up to a fifth of the moving sightings go;
    # from 0.75 on less than 0.6 of another VR180 clip's points are covered.
    correlation: Share = 0.7
    window_px: Count = 13  # nine in ten moving points are 1.4 px off or less; at 17 px 1.6 (rendered walker)
    return_px: Positive = 0.7  # as of the sparse tracker
    flow: DisFlow = field(default_factory=lambda: DisFlow("fast"))

    def __call__(self, left: Sequence[np.ndarray], times_s: np.ndarray, frame_index: np.ndarray) -> SeededTracks:
        """left: uint8 (H, W) grey, one a frame. times_s: float64 (F,) seconds, frame_index: int64 (F,), in the source.
        Equal pictures give equal tracks."""
        seeds: Seeds = {}
        ways = (self._forwards(left, seeds), self._backwards(left, seeds))
        seen = [(number, live.ids, live.xy) for way in ways for number, live in way]  # not what they were seeded on
        frames = np.repeat(np.array([number for number, _, _ in seen], np.int32), [len(ids) for _, ids, _ in seen])
        ids, xy = (np.concatenate(each) for each in list(zip(*seen, strict=True))[1:])
        del seen  # a tenth of all memory
        height, width = left[0].shape
        tracks = tracks_from(ids, frames, xy, times_s, frame_index, (width, height))
        born = np.concatenate([np.full(len(points.ids), number) for number, points in seeds.items()])
        return SeededTracks(tracks, born[np.bincount(ids, minlength=len(born)) >= 2].astype(np.int32))

    def _forwards(self, left: Sequence[np.ndarray], seeds: "Seeds") -> "Iterator[tuple[int, _Points]]":
        """What is seen in each frame; also fills in what was seeded in which."""
        random, born = np.random.default_rng(0), 0
        live = _Points.none(self.patch_px)
        for number, picture in enumerate(left):
            if number:
                live = self._advanced(left[number - 1], picture, live)
            if number % self.every_frames == 0 or number == len(left) - 1:
                xy = self._seeds(picture, live.xy, random)
                numbers = np.arange(born, born + len(xy), dtype=np.int32)
                seeds[number] = _Points(xy, numbers, patches(picture, xy, self.patch_px))
                born += len(xy)
                live = live.with_more(seeds[number])
            yield number, live

    def _backwards(self, left: Sequence[np.ndarray], seeds: "Seeds") -> "Iterator[tuple[int, _Points]]":
        live = _Points.none(self.patch_px)
        for number in range(len(left) - 1, 0, -1):
            if number in seeds:
                live = live.with_more(seeds[number])
            live = self._advanced(left[number], left[number - 1], live)
            yield number - 1, live

    def _advanced(self, before: np.ndarray, after: np.ndarray, live: "_Points") -> "_Points":
        if not len(live.ids):
            return live
        flow = self.flow.flow(before, after)
        at = np.clip(live.xy.round().astype(int), 0, np.array(before.shape[::-1]) - 1)
        start = live.xy + flow[at[:, 1], at[:, 0]]
        there, alive = searched(before, after, live.xy, start, self.window_px, 1, self.return_px)
        alive[alive] = likeness(patches(after, there[alive], self.patch_px), live.patches[alive]) >= self.correlation
        return _Points(there[alive], live.ids[alive], live.patches[alive])

    def _seeds(self, picture: np.ndarray, taken: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """float32 (n, 2)."""
        height, width = picture.shape
        wider = max(1.0, np.sqrt(width * height / self.most_cells) / self.stride_px)
        stride_px, apart_px = wider * self.stride_px, wider * self.apart_px
        columns, rows = int(width // stride_px), int(height // stride_px)
        cells = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2)
        xy = ((cells + random.random(cells.shape)) * stride_px - 0.5).astype(np.float32)
        margin = self.patch_px // 2
        xy = xy[np.all((xy >= margin) & (xy <= np.array([width, height]) - 1 - margin), axis=1)]
        at = xy.round().astype(int)
        xy = xy[cv2.cornerMinEigenVal(picture, CORNER_PX)[at[:, 1], at[:, 0]] >= self.texture]
        if len(taken) and len(xy):
            xy = xy[cKDTree(taken).query(xy, distance_upper_bound=apart_px)[0] >= apart_px]
        return xy


def dense() -> Follow:
    """As dense as the paper: a grid of 4 px every 10 frames; only what is within 1 px of a track is left out."""
    return Follow(stride_px=4.0, every_frames=10, apart_px=1.0)


@dataclass(frozen=True)
class _Points:
    """xy: float32 (n, 2). ids: int32 (n,). patches: float32 (n, side^2), what each was seeded on."""

    xy: np.ndarray
    ids: np.ndarray
    patches: np.ndarray

    @classmethod
    def none(cls, side_px: int) -> "_Points":
        return cls(np.zeros((0, 2), np.float32), np.zeros(0, np.int32), np.zeros((0, side_px**2), np.float32))

    def with_more(self, more: "_Points") -> "_Points":
        names = ("xy", "ids", "patches")
        return _Points(*[np.concatenate([getattr(self, name), getattr(more, name)]) for name in names])


Seeds = dict[int, _Points]  # by frame
