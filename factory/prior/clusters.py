"""Objects without a language model: tracks in the motion mask that keep their distances, and the pixels next to them.

Right for things that move apart from each other (two cars 1.0 and 1.0 of precision and recall, a person 0.92); people
who pass each other become one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from factory.construct import Count, Positive, Share
from factory.masks.inside import inside
from factory.masks.motion import DynamicMasks
from factory.prior.merge import box_overlap, merged
from factory.tracks import Tracks

PAIRS_AT_ONCE = 4096


@dataclass(frozen=True)
class RigidClusters:
    """Joins moving tracks that are near each other and go together, all numbers from a study of six rendered clips."""

    least_inside: Share = 0.5  # of a track's observations in the mask
    least_length: Count = 4  # frames
    nearest: Count = 8
    reach: Share = 0.12  # of the picture's width
    step: Count = 3  # frames, over which two tracks are compared
    apart_px: Positive = 1.0  # by so much may the way from one to the other change over a step, at a width of 320,
    apart_share: Positive = 0.06  # and by this share of the way and of what both move
    least_tracks: Count = 6
    least_share: Share = 0.04  # of all moving observations
    limb_share: Share = 0.5  # of the smaller box, that lies in the other's,
    limb_frames: Share = 0.3  # in so many of the frames both are seen in: limbs of one body

    def __call__(self, tracks: Tracks, masks: DynamicMasks) -> np.ndarray:
        """bool (O, F, h, w): the pixels of each object, those with the most observations first; none overlap."""
        moving = (inside(tracks, masks) > self.least_inside) & (tracks.lengths() >= self.least_length)
        some = tracks.select(moving)
        if not some.count:
            return np.zeros((0, *masks.masks.shape), bool)
        body = self._bodies(some)
        found = self._pixels(some, body, masks.masks)
        found = merged(found, lambda one, other: box_overlap(one, other, self.limb_share) >= self.limb_frames)
        return found[np.argsort(-found.sum(axis=(1, 2, 3)), kind="stable")]

    def _bodies(self, tracks: Tracks) -> np.ndarray:
        """The object of each track, int (M,); -1: of none."""
        ends = [(one, other) for one, other, together in self._compared(tracks) if together]
        at = tuple(np.array(ends, int).reshape(-1, 2).T)
        links = csr_matrix((np.ones(len(ends)), at), shape=(tracks.count, tracks.count))
        _, body = connected_components(links, directed=False)
        lengths = tracks.lengths()
        seen, count = np.bincount(body, lengths), np.bincount(body)
        large = (count >= self.least_tracks) & (seen >= self.least_share * lengths.sum())
        number = np.cumsum(large) - 1
        return np.where(large, number, -1)[body]

    def _compared(self, tracks: Tracks) -> Iterator[tuple[int, int, bool]]:
        """Neighbouring tracks, and whether they go together."""
        xy = np.full((tracks.count, tracks.frames, 2), np.nan, np.float32)
        xy[tracks.track, tracks.frame] = tracks.xy * (320.0 / tracks.width)
        pairs = self._neighbours(tracks)
        for begin in range(0, len(pairs), PAIRS_AT_ONCE):
            some = pairs[begin : begin + PAIRS_AT_ONCE]
            way = xy[some[:, 1]] - xy[some[:, 0]]
            moved = xy[:, self.step :] - xy[:, : -self.step]
            changed = np.linalg.norm(way[:, self.step :] - way[:, : -self.step], axis=2)
            both = np.linalg.norm(way[:, : -self.step], axis=2)
            both = both + (np.linalg.norm(moved[some[:, 0]], axis=2) + np.linalg.norm(moved[some[:, 1]], axis=2)) / 2
            left = changed - self.apart_px - self.apart_share * both
            known = np.isfinite(left).sum(axis=1)
            left = np.sort(left, axis=1)  # NaN last
            middle = (
                left[np.arange(len(left)), np.maximum(known - 1, 0) // 2] if left.shape[1] else np.full(len(some), 1)
            )
            yield from zip(some[:, 0].tolist(), some[:, 1].tolist(), ((known > 0) & (middle < 0)).tolist(), strict=True)

    def _neighbours(self, tracks: Tracks) -> np.ndarray:
        """Pairs of tracks that are among each other's nearest in some frame: int (P, 2)."""
        keys = []
        for frame in range(tracks.frames):
            ids, xy = tracks.at(frame)
            if len(ids) < 2:
                continue
            far, at = cKDTree(xy).query(xy, k=min(self.nearest + 1, len(ids)))
            near = (far[:, 1:] <= self.reach * tracks.width).ravel()
            one, other = np.repeat(ids, at.shape[1] - 1)[near].astype(np.int64), ids[at[:, 1:].ravel()][near]
            asked, answered = one * tracks.count + other, other * tracks.count + one
            keys.append(asked[np.isin(asked, answered) & (one < other)])
        key = np.unique(np.concatenate([np.zeros(0, np.int64), *keys]))
        return np.stack([key // tracks.count, key % tracks.count], axis=1)

    def _pixels(self, tracks: Tracks, body: np.ndarray, masks: np.ndarray) -> np.ndarray:
        """Each pixel of the masks to the object of the nearest track in its frame: bool (O, F, h, w)."""
        frames, height, width = masks.shape
        found = np.zeros((body.max() + 1, frames, height, width), bool)
        scale = np.array([width / tracks.width, height / tracks.height])
        for frame in range(frames):
            ids, xy = tracks.at(frame)
            known = body[ids] >= 0
            y, x = np.nonzero(masks[frame])
            if known.any() and len(y):
                _, nearest = cKDTree((xy[known] + 0.5) * scale - 0.5).query(np.column_stack([x, y]))
                found[body[ids[known]][nearest], frame, y, x] = True
        return found
