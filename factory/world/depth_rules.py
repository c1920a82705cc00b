"""Disparities at the points of tracks, and which sightings they speak against: drift over depth edges, jumps."""

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
class DepthRules:
    """What ends a track, or takes a sighting away, by disparity; see `followed_depth`."""

    jump_px: Positive = 1.0  # from one sighting to the next, or
    jump: Share = 0.12  # of the disparity, whichever is more: a track that slid off what it was on
    edge_px: Count = 5  # side of the square in which a depth edge counts; a guess
    edge: Share = 0.12  # of the disparity, and `jump_px` at least: what a difference in the square is an edge
    edge_share: Share = 0.2  # a track with so many of its sightings on edges, or its seed, is part on one thing, part on
    # another, and goes

    def edges(self, disparity: np.ndarray) -> np.ndarray:
        """Where the disparity, float32 (H, W) with NaN, differs by a depth edge within the square: bool (H, W)."""
        known, square = np.isfinite(disparity), np.ones((self.edge_px, self.edge_px), np.uint8)
        most = cv2.dilate(np.where(known, disparity, -np.inf).astype(np.float32), square)
        least = cv2.erode(np.where(known, disparity, np.inf).astype(np.float32), square)
        return np.asarray(most - least > np.maximum(self.jump_px, self.edge * most))

    def unbroken(self, tracks: Tracks, seed_frame: np.ndarray, disparity_px: np.ndarray) -> np.ndarray:
        """Sightings that no jump parts from their track's seed, bool (N,): between one known disparity and the next,
        away from the seed, there is none. disparity_px: (N,), NaN where it is not known."""
        keep = np.ones(len(tracks.track), bool)
        known = np.flatnonzero(np.isfinite(disparity_px))
        d, track, frame = disparity_px[known], tracks.track[known], tracks.frame[known]
        same = track[1:] == track[:-1]
        bound = np.maximum(self.jump_px, self.jump * np.maximum(d[1:], d[:-1])) * np.diff(frame)
        jumps = np.flatnonzero(same & (np.abs(np.diff(d)) > bound))
        seed = seed_frame[tracks.track]
        first, last = np.full(tracks.count, -1), np.full(tracks.count, tracks.frames)
        # Behind the seed the last jump before it counts, ahead of it the first.
        behind = jumps[frame[jumps + 1] <= seed_frame[track[jumps]]]
        np.maximum.at(first, track[behind], frame[behind])
        ahead = jumps[frame[jumps + 1] > seed_frame[track[jumps]]]
        np.minimum.at(last, track[ahead], frame[ahead + 1])
        del seed
        keep &= (tracks.frame > first[tracks.track]) & (tracks.frame < last[tracks.track])
        return keep
