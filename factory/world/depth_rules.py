"""Disparities at the points of tracks, and which sightings they speak against: those on depth edges, behind jumps."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from factory.construct import Count, Positive, Share
from factory.tracks import Tracks
from factory.world.follow import SeededTracks


def disparity_at(disparity: np.ndarray, confident: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """float32 (n,) pixels at points (n, 2) between pixels, NaN where one of the four around is not confident, or is
    outside the picture. disparity: float32 (H, W). confident: bool (H, W)."""
    height, width = disparity.shape
    x, y = np.asarray(xy, np.float64).T
    inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    column = np.clip(np.floor(x), 0, width - 2).astype(int)
    row = np.clip(np.floor(y), 0, height - 2).astype(int)
    right, down = x - column, y - row
    found, known = np.zeros(len(x)), inside
    for below, beside, share in (
        (0, 0, (1 - right) * (1 - down)),
        (0, 1, right * (1 - down)),
        (1, 0, (1 - right) * down),
        (1, 1, right * down),
    ):
        value = disparity[row + below, column + beside]
        known = known & confident[row + below, column + beside] & np.isfinite(value)
        found += share * np.where(np.isfinite(value), value, 0.0)
    return np.where(known, found, np.nan).astype(np.float32)


@dataclass(frozen=True)
class Sampled:
    """What the disparity says at N sightings: disparity_px float32 (N,), NaN where it is not known; on_edge bool (N,),
    whether a depth edge is near."""

    disparity_px: np.ndarray
    on_edge: np.ndarray


@dataclass(frozen=True)
class DepthRules:
    """What ends a track, or takes a sighting away, by disparity. Defaults: measured on rendered clips, where not a
    guess."""

    # From one sighting to the next, or. A person 5 m before a VR180 camera and the wall 5 m behind differ by one pixel:
    # at 1.0 tracks were left behind on such walls. A difference of two disparities has a deviation of
    # 0.2. Two clips not looked at: mean error of what moves 6 and 28 % less, 4 % of its sightings and 0.004 cover go.
    jump_px: Positive = 0.7
    jump: Share = 0.12  # of the disparity, whichever is more: a track that slid off what it was on
    edge_px: Count = 5  # side of the square in which a depth edge counts, a difference larger than a jump; a guess
    edge_share: Share = (
        0.2  # a track with more of its sightings on edges is part on one thing, part on another; a guess
    )

    def edges(self, disparity: np.ndarray) -> np.ndarray:
        """Where the disparity, float32 (H, W) with NaN, differs by a jump within the square: bool (H, W)."""
        known, square = np.isfinite(disparity), np.ones((self.edge_px, self.edge_px), np.uint8)
        most = cv2.dilate(np.where(known, disparity, -np.inf).astype(np.float32), square)
        least = cv2.erode(np.where(known, disparity, np.inf).astype(np.float32), square)
        with np.errstate(over="ignore"):  # where nothing is known, there is no edge
            return np.asarray(most - least > np.maximum(self.jump_px, self.jump * most))

    def sampled(self, tracks: Tracks, disparities: Iterable[tuple[np.ndarray, np.ndarray]]) -> Sampled:
        """disparities: of each frame in turn, and where they are confident, see `disparity_at`; none is kept."""
        disparity_px = np.full(len(tracks.track), np.nan, np.float32)
        on_edge = np.zeros(len(tracks.track), bool)
        order = np.argsort(tracks.frame, kind="stable")
        ends = np.searchsorted(tracks.frame[order], np.arange(tracks.frames + 1))
        for number, (disparity, confident) in enumerate(disparities):
            rows = order[ends[number] : ends[number + 1]]
            xy = tracks.xy[rows]
            disparity_px[rows] = disparity_at(disparity, confident, xy)
            column, row = np.clip(xy.round().astype(int), 0, np.array(disparity.shape[::-1]) - 1).T
            on_edge[rows] = self.edges(disparity)[row, column]
        return Sampled(disparity_px, on_edge)

    def kept(self, seeded: SeededTracks, sampled: Sampled) -> np.ndarray:
        """Sightings that stay, bool (N,): with a disparity, not on an edge, not beyond a jump; none of tracks that were
        seeded on an edge, or are often on one."""
        tracks = seeded.tracks
        often = np.bincount(tracks.track, sampled.on_edge, tracks.count) > self.edge_share * tracks.lengths()
        on_seed = sampled.on_edge & (tracks.frame == seeded.seed_frame[tracks.track])
        often |= np.bincount(tracks.track, on_seed, tracks.count) > 0
        known = np.isfinite(sampled.disparity_px)
        return known & ~sampled.on_edge & ~often[tracks.track] & self.unbroken(seeded, sampled.disparity_px)

    def unbroken(self, seeded: SeededTracks, disparity_px: np.ndarray) -> np.ndarray:
        """Sightings that no jump parts from their track's seed, bool (N,). A jump is between one known disparity and
        the next; over frames without one so much more may change."""
        tracks, known = seeded.tracks, np.flatnonzero(np.isfinite(disparity_px))
        track, frame, disparity = tracks.track[known], tracks.frame[known], disparity_px[known]
        bound = np.maximum(self.jump_px, self.jump * np.maximum(disparity[1:], disparity[:-1])) * np.diff(frame)
        jumps = np.flatnonzero((np.diff(track) == 0) & (np.abs(np.diff(disparity)) > bound))
        behind = frame[jumps + 1] <= seeded.seed_frame[track[jumps]]
        before, after = jumps[behind], jumps[~behind] + 1
        first, end = np.zeros(tracks.count, np.int64), np.full(tracks.count, tracks.frames)
        np.maximum.at(first, track[before], frame[before] + 1)
        np.minimum.at(end, track[after], frame[after])
        return np.asarray((tracks.frame >= first[tracks.track]) & (tracks.frame < end[tracks.track]))
